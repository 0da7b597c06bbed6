"""Label maps as colours."""

from collections.abc import Sequence

import cv2
import numpy as np

from mmwsss.datasets.voc import voc_palette
from mmwsss.structures import IGNORED

Palette = np.ndarray | Sequence[Sequence[int]]


def color_labels(labels: np.ndarray, palette: Palette | None = None) -> np.ndarray:
    """Colour a label map.

    Args:
        labels (np.ndarray): Label map, uint8 (H, W): 0 background, i + 1 class i, 255 ignored.
        palette (Palette, optional): RGB colour of each foreground class, as in a dataset's
            metainfo. Defaults to VOC's.

    Returns:
        np.ndarray: RGB image, uint8 (H, W, 3); background black, ignored pixels cream.
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
    """Make the legend of label maps: the colours of the classes in them, and of 'ignored'.

    Args:
        class_names (Sequence[str]): Names of the C foreground classes; label i + 1 is class i.
        labels (np.ndarray): Label maps, uint8, of any shape.
        palette (Palette, optional): See :func:`color_labels`.

    Returns:
        dict[str, tuple[int, int, int]]: RGB colour by the name of a class, or 'ignored'.
    """
    used = np.bincount(np.ravel(labels), minlength=256).nonzero()[0].tolist()
    named = {class_names[label - 1]: label for label in used if 1 <= label <= len(class_names)} | (
        {'ignored': IGNORED} if IGNORED in used else {}
    )
    colours = _colours(palette).tolist()
    return {name: (r, g, b) for name, label in named.items() for r, g, b in [colours[label]]}


def overlay_labels(
    image: np.ndarray,
    labels: np.ndarray,
    opacity: float = 0.55,
    palette: Palette | None = None,
) -> np.ndarray:
    """Lay the colours of a label map over its image; background keeps the image as it is.

    Each region has a white outline (:func:`label_outlines`).

    Args:
        image (np.ndarray): RGB image, uint8 (H, W, 3).
        labels (np.ndarray): Label map, uint8 (H, W): 0 background, i + 1 class i, 255 ignored.
        opacity (float): Share of the colour, in [0, 1]. Defaults to 0.55.
        palette (Palette, optional): See :func:`color_labels`.

    Returns:
        np.ndarray: RGB image, uint8 (H, W, 3).
    """
    share = np.where(labels == 0, 0.0, opacity)[..., None]
    overlay = np.rint(image * (1 - share) + color_labels(labels, palette) * share).astype(np.uint8)
    overlay[label_outlines(labels)] = 255
    return overlay


def label_outlines(labels: np.ndarray) -> np.ndarray:
    """Find the outline of each region of a class, without which grey on grey would not be seen.

    Args:
        labels (np.ndarray): Label map, uint8 (H, W): 0 background, other values are classes.

    Returns:
        np.ndarray: bool (H, W): pixels of a class that are near another label, one for each 400
        pixels of the long side, at least one.
    """
    width = max(1, round(max(labels.shape) / 400))
    near = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    return (cv2.dilate(labels, near) != cv2.erode(labels, near)) & (labels != 0)
