"""Outlines that the demo set's figures are made of.

A figure is a list of :class:`Layer`, painted in order. Its coordinates are in units of the
figure's own length: x to the right, y down, the ground at y = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

Colour = tuple[float, float, float]
Points = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Layer:
    """One painted part of a figure.

    Args:
        polygons (tuple[np.ndarray, ...]): Outlines of shape (n, 2); the part is their union.
        colour (tuple): RGB in [0, 1].
        roundness (float): Width of the shaded rim, 0 for a flat part.
        second_colour (tuple | None): Colour of the patches; None for a plain part.
        grain (float): Strength of the surface texture.
        key (bool): Whether this part tells the figure's class.
    """

    polygons: tuple[np.ndarray, ...]
    colour: Colour
    roundness: float = 0.0
    second_colour: Colour | None = None
    grain: float = 0.12
    key: bool = False

    def moved(self, matrix: np.ndarray) -> Layer:
        """Apply a 2x3 affine ``matrix`` to the outlines; widths follow its mean scale."""
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        polygons = tuple(p @ matrix[:, :2].T + matrix[:, 2] for p in self.polygons)
        return replace(self, polygons=polygons, roundness=self.roundness * scale)


def ellipse(
    x: float, y: float, rx: float, ry: float, degrees: float = 0.0, count: int = 40
) -> np.ndarray:
    """Outline (count, 2) of an ellipse turned by ``degrees``."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    points = np.stack([rx * np.cos(t), ry * np.sin(t)], 1)
    return points @ rotation(degrees).T + (x, y)


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """Outline (4, 2) of an upright rectangle."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float)


def rotation(degrees: float) -> np.ndarray:
    """2x2 matrix of a turn by ``degrees``."""
    a = np.deg2rad(degrees)
    return np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])


def smooth(points: Points, rounds: int = 3) -> np.ndarray:
    """Closed smooth outline: Chaikin's corner cutting of a control polygon."""
    p = np.asarray(points, float)
    for _ in range(rounds):
        following = np.roll(p, -1, 0)
        p = np.stack([0.75 * p + 0.25 * following, 0.25 * p + 0.75 * following], 1).reshape(-1, 2)
    return p


def curve(points: Points, count: int = 24) -> np.ndarray:
    """Bezier curve of the control ``points``, sampled at ``count`` places: (count, 2)."""
    p = np.repeat(np.asarray(points, float)[:, None], count, axis=1)
    t = np.linspace(0, 1, count)[:, None]
    while len(p) > 1:
        p = p[:-1] * (1 - t) + p[1:] * t
    return p[0]


def limb(points: Points, widths: Sequence[float], count: int = 24) -> tuple[np.ndarray, ...]:
    """Tapered tube along a Bezier curve, round at both ends, as a tuple of outlines."""
    line = curve(points, count)
    width = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(widths)), widths) / 2
    return tube(line, width)


def tube(line: np.ndarray, half_width: np.ndarray) -> tuple[np.ndarray, ...]:
    """Band of ``half_width`` around a dense ``line``, round at both ends."""
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    normal = np.stack([-along[:, 1], along[:, 0]], 1) * half_width[:, None]
    band = np.concatenate([line + normal, (line - normal)[::-1]])
    caps = [ellipse(*line[i], half_width[i], half_width[i], count=16) for i in (0, -1)]
    return (band, *caps)
