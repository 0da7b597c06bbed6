"""Charts of scores along a swept value, with their spread over seeds."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from .figure import category_colors, literal_text, new_figure, save_figure


@dataclass(frozen=True)
class Curve:
    """Scores of the runs of a sweep.

    Attributes:
        scores (Sequence[Sequence[float]]): For each swept value, the score of each seed.
        baseline (Sequence[float], optional): Score of each seed of a method without the swept
            value. Defaults to None: there is no such method.
    """

    scores: Sequence[Sequence[float]]
    baseline: Sequence[float] | None = None


@literal_text
def draw_curves(
    values: Sequence[str],
    curves: Mapping[str, Curve],
    x_label: str,
    y_label: str,
    out: str | os.PathLike,
) -> Path:
    """Draw mean and standard deviation over seeds at each value, as PNG.

    Values stand evenly spaced, in their order, so that 0 and powers of ten fit one axis. Single
    runs are dots; a baseline is a dashed line with a band of its standard deviation.

    Args:
        values (Sequence[str]): The swept values, written below the ticks.
        curves (Mapping[str, Curve]): Scores by their name in the legend.
        x_label (str): Label of the axis of values.
        y_label (str): Label of the axis of scores.
        out (str | os.PathLike): Path of the file.

    Returns:
        Path: The file.

    Raises:
        ValueError: If a curve has not one group of scores for each value.
    """
    figure = new_figure(max(5.0, 1.0 + 0.8 * len(values)), 3.8)
    axes = figure.subplots()
    for (name, curve), color in zip(curves.items(), category_colors(len(curves))):
        if len(curve.scores) != len(values):
            raise ValueError(f'{name}: scores at {len(curve.scores)} of {len(values)} values')
        places = range(len(values))
        means = [fmean(scores) for scores in curve.scores]
        spreads = [_deviation(scores) for scores in curve.scores]
        axes.errorbar(places, means, spreads, color=color, marker='o', capsize=4, label=name)
        dots = [(place, score) for place in places for score in curve.scores[place]]
        x, y = zip(*dots)
        axes.scatter(x, y, s=12, color=color, alpha=0.35, linewidths=0)
        if curve.baseline is not None:
            mean, spread = fmean(curve.baseline), _deviation(curve.baseline)
            axes.axhline(mean, color=color, linestyle='--', lw=1, label=f'{name}, baseline')
            axes.axhspan(mean - spread, mean + spread, color=color, alpha=0.1, lw=0)
    axes.set_xticks(range(len(values)), values)
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(axis='y', color='0.9')
    axes.set_axisbelow(True)
    figure.legend(loc='outside upper left', ncols=4, frameon=False, fontsize=9)
    return save_figure(figure, out)


def _deviation(scores: Sequence[float]) -> float:
    return stdev(scores) if len(scores) > 1 else 0.0
