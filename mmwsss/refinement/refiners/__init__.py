"""Refiners of class scores, built by config from the registry ``REFINERS``."""

from .base import ConfidenceThresholds, IdentityRefiner, KeepConfidence, Refiner, ScoredImage
from .crf import CRFRefiner
from .pixel_adaptive import PixelAdaptiveRefiner
from .random_walk import RandomWalkRefiner
from .sequential import SequentialRefiner

__all__ = [
    'CRFRefiner',
    'ConfidenceThresholds',
    'IdentityRefiner',
    'KeepConfidence',
    'PixelAdaptiveRefiner',
    'RandomWalkRefiner',
    'Refiner',
    'ScoredImage',
    'SequentialRefiner',
]
