"""Losses of classifiers and of affinities."""

from .affinity import AffinityLoss
from .concentration import ConcentrationLoss, concentration
from .contrastive import ContrastiveLoss, class_contrast
from .entropy import ClassEntropyLoss, class_entropy
from .multi_label import MultiLabelSoftMarginLoss

__all__ = [
    'AffinityLoss',
    'ClassEntropyLoss',
    'ConcentrationLoss',
    'ContrastiveLoss',
    'MultiLabelSoftMarginLoss',
    'class_contrast',
    'class_entropy',
    'concentration',
]
