"""Pictures of response maps, seeds and results."""

from .grid import image_grid
from .heat_map import color_scores, overlay_scores
from .labels import color_labels, label_legend
from .sheet import write_sheet

__all__ = [
    'color_labels',
    'color_scores',
    'image_grid',
    'label_legend',
    'overlay_scores',
    'write_sheet',
]
