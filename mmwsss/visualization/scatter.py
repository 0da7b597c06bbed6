"""Charts of one score of each image against another."""

import os
from pathlib import Path

import numpy as np

from .figure import new_figure, save_figure


def draw_scatter(
    x: np.ndarray, y: np.ndarray, x_label: str, y_label: str, out: str | os.PathLike
) -> Path:
    """Draw a dot for each image, and the line where both scores are equal, as PNG.

    Args:
        x (np.ndarray): Scores in per cent, shape (N,).
        y (np.ndarray): Scores in per cent, shape (N,).
        x_label (str): Label of the axis of ``x``.
        y_label (str): Label of the axis of ``y``.
        out (str | os.PathLike): Path of the file.

    Returns:
        Path: The file.
    """
    figure = new_figure(5.0, 5.0)
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color='0.6', lw=1)
    axes.scatter(x, y, s=14, alpha=0.6, linewidths=0)
    axes.set(xlim=(0, 100), ylim=(0, 100), xlabel=x_label, ylabel=y_label, aspect='equal')
    axes.spines[['top', 'right']].set_visible(False)
    return save_figure(figure, out)
