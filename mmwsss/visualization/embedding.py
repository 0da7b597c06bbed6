"""Points of an embedding, coloured by category."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .figure import RGBA, literal_text, new_figure, save_figure


@dataclass(frozen=True)
class PointGroup:
    """Points that are drawn alike and share an entry of the legend.

    Attributes:
        points (np.ndarray): Places of the points, shape (n, 2).
        color (RGBA | str): Colour of the markers.
        marker (str): Form of the markers, as matplotlib names it. Defaults to 'o'.
        size (float): Area of a marker in square points. Defaults to 16.
        numbers (Sequence[int]): Number that is written beside each point; empty for none.
    """

    points: np.ndarray
    color: RGBA | str
    marker: str = 'o'
    size: float = 16.0
    numbers: Sequence[int] = ()


@literal_text
def draw_embedding(
    panels: Mapping[str, Mapping[str, PointGroup]], out: str | os.PathLike, side: float = 6.0
) -> Path:
    """Draw panels of points side by side, each with a legend below, as PNG.

    Args:
        panels (Mapping): For each panel, by its title, its points by their name in the legend.
            Later points cover earlier ones.
        out (str | os.PathLike): Path of the file.
        side (float): Width of a panel in inches. Defaults to 6.

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
            # The upper right of a marker that has the given area.
            shift = 0.4 * group.size**0.5
            for number, point in zip(group.numbers, group.points):
                axes.annotate(
                    str(number), point, (shift, shift), textcoords='offset points', fontsize=7
                )
        # A legend wider than its panel would squeeze the axes.
        ncols = max(1, int(side / (0.6 + 0.07 * max(map(len, groups)))))
        place = dict(loc='upper center', bbox_to_anchor=(0.5, -0.02))
        axes.legend(**place, ncols=ncols, fontsize=8, frameon=False)
    return save_figure(figure, out)
