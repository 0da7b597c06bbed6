"""Segmentors: mmseg's, with what training on pseudo-labels adds."""

from .multi_scale import MultiScaleEncoderDecoder
from .probability_tta import ProbabilityTTA

__all__ = ['MultiScaleEncoderDecoder', 'ProbabilityTTA']
