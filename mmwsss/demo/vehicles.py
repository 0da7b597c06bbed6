"""Truck figures that share bodies and paints; only what they carry tells the class for sure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .shapes import Colour, Layer, box, ellipse, limb, rotation, smooth

PAINTS: tuple[Colour, ...] = (
    (0.90, 0.88, 0.84),  # the ambulance's
    (0.88, 0.68, 0.12),  # the crane's
    (0.75, 0.14, 0.12),  # the fire engine's
    (0.16, 0.30, 0.58),
    (0.22, 0.44, 0.28),
    (0.55, 0.57, 0.60),
    (0.82, 0.42, 0.14),
)
GLASS: Colour = (0.42, 0.55, 0.62)
RUBBER: Colour = (0.10, 0.10, 0.11)
TYPICAL = 0.4  # how often a truck has its kind's paint; else any, which may be the same
STEEL: Colour = (0.72, 0.73, 0.75)
ROOF = -0.55


def _truck(rng: np.random.RandomState, box_paint: Colour) -> list[Layer]:
    """Return the layers of box, cab, window and wheels, which are alike for every class."""
    cab_paint = box_paint if rng.rand() < 0.5 else PAINTS[rng.randint(len(PAINTS))]
    slope = rng.uniform(0.03, 0.12)
    cab = smooth([(0.22, -0.50), (0.40, -0.51), (0.46 + slope * 0.2, -0.34), (0.56, -0.30),
                  (0.57, -0.10), (0.20, -0.10), (0.20, -0.50)], 2)  # fmt: skip
    window = smooth([(0.28, -0.46), (0.38, -0.46), (0.45, -0.31), (0.28, -0.31)], 2)
    stripe = rng.uniform(-0.34, -0.20)
    radius = rng.uniform(0.085, 0.105)
    wheels = [x + rng.uniform(-0.02, 0.02) for x in (-0.34, 0.38)]
    layers = [
        Layer((box(-0.54, -0.16, 0.54, -0.07),), RUBBER, 0.02),
        Layer((box(-0.55, ROOF, 0.19, -0.12),), box_paint, 0.03, grain=0.025),
    ]
    if rng.rand() < 0.6:
        paint = PAINTS[rng.randint(len(PAINTS))]
        layers.append(Layer((box(-0.55, stripe, 0.19, stripe + 0.06),), paint, grain=0.025))
    layers += [
        Layer((cab,), cab_paint, 0.05, grain=0.025),
        Layer((window,), GLASS, 0.02, grain=0.025),
        Layer((box(0.53, -0.22, 0.57, -0.17),), (0.95, 0.92, 0.7), grain=0.0),
        Layer(tuple(ellipse(x, -radius, radius, radius) for x in wheels), RUBBER, 0.03),
        Layer(tuple(ellipse(x, -radius, radius / 2, radius / 2) for x in wheels), STEEL, 0.02),
    ]
    return layers


def _ladder(rng: np.random.RandomState) -> list[Layer]:
    """Return the layers of a fire engine's ladder, along the roof and beyond the cab."""
    turn = rotation(-rng.uniform(4, 14))
    at = np.array([-0.50, ROOF - 0.04])
    rails = [box(0, y, 1.12, y + 0.028) for y in (-0.14, 0.0)]
    rungs = [box(x, -0.14, x + 0.024, 0.02) for x in np.linspace(0.05, 1.05, 10)]
    parts = tuple(p @ turn.T + at for p in (*rails, *rungs))
    mount = (box(-0.46, ROOF - 0.06, -0.34, ROOF), box(0.0, ROOF - 0.14, 0.06, ROOF))
    return [Layer(mount, RUBBER, 0.01, key=True), Layer(parts, STEEL, 0.012, grain=0.025, key=True)]


def _cross(rng: np.random.RandomState) -> list[Layer]:
    """Return the layers of an ambulance's cross on a light disk, and of beacons on its roof."""
    x, y, arm = rng.uniform(-0.24, -0.10), rng.uniform(-0.36, -0.32), rng.uniform(0.12, 0.145)
    colour = ((0.80, 0.08, 0.10), (0.10, 0.28, 0.70), (0.06, 0.50, 0.25))[rng.randint(3)]
    bar = arm * 0.34
    cross = (box(x - arm, y - bar, x + arm, y + bar), box(x - bar, y - arm, x + bar, y + arm))
    disk = ellipse(x, y, arm * 1.35, arm * 1.35)
    beacons = tuple(box(b, ROOF - 0.07, b + 0.12, ROOF) for b in (-0.40, 0.02))
    return [
        Layer(beacons, (0.15, 0.42, 0.95), 0.03, grain=0.0, key=True),
        Layer((disk,), (0.96, 0.96, 0.95), 0.01, grain=0.02, key=True),
        Layer(cross, colour, 0.0, grain=0.02, key=True),
    ]


def _arm(rng: np.random.RandomState) -> list[Layer]:
    """Return the layers of a crane's folding arm, with a hook on a rope."""
    base, reach = rng.uniform(-0.40, -0.25), rng.uniform(0.40, 0.62)
    elbow = (base + rng.uniform(0.02, 0.14), ROOF - rng.uniform(0.30, 0.42))
    tip = (base + reach, elbow[1] - rng.uniform(-0.02, 0.16))
    colour = ((0.92, 0.74, 0.08), (0.90, 0.45, 0.08), (0.65, 0.66, 0.70))[rng.randint(3)]
    drop = tip[1] + rng.uniform(0.14, 0.26)
    hook = limb([(tip[0], drop), (tip[0] + 0.12, drop + 0.10), (tip[0] - 0.07, drop + 0.10)],
                [0.035, 0.03, 0.02])  # fmt: skip
    return [
        Layer((box(base - 0.09, ROOF - 0.07, base + 0.09, ROOF),), RUBBER, 0.02, key=True),
        Layer(limb([(base, ROOF - 0.04), elbow], [0.11, 0.09]), colour, 0.03, key=True),
        Layer(limb([elbow, tip], [0.09, 0.055]), colour, 0.03, key=True),
        Layer((box(tip[0] - 0.01, tip[1], tip[0] + 0.01, drop),), RUBBER, key=True),
        Layer(hook, STEEL, 0.015, key=True),
    ]


LOADS: dict[str, Callable[[np.random.RandomState], list[Layer]]] = {
    'ambulance': _cross,
    'crane': _arm,
    'fire_engine': _ladder,
}


def vehicle(name: str, rng: np.random.RandomState) -> list[Layer]:
    """Draw one truck at random, about one unit long and facing right.

    Args:
        name (str): Name of its class.
        rng (np.random.RandomState): Source of the random values.

    Returns:
        list[Layer]: Its layers; those of what it carries are its key part.
    """
    own = sorted(LOADS).index(name)
    paint = PAINTS[own if rng.rand() < TYPICAL else rng.randint(len(PAINTS))]
    return [*_truck(rng, paint), *LOADS[name](rng)]
