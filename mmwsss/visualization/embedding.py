"""Points of an embedding, coloured by category."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from .figure import RGBA, label_points, new_figure, save_figure


@dataclass(frozen=True)
class PointGroup:
    """Points of one look.

    Attributes:
        points: (n, 2).
        color: Of the markers.
        marker: As matplotlib's.
        size: Area of a marker in square points.
        labels: A text for each, written beside it; or none.
    """

    points: np.ndarray
    color: RGBA | str
    marker: str = 'o'
    size: float = 16.0
    labels: Sequence[str] = ()


def draw_embedding(
    panels: Mapping[str, Mapping[str, PointGroup]], out: str | os.PathLike, side: float = 6.0
) -> Path:
    """Draw panels of points side by side, each with a legend below, as PNG.

    Args:
        panels: Title → name in the legend → points, the last drawn on top.
        out: The file.
        side: Width of a panel in inches.

    Returns:
        Path: The file.
    """
    figure = new_figure(side * len(panels), side * 1.15)
    row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, groups) in zip(row, panels.items()):
        axes.set_title(title, fontsize=11)
        axes.set(xticks=[], yticks=[])
        axes.margins(0.08)
        for name, group in groups.items():
            axes.scatter(
                *group.points.T,
                s=group.size,
                c=[group.color],
                marker=group.marker,
                linewidths=1.2,
                label=name,
            )
        # A legend wider than its panel would squeeze the axes.
        ncols = max(1, int(side / (0.6 + 0.07 * max(map(len, groups)))))
        place = dict(loc='upper center', bbox_to_anchor=(0.5, -0.02))
        axes.legend(**place, ncols=ncols, fontsize=8, frameon=False)
    # Labels are placed in the final layout.
    figure.draw_without_rendering()
    figure.set_layout_engine('none')
    for axes, groups in zip(row, panels.values()):
        _label(axes, list(groups.values()))
    return save_figure(figure, out)


def _label(axes: Axes, groups: Sequence[PointGroup]) -> None:
    labels = [label for group in groups for label in group.labels]
    if labels:
        labelled = np.concatenate([group.points for group in groups if group.labels])
        everything = np.concatenate([group.points for group in groups])
        label_points(axes, labelled, labels, everything)
