"""Backbones that mmpretrain lacks, and the checkpoint schemes of their weights."""

from . import efficientnet_lite_weights  # noqa: F401
from .dilated_convnext import DilatedConvNeXt
from .efficientnet_lite import EfficientNetLite
from .resnet38 import ResNet38

__all__ = ['DilatedConvNeXt', 'EfficientNetLite', 'ResNet38']
