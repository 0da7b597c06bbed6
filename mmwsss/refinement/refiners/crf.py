"""Refinement by dense CRF."""

from dataclasses import replace
from typing import Any

import numpy as np

from mmwsss.registry import REFINERS

from ..crf_settings import CRF_SETTINGS, CRFParams
from ..dense_crf import Resolution, check_crf, dense_crf
from .base import Refiner, ScoredImage


def crf_params(settings: str = 'cam', **overrides: Any) -> CRFParams:
    """Look up published settings of the dense CRF and replace some of them.

    Args:
        settings (str): A key of ``CRF_SETTINGS``: 'cam', 'affinity_label', 'segmentation' or 'irn'.
            Defaults to 'cam'.
        **overrides (Any): Fields of ``CRFParams`` that replace the published ones.

    Returns:
        CRFParams: The settings.

    Raises:
        ValueError: If the name or a field is unknown, or a value is impossible.
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
    """Refines scores by mean-field inference in a dense CRF (Krähenbühl & Koltun 2011).

    Args:
        settings (str): Published settings to start from: 'cam', 'affinity_label', 'segmentation'
            or 'irn'. Defaults to 'cam'.
        resolution (str): 'image' works at the size of the image, 'scores' at that of the score
            maps. Defaults to 'image'.
        **overrides (Any): Fields of ``CRFParams``, for example ``iterations=5`` or
            ``bilateral_sxy=50``.

    Raises:
        ImportError: If pydensecrf is missing. The message says how to install it.
        ValueError: If a setting is unknown or impossible.
    """

    def __init__(
        self, settings: str = 'cam', resolution: Resolution = 'image', **overrides: Any
    ) -> None:
        self.params = crf_params(settings, **overrides)
        self.resolution = resolution
        check_crf(self.params, resolution)

    def refine(self, scored: ScoredImage) -> ScoredImage:
        """Refine the scores of one image.

        Args:
            scored (ScoredImage): The image with its scores.

        Returns:
            ScoredImage: The same image; its scores are probabilities that sum to 1 per pixel.
        """
        if self.resolution == 'image':
            scores = dense_crf(scored.image, scored.resized_scores(), self.params)
            return scored.with_scores(scores)
        image = _extended(scored.image, scored.extent)
        scores = dense_crf(image, scored.scores, self.params, 'scores')
        return scored.with_scores(scores, scored.extent)


def _extended(image: np.ndarray, extent: tuple[int, int] | None) -> np.ndarray:
    """Repeat the image's border so that image and score maps cover the same area."""
    if extent is None:
        return image
    below, right = extent[0] - image.shape[0], extent[1] - image.shape[1]
    return np.pad(image, ((0, below), (0, right), (0, 0)), mode='edge')
