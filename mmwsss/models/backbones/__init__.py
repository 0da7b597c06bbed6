"""Backbones that mmpretrain lacks, and the checkpoint schemes of their weights."""

from . import efficientnet_lite_weights  # noqa: F401
from .efficientnet_lite import EfficientNetLite
from .resnet38 import ResNet38

__all__ = ['EfficientNetLite', 'ResNet38']
