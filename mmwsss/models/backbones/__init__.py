"""Backbones that mmpretrain lacks."""

from .dilated_convnext import DilatedConvNeXt
from .efficientnet_lite import EfficientNetLite
from .resnet38 import ResNet38

__all__ = ['DilatedConvNeXt', 'EfficientNetLite', 'ResNet38']
