"""Losses of image-level supervision."""

from .concentration import ConcentrationLoss, concentration
from .entropy import ClassEntropyLoss, class_entropy
from .multi_label import MultiLabelSoftMarginLoss

__all__ = [
    'ClassEntropyLoss',
    'ConcentrationLoss',
    'MultiLabelSoftMarginLoss',
    'class_entropy',
    'concentration',
]
