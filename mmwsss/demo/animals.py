"""Four-legged figures that share bodies and coats; only the head tells the class for sure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .shapes import Colour, Layer, curve, ellipse, limb, rotation, smooth, tube

COATS: tuple[Colour, ...] = (
    (0.60, 0.38, 0.22),  # the deer's
    (0.52, 0.52, 0.53),  # the elephant's
    (0.74, 0.56, 0.34),  # the lion's
    (0.82, 0.77, 0.68),  # the ram's
    (0.50, 0.33, 0.20),
    (0.30, 0.22, 0.18),
    (0.38, 0.38, 0.42),
)
TYPICAL = 0.4  # how often a figure has its kind's colour; else any, which may be the same
HORN: Colour = (0.80, 0.72, 0.56)
DARK: Colour = (0.08, 0.07, 0.07)


def _dim(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(1.0, c * factor) for c in colour)
    return red, green, blue


def _leg(x: float, top: float, swing: float, width: float) -> tuple[np.ndarray, ...]:
    foot = x + swing
    knee = x + 0.7 * swing + 0.02
    return limb([(x, top), (knee, top * 0.5), (foot, -0.02)], [width * 1.5, width, width * 0.8])


def _body(rng: np.random.RandomState, coat: Colour, patches: Colour | None) -> list[Layer]:
    """Return the layers of legs, tail and trunk, which are alike for every class."""
    leg, width = rng.uniform(0.34, 0.46), rng.uniform(0.075, 0.10)
    swing = rng.uniform(-0.09, 0.09, 4)
    depth = rng.uniform(0.15, 0.19)
    mid = -leg - depth * 0.8
    far = (*_leg(-0.30, mid, swing[0], width), *_leg(0.28, mid, swing[1], width))
    near = (*_leg(-0.38, mid, swing[2], width), *_leg(0.36, mid, swing[3], width))
    back = rng.uniform(-0.03, 0.03)
    outline = [
        (-0.50, mid - 0.6 * depth), (-0.30, mid - 1.1 * depth), (0.0, mid - depth + back),
        (0.30, mid - 1.15 * depth), (0.50, mid - 0.9 * depth), (0.50, mid + 0.5 * depth),
        (0.30, mid + 1.0 * depth), (0.0, mid + 1.15 * depth), (-0.35, mid + 0.9 * depth),
        (-0.52, mid + 0.4 * depth),
    ]  # fmt: skip
    tail = limb(
        [(-0.46, mid - 0.6 * depth), (-0.62, mid - 0.3 * depth), (-0.58, mid + 0.17)],
        [0.05, 0.03, 0.02],
    )
    return [
        Layer(far, _dim(coat, 0.62), 0.04),
        Layer(tail, _dim(coat, 0.8), 0.02),
        Layer((smooth(outline), *near), coat, 0.16, patches),
    ]


def _deer_head(rng: np.random.RandomState, coat: Colour) -> list[Layer]:
    antlers: list[np.ndarray] = []
    spread = rng.uniform(0.85, 1.1)
    for shift in (-0.07, 0.03):
        beam = [(shift, -0.10), (shift - 0.30 * spread, -0.30), (shift - 0.08, -0.56 * spread)]
        antlers += limb(beam, [0.05, 0.04, 0.02])
        for root, length in zip(curve(beam, 11)[[3, 6, 8]], (0.20, 0.20, 0.13)):
            tip = root + np.array([0.85, -0.45]) * length * spread
            antlers += limb([root, (root[0] + 0.7 * length, root[1]), tip], [0.035, 0.015])
    face = smooth([(-0.13, -0.08), (0.02, -0.14), (0.14, -0.06), (0.31, 0.07), (0.31, 0.15),
                   (0.22, 0.17), (0.04, 0.11), (-0.11, 0.10)])  # fmt: skip
    return [
        Layer(tuple(antlers), HORN, 0.02),
        Layer((ellipse(-0.14, -0.12, 0.12, 0.05, 25),), _dim(coat, 0.8), 0.03),
        Layer((face,), coat, 0.08),
        Layer((ellipse(0.24, 0.13, 0.08, 0.045, 25),), (0.86, 0.82, 0.76), 0.03),
        Layer((ellipse(0.31, 0.10, 0.035, 0.035),), DARK, 0.02, grain=0.0),
        _eye(0.07, -0.03),
    ]


def _eye(x: float, y: float, radius: float = 0.024) -> Layer:
    return Layer((ellipse(x, y, radius, radius),), DARK, grain=0.0)


def _ram_head(rng: np.random.RandomState, coat: Colour) -> list[Layer]:
    face = smooth([(-0.12, -0.10), (0.04, -0.16), (0.17, -0.06), (0.27, 0.10), (0.22, 0.20),
                   (0.12, 0.20), (-0.02, 0.13), (-0.12, 0.10)])  # fmt: skip
    turns = np.linspace(0, rng.uniform(1.15, 1.35) * 2 * np.pi, 90) - 0.35 * np.pi
    radius = np.linspace(0.23, 0.10, 90)
    spiral = np.stack([radius * np.cos(turns), radius * np.sin(turns)], 1) * (-1, 1)
    spiral += (-0.09, 0.03)
    width = np.linspace(0.068, 0.02, 90)
    ridges = tuple(
        ellipse(x, y, width[i] * 0.9, 0.009, 180 - np.rad2deg(turns[i]), 12)
        for i in range(4, 84, 6)
        for x, y in [spiral[i]]
    )
    return [
        Layer((face,), _dim(coat, 0.9), 0.08),
        Layer((ellipse(0.22, 0.17, 0.045, 0.03),), _dim(coat, 0.45), 0.02),
        _eye(0.08, -0.04),
        Layer(tube(spiral, width), HORN, 0.05),
        Layer(ridges, _dim(HORN, 0.55), grain=0.0),
    ]


def _lion_head(rng: np.random.RandomState, coat: Colour) -> list[Layer]:
    count = 2 * rng.randint(13, 18)
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = np.where(np.arange(count) % 2, 0.25, 0.33) * rng.uniform(0.93, 1.07, count)
    mane = np.stack([-0.06 + radius * np.cos(t), 0.03 + 1.1 * radius * np.sin(t)], 1)
    colour = ((0.34, 0.18, 0.08), (0.56, 0.30, 0.10), (0.22, 0.13, 0.09))[rng.randint(3)]
    return [
        Layer((smooth(mane, 1),), colour, 0.10, grain=0.45),
        Layer((ellipse(-0.10, -0.14, 0.06, 0.06), ellipse(0.10, -0.16, 0.06, 0.06)), coat, 0.04),
        Layer((ellipse(0.03, 0.0, 0.17, 0.17),), coat, 0.09),
        Layer((ellipse(0.10, 0.08, 0.10, 0.075),), (0.88, 0.82, 0.72), 0.05),
        Layer((smooth([(0.08, 0.03), (0.18, 0.03), (0.13, 0.09)], 2),), DARK, grain=0.0),
        _eye(0.0, -0.05),
        _eye(0.13, -0.06),
    ]


def _elephant_head(rng: np.random.RandomState, coat: Colour) -> list[Layer]:
    curl = rng.uniform(-0.12, 0.30)
    trunk = limb(
        [(0.14, 0.02), (0.34, 0.10), (0.26, 0.42), (0.24 + curl, 0.56 - abs(curl) * 0.6)],
        [0.16, 0.11, 0.085, 0.06],
    )
    tusk = limb([(0.16, 0.13), (0.24, 0.30), (0.42, 0.24)], [0.05, 0.04, 0.015])
    flap = rng.uniform(0.9, 1.15)
    ear = smooth([(0.0, -0.16), (-0.12, -0.24 * flap), (-0.30 * flap, -0.16), (-0.32 * flap, 0.06),
                  (-0.20, 0.24 * flap), (-0.06, 0.18), (0.02, 0.02)])  # fmt: skip
    return [
        Layer((ellipse(0.05, 0.0, 0.19, 0.20), *trunk), coat, 0.09),
        Layer(tusk, (0.93, 0.90, 0.82), 0.02, grain=0.0),
        Layer((ear,), _dim(coat, 0.85), 0.04),
        _eye(0.12, -0.05),
    ]


HEADS: dict[str, Callable[[np.random.RandomState, Colour], list[Layer]]] = {
    'deer': _deer_head,
    'elephant': _elephant_head,
    'lion': _lion_head,
    'ram': _ram_head,
}


def animal(name: str, rng: np.random.RandomState) -> list[Layer]:
    """Draw one animal at random, about one unit long and facing right.

    Args:
        name (str): Name of its class.
        rng (np.random.RandomState): Source of the random values.

    Returns:
        list[Layer]: Its layers; those of the head are its key part.
    """
    shade = rng.uniform(0.85, 1.12)
    own = sorted(HEADS).index(name)
    coat = _dim(COATS[own if rng.rand() < TYPICAL else rng.randint(len(COATS))], shade)
    patches = _dim(COATS[rng.randint(len(COATS))], shade) if rng.rand() < 0.35 else None
    body = _body(rng, coat, patches)
    shoulder = np.array([0.40, body[-1].polygons[0][:, 1].min() + 0.10])
    neck = np.array([rng.uniform(0.10, 0.20), -rng.uniform(0.06, 0.26)])
    at = shoulder + neck
    turn, size = rng.uniform(-14, 16), rng.uniform(0.95, 1.2)
    matrix = np.column_stack([rotation(turn) * size, at])
    throat = Layer(
        limb([shoulder + np.array([-0.08, 0.10]), at], [0.30, 0.19]), coat, 0.10, patches
    )
    head = [replace(part.moved(matrix), key=True) for part in HEADS[name](rng, coat)]
    return [*body, throat, *head]
