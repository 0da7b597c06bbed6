"""Losses of classifiers, of affinities and of segmentors."""

from .affinity import AffinityLoss
from .concentration import ConcentrationLoss, concentration
from .contrastive import ContrastiveLoss, class_contrast
from .entropy import ClassEntropyLoss, class_entropy
from .multi_label import MultiLabelSoftMarginLoss
from .seg_concentration import SegConcentrationLoss

__all__ = [
    'AffinityLoss',
    'ClassEntropyLoss',
    'ConcentrationLoss',
    'ContrastiveLoss',
    'MultiLabelSoftMarginLoss',
    'SegConcentrationLoss',
    'class_contrast',
    'class_entropy',
    'concentration',
]
