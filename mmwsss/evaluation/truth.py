"""What true masks must have, so that scores against them mean something."""

import numpy as np

from mmwsss.structures import DataError


def require_true_classes(pixels: np.ndarray) -> None:
    """Refuse truth that shows no class: background alone would be half of a mean IoU.

    Args:
        pixels (np.ndarray): Number of true pixels of the background and of each of the C classes,
            over all images, shape (C + 1,).

    Raises:
        DataError: If no pixel is of a class.
    """
    if not np.any(pixels[1:]):
        raise DataError(
            f'no mask shows a class ({int(pixels[0])} pixels of background, all others ignored), '
            f'so nothing can be measured; save indices, 1 to {len(pixels) - 1} for the classes; '
            'tools/check_data.py CONFIG names the masks'
        )
