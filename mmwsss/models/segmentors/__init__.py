"""mmseg's segmentors with what training on pseudo-labels needs."""

from .multi_scale import MultiScaleEncoderDecoder
from .probability_tta import ProbabilityTTA

__all__ = ['MultiScaleEncoderDecoder', 'ProbabilityTTA']
