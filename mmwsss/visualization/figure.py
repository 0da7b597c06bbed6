"""What plots share: a figure without a display, colours of categories, labels kept apart."""

import os
from collections.abc import Sequence
from itertools import product
from math import cos, pi, sin
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from ..structures import atomic_open

_RADII, _ANGLES = (7, 13, 21, 32, 46, 64), tuple(i * pi / 6 for i in range(12))
RGBA = tuple[float, float, float, float]


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches that needs no display."""
    figure = Figure(figsize=(width, height), dpi=150, layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, out: str | os.PathLike) -> Path:
    """Write a figure as PNG, whole or not at all."""
    out = Path(out).with_suffix('.png')
    with atomic_open(out) as file:
        figure.savefig(file, format='png')
    return out


def category_colors(count: int) -> list[RGBA]:
    """Colours that tell ``count`` categories apart, as RGBA in [0, 1]."""
    if count <= 20:
        name = 'tab10' if count <= 10 else 'tab20'
        return [tuple(map(float, c)) for c in matplotlib.colormaps[name](np.arange(count))]
    positions = np.linspace(0, 1, count)
    return [tuple(map(float, c)) for c in matplotlib.colormaps['gist_rainbow'](positions)]


def label_points(
    axes: Axes, points: np.ndarray, labels: Sequence[str], obstacles: np.ndarray, size: float = 8
) -> list[Annotation]:
    """Write labels beside their points where they cover neither each other nor a point.

    Call it last: places depend on the limits and the layout of the axes.

    Args:
        axes: Where the points are drawn.
        points: (n, 2), in the axes' units.
        labels: n texts.
        obstacles: (m, 2), all points that must not be covered.
        size: Of the font.
    """
    axes.figure.draw_without_rendering()
    half = 4 * axes.figure.dpi / 72
    taken = [
        Bbox.from_extents(x - half, y - half, x + half, y + half)
        for x, y in axes.transData.transform(obstacles)
    ]
    line = dict(arrowstyle='-', color='0.6', lw=0.5, shrinkA=0, shrinkB=7)
    annotations = []
    for point, text in zip(points, labels):
        annotation = axes.annotate(
            text,
            point,
            (0, 0),
            textcoords='offset points',
            fontsize=size,
            ha='center',
            va='center',
            arrowprops=line,
        )
        annotation.set_in_layout(False)
        taken.append(_place(annotation, axes, taken))
        annotations.append(annotation)
    return annotations


def _place(annotation: Annotation, axes: Axes, taken: Sequence[Bbox]) -> Bbox:
    """Move a label to the nearest free place, or else to that where it covers least."""
    scale = axes.figure.dpi / 72
    # That of the text, without the line to its point.
    text = Text.get_window_extent(annotation)
    width, height = text.width / scale + 2, text.height / scale + 1
    x, y = axes.transData.transform(annotation.xy)
    best: tuple[float, tuple[float, float], Bbox, float] | None = None
    for radius, angle in product(_RADII, _ANGLES):
        shift = cos(angle) * (radius + width / 2), sin(angle) * (radius + height / 2)
        left, bottom = shift[0] - width / 2, shift[1] - height / 2
        spot = Bbox.from_bounds(x + left * scale, y + bottom * scale, width * scale, height * scale)
        cost = _covered(spot, taken, axes.bbox)
        if best is None or cost < best[0]:
            best = cost, shift, spot, radius
        if cost == 0:
            break
    annotation.set_position(best[1])
    # Beside its point a label needs no line.
    annotation.arrow_patch.set_visible(best[3] > _RADII[0])
    return best[2]


def _covered(spot: Bbox, taken: Sequence[Bbox], frame: Bbox) -> float:
    """Area of a place that is taken or outside a frame."""
    area = spot.width * spot.height
    inside = Bbox.intersection(spot, frame)
    outside = area - (inside.width * inside.height if inside else 0)
    shared = (Bbox.intersection(spot, other) for other in taken)
    return outside + sum(box.width * box.height for box in shared if box)
