"""The rule by which two sets of scores say where a label is certain (PSA)."""

import numpy as np

from mmwsss.structures import IGNORED


def certain_labels(foreground: np.ndarray, background: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Label where a class wins against a high background score, or background with a low one.

    Args:
        foreground (np.ndarray): Scores with the high background score, shape (1 + K, H, W), the
            background first.
        background (np.ndarray): Scores with the low background score, of the same shape.
        names (np.ndarray): Value of each of the 1 + K maps in a label map, 0 first.

    Returns:
        np.ndarray: Label map, uint8 (H, W): 0 where the background wins even with the low score,
        which takes precedence as published; else the class that wins even against the high one;
        255 elsewhere.
    """
    winners = foreground.argmax(0)
    labels = names[winners].astype(np.uint8)
    labels[winners == 0] = IGNORED
    labels[background.argmax(0) == 0] = 0
    return labels
