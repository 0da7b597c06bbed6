"""Labels that teach affinities: only where response maps and dense CRF are sure (PSA)."""

from dataclasses import dataclass, field

import numpy as np

from mmwsss.structures import IGNORED

from .background import Background
from .dense_crf import CRF_SETTINGS, CRFParams, Resolution, dense_crf_sets


@dataclass(frozen=True)
class AffinityLabelParams:
    """What affinity labels depend on. The defaults are those of PSA.

    Attributes:
        foreground: a strong background: what remains foreground after the CRF is so for sure.
        background: a weak background: what the CRF still calls background is so for sure.
        crf: settings of the CRF; None goes without.
        resolution: of the CRF, see ``dense_crf``.
    """

    foreground: Background = field(default_factory=lambda: Background(alpha=4))
    background: Background = field(default_factory=lambda: Background(alpha=32))
    crf: CRFParams | None = CRF_SETTINGS['affinity_label']
    resolution: Resolution = 'image'


def affinity_labels(
    image: np.ndarray,
    scores: np.ndarray,
    classes: np.ndarray,
    params: AffinityLabelParams = AffinityLabelParams(),
) -> np.ndarray:
    """Confident foreground, confident background, and the rest.

    Args:
        image: (H, W, 3) uint8, RGB.
        scores: (K, H, W) float in [0, 1], response maps of the present classes; the size of the
            image, or a smaller one with ``params.resolution='scores'``.
        classes: (K,) their indices, below 254.
        params: settings.

    Returns:
        uint8, of the size that the CRF works at: i + 1 where the strong background still leaves
        class i the highest score; 0 where even the weak background has it, which wins where both
        hold, as published; 255 elsewhere.
    """
    names = np.concatenate([[0], np.asarray(classes, np.int64) + 1])
    if names.max() >= IGNORED:
        raise ValueError(f'class index {names.max() - 1} does not fit a label map')
    sets = [background.add(scores) for background in (params.foreground, params.background)]
    if params.crf is not None:
        sets = dense_crf_sets(image, sets, params.crf, params.resolution)
    surely_foreground, surely_background = (scores.argmax(0) for scores in sets)
    labels = names[surely_foreground].astype(np.uint8)
    labels[surely_foreground == 0] = IGNORED
    labels[surely_background == 0] = 0
    return labels
