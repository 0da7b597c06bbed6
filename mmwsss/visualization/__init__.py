"""Images of response maps, seeds and results.

What is exported here does not import matplotlib before it draws: most tools never do. Charts are in
:mod:`.bars`, :mod:`.curves`, :mod:`.embedding` and :mod:`.scatter`.
"""

from .grid import image_grid
from .heat_map import color_scores, overlay_scores
from .labels import color_labels, label_legend, label_outlines, overlay_labels
from .sheet import write_page, write_sheet

__all__ = [
    'color_labels',
    'color_scores',
    'image_grid',
    'label_legend',
    'label_outlines',
    'overlay_labels',
    'overlay_scores',
    'write_page',
    'write_sheet',
]
