"""Charts of the scores of classes as bars."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .figure import literal_text

# Okabe and Ito's colours, which colour-blind people can tell apart.
_COLOURS = ('#999999', '#56b4e9', '#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#000000')
_BAR = 0.17  # inches


@literal_text
def class_bars(
    scores: Mapping[str, Mapping[str, float | None]], label: str = 'IoU in %'
) -> np.ndarray:
    """Draw a group of horizontal bars for each class, and on top one for the mean.

    Args:
        scores (Mapping): For each method, the score of each class in percent; None or NaN where it
            is not defined. Classes come in the order in which the methods first name them.
        label (str): Label of the axis. Defaults to 'IoU in %'.

    Returns:
        np.ndarray: RGB image, uint8 (H, W, 3); its height grows with the number of bars.

    Raises:
        ValueError: If there is no method, or no class.
    """
    classes = list(dict.fromkeys(name for values in scores.values() for name in values))
    if not classes:
        raise ValueError('bars need at least one method and one class')
    table = np.array(
        [[_number(values.get(name)) for name in classes] for values in scores.values()]
    )
    means = [
        values[~np.isnan(values)].mean() if (values >= 0).any() else np.nan for values in table
    ]
    table = np.column_stack([means, table])
    height = (_BAR * (len(scores) + 0.8)) * len(table[0]) + 0.7 + 0.22 * len(scores)
    figure = Figure(figsize=(8, height), dpi=100, layout='constrained')
    axes = figure.add_subplot()
    places = np.arange(len(table[0]))
    thickness = 1 / (len(scores) + 0.8)
    for index, (name, values) in enumerate(zip(scores, table)):
        shift = (index - (len(scores) - 1) / 2) * thickness
        colour = _COLOURS[index % len(_COLOURS)]
        axes.barh(places + shift, np.nan_to_num(values), thickness * 0.92, color=colour, label=name)
        for place, value in zip(places + shift, values):
            text = '–' if np.isnan(value) else f'{value:.0f}'
            axes.text(np.nan_to_num(value) + 0.6, place, text, va='center', fontsize=7.5)
    axes.set_yticks(places, ['mean', *classes])
    axes.get_yticklabels()[0].set_fontweight('bold')
    axes.invert_yaxis()
    axes.set(xlim=(0, 105), ylim=(len(table[0]) - 0.4, -0.6), xlabel=label)
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(axis='x', color='#dddddd')
    axes.set_axisbelow(True)
    figure.legend(loc='outside upper left', frameon=False, fontsize=9, ncols=1)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
