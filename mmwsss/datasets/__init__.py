"""Datasets of pictures with image-level labels, and their transforms."""

from . import transforms
from .affinity import AffinityDataset, VOCAffinityDataset
from .image_level import ImageLevelDataset, VOCImageLevelDataset
from .label_folder import LabelFolder
from .labels import DataError

__all__ = [
    'AffinityDataset',
    'DataError',
    'ImageLevelDataset',
    'LabelFolder',
    'VOCAffinityDataset',
    'VOCImageLevelDataset',
    'transforms',
]
