"""Transforms of training and testing."""

from .affinity_label import LoadAffinityLabel, PadWithLabels, PoolAffinityLabel
from .color import FastColorJitter
from .geometry import LimitSize, RandomPad, RandomResizeLongSide, Resize
from .loading import LoadImage, LoadSegMap, read_rgb
from .pseudo_label import LoadPseudoLabel, PackPseudoLabel

__all__ = [
    'FastColorJitter',
    'LimitSize',
    'LoadAffinityLabel',
    'LoadImage',
    'LoadPseudoLabel',
    'LoadSegMap',
    'PackPseudoLabel',
    'PadWithLabels',
    'PoolAffinityLabel',
    'RandomPad',
    'RandomResizeLongSide',
    'Resize',
    'read_rgb',
]
