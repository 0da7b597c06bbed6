"""Index masks: 0 is background, i + 1 is class i, 255 is ignored."""

from pathlib import Path

import numpy as np
from PIL import Image

from mmwsss.structures import IGNORED, DataError


def read_mask(path: str | Path) -> np.ndarray:
    """Read a palette or 8-bit gray image of class indices as uint8, shape (H, W)."""
    try:
        with Image.open(path) as image:
            if image.mode not in ('P', 'L'):
                raise DataError(
                    f'{path}: a mask of mode {image.mode}; '
                    'save class indices as a palette or 8-bit gray PNG'
                )
            return np.array(image)
    except FileNotFoundError:
        raise DataError(f'{path}: no such mask; add it or remove the split entry') from None
    except (OSError, SyntaxError) as error:
        raise DataError(f'{path}: unreadable mask ({error}); save it again') from None


def mask_values(mask: np.ndarray, num_classes: int, path: str | Path) -> np.ndarray:
    """Return the different values of a mask, ascending; a value that is no class is an error."""
    values = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
    unknown = values[(values > num_classes) & (values != IGNORED)]
    if len(unknown):
        raise DataError(
            f'{path}: value {unknown[0]} is no class; use 0 (background), '
            f'1 to {num_classes} (classes) and {IGNORED} (ignored)'
        )
    return values


def mask_labels(path: str | Path, num_classes: int) -> list[int]:
    """Return the ascending indices of the classes that a mask shows."""
    values = mask_values(read_mask(path), num_classes, path)
    return [int(value) - 1 for value in values if 0 < value <= num_classes]
