"""Converts published DeepLab weights of ResNet-101 for mmseg's ResNet.

The PyTorch port of DeepLab-v2 names a layer by its level, block and place:
``layer3.block2.conv3x3`` is ``layer2.1.conv2``. The weights come from Caffe: BGR images with the
mean subtracted, and the stride in the first 1×1 convolution of a block (``style='caffe'``).
"""

import re
from collections.abc import Mapping

from mmseg.models.backbones import ResNet
from torch import Tensor

from .resnet38 import complete_backbone

_PLACES = {'reduce': '1', 'conv3x3': '2', 'increase': '3'}
_NAME = re.compile(
    r'layer(?P<level>[2-5])\.block(?P<block>\d+)\.'
    r'(?P<place>reduce|conv3x3|increase|shortcut|proj)\.(?P<kind>conv|bn)\.(?P<part>\w+)'
)
_STEM = re.compile(r'layer1\.conv1\.(?P<kind>conv|bn)\.(?P<part>\w+)')
_PREFIXES = re.compile(r'^(module\.)?((base|scale)\.)?')
_CLASSIFIER = re.compile(r'(aspp|fc)\.')


def _rename(name: str, source: str) -> str:
    if match := _STEM.fullmatch(name):
        return f'{match["kind"]}1.{match["part"]}'
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{source}: unknown parameter {name!r}; not DeepLab's ResNet-101")
    block = f'layer{int(match["level"]) - 1}.{int(match["block"]) - 1}'
    if match['place'] in _PLACES:
        return f'{block}.{match["kind"]}{_PLACES[match["place"]]}.{match["part"]}'
    return f'{block}.downsample.{0 if match["kind"] == "conv" else 1}.{match["part"]}'


def resnet101_from_deeplab(state: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """Rename a checkpoint of DeepLab-v1 or v2 into a state dict of mmseg's ``ResNet`` (depth 101).

    Args:
        state (Mapping[str, Tensor]): The published state dict. Its classifiers (``fc``, ``aspp``)
            are left out.
        source (str): Name of the file, for messages.

    Returns:
        dict[str, Tensor]: The state dict.

    Raises:
        ValueError: If a parameter is unknown, missing or of another shape.
    """
    names = {name: _PREFIXES.sub('', name) for name in state}
    renamed = {
        _rename(short, source): state[name]
        for name, short in names.items()
        if not _CLASSIFIER.match(short)
    }
    return complete_backbone(
        renamed, lambda: ResNet(101, style='caffe'), "DeepLab's ResNet-101", source
    )
