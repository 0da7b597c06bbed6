"""Refinement by dense CRF."""

from dataclasses import replace
from typing import Any

import numpy as np

from mmwsss.registry import REFINERS

from ..dense_crf import CRF_SETTINGS, CRFParams, Resolution, check_crf, dense_crf
from .base import Refiner, ScoredImage


def crf_params(settings: str = 'cam', **overrides: Any) -> CRFParams:
    """Published settings by name, some of them replaced.

    Args:
        settings: a name of ``CRF_SETTINGS``.
        **overrides: fields of ``CRFParams``.

    Raises:
        ValueError: an unknown name or field.
    """
    if settings not in CRF_SETTINGS:
        raise ValueError(f'CRF settings must be one of {sorted(CRF_SETTINGS)}, not {settings!r}')
    try:
        return replace(CRF_SETTINGS[settings], **overrides)
    except TypeError as error:
        known = ', '.join(CRFParams.__dataclass_fields__)
        raise ValueError(f'CRF settings: {error}; known are {known}') from error


@REFINERS.register_module()
class CRFRefiner(Refiner):
    """Mean-field inference in a dense CRF, see ``mmwsss.refinement.dense_crf``.

    Args:
        settings: 'cam', 'affinity_label', 'segmentation' or 'irn'.
        resolution: 'image', or 'scores' to work at that of the scores.
        **overrides: fields of ``CRFParams``, for example ``iterations=5`` or ``bilateral_sxy=50``.

    Raises:
        ImportError: at once, where pydensecrf is missing; says how to install it.
    """

    def __init__(
        self, settings: str = 'cam', resolution: Resolution = 'image', **overrides: Any
    ) -> None:
        self.params = crf_params(settings, **overrides)
        self.resolution = resolution
        check_crf(self.params, resolution)

    def refine(self, scored: ScoredImage) -> ScoredImage:
        """Refine one image; the scores become probabilities."""
        if self.resolution == 'image':
            scores = dense_crf(scored.image, scored.resized_scores(), self.params)
            return scored.with_scores(scores)
        image = _extended(scored.image, scored.extent)
        scores = dense_crf(image, scored.scores, self.params, 'scores')
        return scored.with_scores(scores, scored.extent)


def _extended(image: np.ndarray, extent: tuple[int, int] | None) -> np.ndarray:
    """Repeat the border, so that image and score maps cover the same."""
    if extent is None:
        return image
    below, right = extent[0] - image.shape[0], extent[1] - image.shape[1]
    return np.pad(image, ((0, below), (0, right), (0, 0)), mode='edge')
