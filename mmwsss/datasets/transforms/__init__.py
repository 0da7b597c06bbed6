"""Transforms of image-level training and testing."""

from .geometry import RandomCropPad, RandomResizeLongSide
from .loading import LoadImage, LoadSegMap

__all__ = ['LoadImage', 'LoadSegMap', 'RandomCropPad', 'RandomResizeLongSide']
