"""Labels to train affinities with: only pixels whose label is certain have one (PSA)."""

from dataclasses import dataclass, field

import numpy as np

from mmwsss.ops.certain_labels import certain_labels
from mmwsss.structures import IGNORED

from .background import Background
from .crf_settings import CRF_SETTINGS, CRFParams
from .dense_crf import Resolution, dense_crf_sets


@dataclass(frozen=True)
class AffinityLabelParams:
    """Settings of affinity labels. The defaults are those of PSA.

    Every pixel is labelled twice, with a high and with a low score of the background. A class that
    wins against the high one, and a background that wins with the low one, are certain.

    Attributes:
        foreground (Background): The high background score, which decides where a pixel certainly
            belongs to a class. Defaults to alpha = 4.
        background (Background): The low background score, which decides where a pixel certainly is
            background. Defaults to alpha = 32.
        crf (CRFParams, optional): Settings of the dense CRF that refines the scores before the
            decision; None leaves it out. Defaults to PSA's.
        resolution (str): The resolution of the CRF, 'image' or 'scores', see :func:`dense_crf`.
            Defaults to 'image'.
    """

    foreground: Background = field(default_factory=lambda: Background(alpha=4))
    background: Background = field(default_factory=lambda: Background(alpha=32))
    crf: CRFParams | None = CRF_SETTINGS['affinity_label']
    resolution: Resolution = 'image'


def affinity_scores(
    image: np.ndarray,
    scores: np.ndarray,
    params: AffinityLabelParams = AffinityLabelParams(),
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the two sets of scores that decide which pixels have a certain label.

    Args:
        image (np.ndarray): RGB image, shape (H, W, 3), uint8.
        scores (np.ndarray): Response maps of the present classes, shape (K, H, W), floating point,
            in [0, 1]; with ``params.resolution='scores'`` they may be smaller than the image.
        params (AffinityLabelParams): The settings. Defaults to PSA's.

    Returns:
        tuple[np.ndarray, np.ndarray]: Scores with the high and with the low background score,
        shape (1 + K, h, w) each, of the size that the CRF works at.
    """
    sets = [background.add(scores) for background in (params.foreground, params.background)]
    if params.crf is not None:
        sets = dense_crf_sets(image, sets, params.crf, params.resolution)
    return sets[0], sets[1]


def label_names(classes: np.ndarray) -> np.ndarray:
    """Return the values that background and classes have in a label map.

    Args:
        classes (np.ndarray): Indices of the classes, shape (K,).

    Returns:
        np.ndarray: The values, shape (1 + K,), int64.

    Raises:
        ValueError: If a class index does not fit a label map.
    """
    names = np.concatenate([[0], np.asarray(classes, np.int64) + 1])
    if names.max() >= IGNORED:
        raise ValueError(f'class index {names.max() - 1} does not fit a label map')
    return names


def affinity_labels(
    image: np.ndarray,
    scores: np.ndarray,
    classes: np.ndarray,
    params: AffinityLabelParams = AffinityLabelParams(),
) -> np.ndarray:
    """Label the pixels of an image that certainly belong to a class or to the background.

    Args:
        image (np.ndarray): RGB image, shape (H, W, 3), uint8.
        scores (np.ndarray): Response maps of the present classes, shape (K, H, W), floating point,
            in [0, 1]; with ``params.resolution='scores'`` they may be smaller than the image.
        classes (np.ndarray): Indices of these classes, shape (K,), below 254.
        params (AffinityLabelParams): The settings. Defaults to PSA's.

    Returns:
        np.ndarray: Label map, uint8, of the size that the CRF works at: i + 1 where class i has the
        highest score even against the high background score; 0 where the background has it even
        with the low one, which takes precedence where both hold, as published; 255 elsewhere.

    Raises:
        ValueError: If a class index does not fit a label map.
    """
    names = label_names(classes)
    high, low = affinity_scores(image, scores, params)
    return certain_labels(high, low, names)
