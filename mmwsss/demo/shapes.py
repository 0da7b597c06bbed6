"""Outlines that the demo set's figures are made of.

A figure is a list of :class:`Layer`, painted in order. Its coordinates are in units of the
figure's own length: x to the right, y down, the ground at y = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

Colour = tuple[float, float, float]
Points = Sequence[Sequence[float]] | np.ndarray


@dataclass(frozen=True)
class Layer:
    """One painted part of a figure.

    Attributes:
        polygons (tuple[np.ndarray, ...]): Outlines of shape (n, 2); the part is their union.
        colour (Colour): RGB in [0, 1].
        roundness (float): Width of the shaded rim. Defaults to 0: a flat part.
        second_colour (Colour, optional): Colour of the patches. Defaults to None: a plain part.
        grain (float): Strength of the surface texture. Defaults to 0.12.
        key (bool): Whether this part tells the figure's class. Defaults to False.
    """

    polygons: tuple[np.ndarray, ...]
    colour: Colour
    roundness: float = 0.0
    second_colour: Colour | None = None
    grain: float = 0.12
    key: bool = False

    def moved(self, matrix: np.ndarray) -> Layer:
        """Apply an affine map to the outlines; the rim scales by the map's mean scale.

        Args:
            matrix (np.ndarray): Matrix of the map, shape (2, 3).

        Returns:
            Layer: The moved layer.
        """
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        polygons = tuple(p @ matrix[:, :2].T + matrix[:, 2] for p in self.polygons)
        return replace(self, polygons=polygons, roundness=self.roundness * scale)


def ellipse(
    x: float, y: float, rx: float, ry: float, degrees: float = 0.0, count: int = 40
) -> np.ndarray:
    """Draw an ellipse.

    Args:
        x (float): First coordinate of the centre.
        y (float): Second coordinate of the centre.
        rx (float): Half of its width, before it is turned.
        ry (float): Half of its height, before it is turned.
        degrees (float): Angle by which it is turned. Defaults to 0.
        count (int): Number of points. Defaults to 40.

    Returns:
        np.ndarray: Outline, shape (count, 2).
    """
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    points = np.stack([rx * np.cos(t), ry * np.sin(t)], 1)
    return points @ rotation(degrees).T + (x, y)


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """Draw an upright rectangle.

    Args:
        x0 (float): Left edge.
        y0 (float): Top edge.
        x1 (float): Right edge.
        y1 (float): Bottom edge.

    Returns:
        np.ndarray: Outline, shape (4, 2).
    """
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float)


def rotation(degrees: float) -> np.ndarray:
    """Make the matrix of a turn.

    Args:
        degrees (float): Angle.

    Returns:
        np.ndarray: Matrix, shape (2, 2).
    """
    a = np.deg2rad(degrees)
    return np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])


def smooth(points: Points, rounds: int = 3) -> np.ndarray:
    """Draw a smooth closed outline by Chaikin's corner cutting of a polygon.

    Args:
        points (Points): Corners of the polygon, shape (n, 2).
        rounds (int): Number of times that all corners are cut. Defaults to 3.

    Returns:
        np.ndarray: Outline, shape (n * 2 ** rounds, 2).
    """
    p = np.asarray(points, float)
    for _ in range(rounds):
        following = np.roll(p, -1, 0)
        p = np.stack([0.75 * p + 0.25 * following, 0.25 * p + 0.75 * following], 1).reshape(-1, 2)
    return p


def curve(points: Points, count: int = 24) -> np.ndarray:
    """Sample a Bezier curve.

    Args:
        points (Points): Control points, shape (n, 2).
        count (int): Number of samples. Defaults to 24.

    Returns:
        np.ndarray: Points of the curve, shape (count, 2).
    """
    p = np.repeat(np.asarray(points, float)[:, None], count, axis=1)
    t = np.linspace(0, 1, count)[:, None]
    while len(p) > 1:
        p = p[:-1] * (1 - t) + p[1:] * t
    return p[0]


def limb(points: Points, widths: Sequence[float], count: int = 24) -> tuple[np.ndarray, ...]:
    """Draw a tapered tube along a Bezier curve, round at both ends.

    Args:
        points (Points): Control points of the curve, shape (n, 2).
        widths (Sequence[float]): Widths of the tube at even steps along the curve.
        count (int): Number of samples of the curve. Defaults to 24.

    Returns:
        tuple[np.ndarray, ...]: Outlines; the tube is their union.
    """
    line = curve(points, count)
    width = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(widths)), widths) / 2
    return tube(line, width)


def tube(line: np.ndarray, half_width: np.ndarray) -> tuple[np.ndarray, ...]:
    """Draw a tube along a line, round at both ends.

    Args:
        line (np.ndarray): Points of the line, shape (n, 2).
        half_width (np.ndarray): Half of the tube's width at each point, shape (n,).

    Returns:
        tuple[np.ndarray, ...]: Outlines; the tube is their union.
    """
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    normal = np.stack([-along[:, 1], along[:, 0]], 1) * half_width[:, None]
    band = np.concatenate([line + normal, (line - normal)[::-1]])
    ends = [(*line[i], half_width[i]) for i in (0, -1)]
    caps = [ellipse(x, y, radius, radius, count=16) for x, y, radius in ends]
    return (band, *caps)
