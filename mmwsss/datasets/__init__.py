"""Datasets of images with image-level labels or pseudo-labels, and their transforms."""

from mmwsss.structures import DataError

from . import transforms
from .affinity import AffinityDataset, VOCAffinityDataset
from .class_balance import ClassBalancedSampler
from .image_level import ImageLevelDataset, VOCImageLevelDataset
from .label_folder import LabelFolder
from .pseudo_label import PseudoLabelDataset, VOCPseudoLabelDataset
from .seeding import SeededInfiniteSampler, SeededSampler

__all__ = [
    'AffinityDataset',
    'ClassBalancedSampler',
    'DataError',
    'ImageLevelDataset',
    'LabelFolder',
    'PseudoLabelDataset',
    'SeededInfiniteSampler',
    'SeededSampler',
    'VOCAffinityDataset',
    'VOCImageLevelDataset',
    'VOCPseudoLabelDataset',
    'transforms',
]
