"""Label maps as colours."""

from collections.abc import Sequence

import numpy as np

from ..datasets.voc import voc_palette

Palette = np.ndarray | Sequence[Sequence[int]]


def color_labels(labels: np.ndarray, palette: Palette | None = None) -> np.ndarray:
    """Colour a label map.

    Args:
        labels: uint8 (H, W): 0 background, i + 1 class i, 255 ignored.
        palette: RGB colour of each foreground class, as in a dataset's metainfo; VOC's by default.

    Returns:
        uint8 (H, W, 3) RGB; background black, ignored pixels cream.
    """
    return _colours(palette)[labels]


def _colours(palette: Palette | None) -> np.ndarray:
    """Return the colour of every label, uint8 (256, 3)."""
    colours = np.array(voc_palette(256), np.uint8)
    if palette is not None and len(palette):
        colours[1 : len(palette) + 1] = palette
    return colours


def label_legend(
    class_names: Sequence[str],
    labels: np.ndarray,
    palette: Palette | None = None,
) -> dict[str, tuple[int, int, int]]:
    """Return the colours by the names of the classes in the label maps, and of 'ignored'.

    Args:
        class_names: names of the C foreground classes; label i + 1 is class i.
        labels: uint8 label maps of any shape.
        palette: as in :func:`color_labels`.
    """
    used = np.bincount(np.ravel(labels), minlength=256).nonzero()[0]
    colours = _colours(palette)
    legend = {
        class_names[label - 1]: tuple(colours[label].tolist())
        for label in used
        if 1 <= label <= len(class_names)
    }
    return legend | ({'ignored': tuple(colours[255].tolist())} if 255 in used else {})
