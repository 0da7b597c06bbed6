"""How uncertain the mask of a photo is, from what a run has stored."""

import numpy as np

from mmwsss.structures import ResponseMap, strongest


def mask_uncertainty(response: ResponseMap, labels: np.ndarray) -> float:
    """Compute the mean of 1 − the best score over the foreground of a mask.

    It is computed at the resolution of the response maps. A mask without foreground, though the
    photo shows a class, is as uncertain as can be.

    Args:
        response (ResponseMap): Response maps of the classes that the photo shows.
        labels (np.ndarray): The mask, uint8 (H, W): 0 background, other values foreground.

    Returns:
        float: The uncertainty in [0, 1]; 0 where the photo shows none of the classes.
    """
    if len(response.classes) == 0:
        return 0.0
    best = strongest(response.scores)[0].numpy()
    rows, columns = (
        ((np.arange(short) + 0.5) * long / short).astype(int)
        for short, long in zip(best.shape, labels.shape)
    )
    foreground = labels[np.ix_(rows, columns)] > 0
    return float(1 - best[foreground].mean()) if foreground.any() else 1.0
