"""Backbones that mmpretrain lacks."""

from .deeplab_resnet import DeepLabResNet
from .dilated_convnext import DilatedConvNeXt
from .efficientnet_lite import EfficientNetLite
from .resnet38 import ResNet38

__all__ = ['DeepLabResNet', 'DilatedConvNeXt', 'EfficientNetLite', 'ResNet38']
