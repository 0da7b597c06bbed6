"""Scenes of one to three classes: who stands where, and what may hide whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .animals import HEADS, animal
from .canvas import SUPERSAMPLING, Canvas, Light, bounds, fill
from .scenery import backdrop, bush, fence, rock, tree
from .shapes import Layer, rotation
from .vehicles import LOADS, vehicle

CLASSES: tuple[str, ...] = tuple(sorted([*HEADS, *LOADS]))
PLANTS = (bush, tree, rock, fence)
MIN_VISIBLE, MIN_KEY_VISIBLE, MIN_AREA = 0.5, 0.8, 0.015
ATTEMPTS = 200


@dataclass(frozen=True)
class Placed:
    """A figure, or a piece of scenery, at its place in the image.

    Attributes:
        layers (tuple[Layer, ...]): Its layers, in pixel coordinates.
        owner (int): i + 1 for the i-th figure, 0 for scenery.
        foot (tuple[float, float]): Column and row in pixels where it stands.
        length (float): Its length in pixels.
    """

    layers: tuple[Layer, ...]
    owner: int
    foot: tuple[float, float]
    length: float


def render_scene(
    classes: Sequence[int], size: tuple[int, int], rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Render one image with figures of ``classes``.

    Args:
        classes (Sequence[int]): Index in :data:`CLASSES` of each figure's class.
        size (tuple[int, int]): Width and height in pixels.
        rng (np.random.RandomState): Source of everything random.

    Returns:
        tuple[np.ndarray, np.ndarray]: RGB image, uint8 (h, w, 3), and mask, uint8 (h, w):
        0 background, i + 1 class i.

    Raises:
        RuntimeError: If the figures find no place where they can be seen.
    """
    width, height = (n * SUPERSAMPLING for n in size)
    horizon = int(height * rng.uniform(0.22, 0.5))
    placed = _arrange(classes, width, height, horizon, rng)
    light = Light.random(rng)
    far = backdrop(rng, size[1], size[0], horizon // SUPERSAMPLING)
    canvas = Canvas(cv2.resize(far, (width, height)), light, rng)
    for figure in placed:
        if figure.owner:
            x, y = figure.foot[0] - 0.2 * light.direction[0] * figure.length, figure.foot[1]
            canvas.shadow(x, y, 0.62 * figure.length, 0.10 * figure.length)
        for layer in figure.layers:
            canvas.paint(layer, figure.owner)
    class_of_owner = np.array([0, *(c + 1 for c in classes)], np.uint8)
    return canvas.finish(rng), class_of_owner[canvas.owners(len(classes))]


def _arrange(
    classes: Sequence[int], width: int, height: int, horizon: int, rng: np.random.RandomState
) -> list[Placed]:
    """Draw places until every figure and its key part can be seen; far ones come first."""
    for _ in range(ATTEMPTS):
        plants = [_plant(width, height, horizon, rng) for _ in range(rng.randint(1, 4))]
        figures = [_figure(c, k + 1, len(classes), width, height, horizon, rng)
                   for k, c in enumerate(classes)]  # fmt: skip
        placed = sorted([*plants, *figures], key=lambda p: p.foot[1])
        if _all_seen(placed, (height, width)):
            return placed
    raise RuntimeError(
        f'No arrangement of {len(classes)} figures found for {width}x{height} pixels'
    )


def _figure(
    index: int, owner: int, count: int, width: int, height: int, horizon: int,
    rng: np.random.RandomState,
) -> Placed:  # fmt: skip
    name = CLASSES[index]
    layers = animal(name, rng) if name in HEADS else vehicle(name, rng)
    length = width * rng.uniform(0.30, 0.60) * (1.0, 0.85, 0.70)[count - 1]
    return _stand(layers, owner, length, rng.uniform(0.15, 0.85), width, height, horizon, rng)


def _plant(width: int, height: int, horizon: int, rng: np.random.RandomState) -> Placed:
    layers = PLANTS[rng.randint(len(PLANTS))](rng)
    length = width * rng.uniform(0.15, 0.35)
    return _stand(layers, 0, length, rng.uniform(0.0, 1.0), width, height, horizon, rng)


def _stand(
    layers: Sequence[Layer], owner: int, length: float, across: float, width: int, height: int,
    horizon: int, rng: np.random.RandomState,
) -> Placed:  # fmt: skip
    """Scale, turn, mirror and put a figure on the ground."""
    squeeze = rng.uniform(0.8, 1.0)  # seen somewhat from the front
    mirror = -1 if rng.rand() < 0.5 else 1
    matrix = rotation(rng.uniform(-4, 4)) @ np.diag([mirror * squeeze * length, length])
    x = across * width
    y = rng.uniform(max(horizon + 0.08 * height, 0.6 * length), 0.99 * height)
    matrix = np.column_stack([matrix, (x, y)])
    return Placed(tuple(layer.moved(matrix) for layer in layers), owner, (x, y), length)


def _all_seen(placed: Sequence[Placed], shape: tuple[int, int]) -> bool:
    """Return whether each figure shows enough of itself and of the part that tells its class."""
    owner, key = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    wanted = []
    for figure in placed:
        whole = fill(shape, [p for layer in figure.layers for p in layer.polygons]) > 0
        head = fill(shape, [p for lay in figure.layers if lay.key for p in lay.polygons]) > 0
        owner[whole], key[whole] = figure.owner, 0
        key[head] = figure.owner
        if figure.owner:
            wanted.append((figure, _whole_area(figure.layers), _whole_area(figure.layers, True)))
    return all(
        (owner == figure.owner).sum() > max(MIN_VISIBLE * area, MIN_AREA * owner.size)
        and (key == figure.owner).sum() > MIN_KEY_VISIBLE * key_area
        for figure, area, key_area in wanted
    )


def _whole_area(layers: Sequence[Layer], key: bool = False) -> int:
    """Count the pixels of a figure, or of its key part, as if nothing cut it off or hid it."""
    x0, y0, x1, y1 = bounds(layers)
    shape = (int(y1 - y0) + 4, int(x1 - x0) + 4)
    polygons = [p - (x0 - 1, y0 - 1) for lay in layers if lay.key or not key for p in lay.polygons]
    return int((fill(shape, polygons) > 0).sum())
