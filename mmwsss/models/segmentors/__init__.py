"""Segmentors: mmseg's, with what training on pseudo-labels adds."""

from .multi_scale import MultiScaleEncoderDecoder
from .test_time_aug import ProbabilityTTA

__all__ = ['MultiScaleEncoderDecoder', 'ProbabilityTTA']
