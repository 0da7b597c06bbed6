"""Index masks: 0 is background, i + 1 is class i, 255 is ignored."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mmwsss.structures import IGNORED, DataError

from .png import read_gray
from .voc import voc_palette

_PALETTE = bytes(value for colour in voc_palette() for value in colour)


def read_mask(path: str | Path) -> np.ndarray:
    """Read a mask: a palette or 8-bit gray image of class indices.

    Args:
        path (str | Path): The file.

    Returns:
        np.ndarray: The mask, uint8 (H, W).

    Raises:
        DataError: If it is missing or damaged, or an image of another mode.
    """
    remedy = 'save class indices as a palette or 8-bit gray PNG'
    return read_gray(path, 'a mask', ('P', 'L'), remedy)


def indexed_image(mask: np.ndarray) -> Image.Image:
    """Make the image of a mask that viewers show in VOC's colours.

    Args:
        mask (np.ndarray): The mask, uint8 (H, W).

    Returns:
        Image.Image: A palette image, whose pixels are the values of the mask.
    """
    image = Image.fromarray(mask)
    image.putpalette(_PALETTE)
    return image


def renumber_mask(
    mask: np.ndarray, classes: Sequence[str], kept: Sequence[str], others: int
) -> np.ndarray:
    """Renumber a mask for a part of its classes: 0 and 255 stay.

    Args:
        mask (np.ndarray): Mask of ``classes``, uint8 (H, W).
        classes (Sequence[str]): Classes of the mask; the first is 1.
        kept (Sequence[str]): Those of the new mask; the first becomes 1.
        others (int): What the other classes become.

    Returns:
        np.ndarray: Mask of ``kept``, uint8 (H, W).
    """
    table = np.full(256, others, np.uint8)
    table[[0, IGNORED]] = 0, IGNORED
    table[[1 + classes.index(name) for name in kept]] = range(1, len(kept) + 1)
    return table[mask]


def mask_values(mask: np.ndarray, num_classes: int, path: str | Path) -> np.ndarray:
    """List the values of a mask.

    Args:
        mask (np.ndarray): The mask, uint8 (H, W).
        num_classes (int): Number of foreground classes.
        path (str | Path): File of the mask, for the error.

    Returns:
        np.ndarray: The values that occur, ascending.

    Raises:
        DataError: If a value is no class.
    """
    values = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
    unknown = values[(values > num_classes) & (values != IGNORED)]
    if len(unknown):
        raise DataError(
            f'{path}: value {unknown[0]} is no class; use 0 (background), '
            f'1 to {num_classes} (classes) and {IGNORED} (ignored)'
        )
    return values


def mask_labels(path: str | Path, num_classes: int) -> list[int]:
    """List the classes that a mask shows.

    Args:
        path (str | Path): File of the mask.
        num_classes (int): Number of foreground classes.

    Returns:
        list[int]: Indices of the classes, from 0, ascending.

    Raises:
        DataError: If the mask cannot be read, or a value is no class.
    """
    values = mask_values(read_mask(path), num_classes, path)
    return [int(value) - 1 for value in values if 0 < value <= num_classes]
