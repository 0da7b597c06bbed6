"""Datasets of pictures with image-level labels, and their transforms."""

from . import transforms
from .image_level import ImageLevelDataset, VOCImageLevelDataset
from .labels import DataError

__all__ = ['DataError', 'ImageLevelDataset', 'VOCImageLevelDataset', 'transforms']
