"""Losses of classifiers and of affinities."""

from .affinity import AffinityLoss
from .concentration import ConcentrationLoss, concentration
from .entropy import ClassEntropyLoss, class_entropy
from .multi_label import MultiLabelSoftMarginLoss

__all__ = [
    'AffinityLoss',
    'ClassEntropyLoss',
    'ConcentrationLoss',
    'MultiLabelSoftMarginLoss',
    'class_entropy',
    'concentration',
]
