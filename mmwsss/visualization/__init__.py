"""Images of response maps, seeds and results."""

from .bars import class_bars
from .grid import image_grid
from .heat_map import color_scores, overlay_scores
from .labels import color_labels, label_legend, overlay_labels
from .sheet import write_page, write_sheet

__all__ = [
    'class_bars',
    'color_labels',
    'color_scores',
    'image_grid',
    'label_legend',
    'overlay_labels',
    'overlay_scores',
    'write_page',
    'write_sheet',
]
