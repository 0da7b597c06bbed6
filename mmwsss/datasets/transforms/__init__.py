"""Transforms of training and testing."""

from .color import FastColorJitter
from .geometry import RandomPad, RandomResizeLongSide
from .loading import LoadImage, LoadSegMap
from .pseudo_label import LoadPseudoLabel, PackPseudoLabel

__all__ = [
    'FastColorJitter',
    'LoadImage',
    'LoadPseudoLabel',
    'LoadSegMap',
    'PackPseudoLabel',
    'RandomPad',
    'RandomResizeLongSide',
]
