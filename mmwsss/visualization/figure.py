"""What plots share: a figure that needs no display, and colours of categories."""

import os
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from mmwsss.structures import atomic_open

from .fonts import fallback_font

# Decorates what draws names of users, in which $ begins no formula.
literal_text = matplotlib.rc_context({'text.parse_math': False})
RGBA = tuple[float, float, float, float]


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure that needs no display.

    Args:
        width (float): Width in inches.
        height (float): Height in inches.

    Returns:
        Figure: The figure, with 150 dots per inch and a constrained layout.
    """
    figure = Figure(figsize=(width, height), dpi=150, layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, out: str | os.PathLike) -> Path:
    """Write a figure as PNG, whole or not at all.

    Args:
        figure (Figure): The figure.
        out (str | os.PathLike): Path of the file; its suffix becomes ``.png``.

    Returns:
        Path: The file.
    """
    out = Path(out).with_suffix('.png')
    for text in figure.findobj(Text):
        font = fallback_font(text.get_text())
        if font is not None:
            text.set_fontfamily([*text.get_fontfamily(), font.name])
    with atomic_open(out) as file:
        figure.savefig(file, format='png')
    return out


def category_colors(count: int) -> list[RGBA]:
    """Choose colours that tell categories apart.

    Args:
        count (int): Number of categories.

    Returns:
        list[RGBA]: Colour of each category, in [0, 1].
    """
    if count <= 20:
        colormap = matplotlib.colormaps['tab10' if count <= 10 else 'tab20']
        places: np.ndarray = np.arange(count)
    else:
        colormap, places = matplotlib.colormaps['gist_rainbow'], np.linspace(0, 1, count)
    return [(float(r), float(g), float(b), float(a)) for r, g, b, a in colormap(places)]
