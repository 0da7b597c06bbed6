"""Transforms of image-level training and testing."""

from .color import FastColorJitter
from .geometry import RandomPad, RandomResizeLongSide
from .loading import LoadImage, LoadSegMap

__all__ = ['FastColorJitter', 'LoadImage', 'LoadSegMap', 'RandomPad', 'RandomResizeLongSide']
