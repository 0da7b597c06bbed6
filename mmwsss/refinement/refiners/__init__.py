"""Refiners of class scores, built by config from the registry ``REFINERS``."""

from .base import IdentityRefiner, Refiner, ScoredPicture
from .crf import CRFRefiner
from .pixel_adaptive import PixelAdaptiveRefiner
from .random_walk import RandomWalkRefiner
from .sequential import SequentialRefiner

__all__ = [
    'CRFRefiner',
    'IdentityRefiner',
    'PixelAdaptiveRefiner',
    'RandomWalkRefiner',
    'Refiner',
    'ScoredPicture',
    'SequentialRefiner',
]
