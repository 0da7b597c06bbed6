"""Converts published weights of ResNet-38 for this package.

The names of `ResNet38` are those of the PyTorch checkpoints; only prefixes and heads differ. The
ImageNet weights come in MXNet's names: a level and a letter name the block (``res4a`` is ``b4``,
``res4b2`` is ``b4_2``). Their network did not fix gamma and had eps 1e-5, as PyTorch has: batch
normalisation carries over as it is.
"""

import os
import re
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from mmwsss.compat.checkpoint_file import read_checkpoint
from mmwsss.compat.weights import unwrap_weights
from mmwsss.models.backbones.resnet38 import ResNet38
from mmwsss.structures.atomic import atomic_open

_NORM_PARTS = {
    'gamma': 'weight',
    'beta': 'bias',
    'moving_mean': 'running_mean',
    'moving_var': 'running_var',
}
_MXNET_NAME = re.compile(
    r'(?:arg|aux):(?:(?P<kind>res|bn)(?P<level>\d)(?:a|b(?P<block>\d+))_(?P<branch>branch\w+?)'
    r'|(?P<single>conv1a|bn7))_(?P<part>weight|gamma|beta|moving_mean|moving_var)'
)
_MXNET_CLASSIFIER = re.compile(r'arg:linear\d+_(weight|bias)')

# Names of the head's parameters in each published checkpoint, and their names here.
HEADS = {
    'PSA or SC-CAM classifier': {'fc8.weight': 'head.classifier.weight'},
    'SC-CAM with sub-categories': {
        'fc8_20.weight': 'head.classifier.weight',
        'fc8_200.weight': 'head.sub_classifier.weight',
    },
    'PSA AffinityNet': {
        f'{name}.weight': f'head.{name}.weight' for name in ('f8_3', 'f8_4', 'f8_5', 'f9')
    },
}


def _rename_mxnet(name: str, source: str) -> str:
    match = _MXNET_NAME.fullmatch(name)
    if match is None:
        raise ValueError(f'{source}: unknown parameter {name!r}; not the ImageNet ResNet-38 (A1)')
    part = _NORM_PARTS.get(match['part'], match['part'])
    if match['single']:
        return f'{match["single"]}.{part}'
    block = f'b{match["level"]}' + (f'_{match["block"]}' if match['block'] else '')
    layer = 'conv' if match['kind'] == 'res' else 'bn'
    return f'{block}.{layer}_{match["branch"]}.{part}'


def resnet38_from_mxnet(params: Mapping[str, np.ndarray], source: str) -> dict[str, Tensor]:
    """Rename the arrays of the published MXNet file into a state dict of :class:`ResNet38`.

    Args:
        params (Mapping[str, np.ndarray]): The arrays by name, see :func:`read_mxnet_params`. The
            ImageNet classifier is left out.
        source (str): Name of the file, for messages.

    Returns:
        dict[str, Tensor]: The state dict.

    Raises:
        ValueError: If a parameter is unknown, missing or of another shape.
    """
    state = {
        _rename_mxnet(name, source): torch.from_numpy(np.asarray(value, dtype=np.float32))
        for name, value in params.items()
        if not _MXNET_CLASSIFIER.fullmatch(name)
    }
    return complete_backbone(state, ResNet38, 'ResNet-38', source)


def cam_from_published(state: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """Rename a checkpoint of PSA or SC-CAM into a model's state dict (``backbone.*``, ``head.*``).

    The model is recognised by the parameters of its head, see ``HEADS``.

    Args:
        state (Mapping[str, Tensor]): The published state dict, with or without ``module.`` before
            each name.
        source (str): Name of the file, for messages.

    Returns:
        dict[str, Tensor]: The state dict.

    Raises:
        ValueError: If a parameter is unknown, missing or of another shape.
    """
    state = {name.removeprefix('module.'): value for name, value in state.items()}
    heads = [names for names in HEADS.values() if names.keys() <= state.keys()]
    if len(heads) != 1:
        raise ValueError(f'{source}: has the head of none of: {", ".join(HEADS)}')
    head = {new: state.pop(old) for old, new in heads[0].items()}
    backbone = complete_backbone(state, ResNet38, 'ResNet-38', source)
    return {**{f'backbone.{name}': value for name, value in backbone.items()}, **head}


def complete_backbone(
    state: Mapping[str, Tensor], build: Callable[[], nn.Module], name: str, source: str
) -> dict[str, Tensor]:
    """Check a backbone's state dict, and add batch normalisation's batch counters.

    Checkpoints of PyTorch before 0.4.1 lack these counters.

    Args:
        state (Mapping[str, Tensor]): The state dict.
        build (Callable[[], nn.Module]): Builds the backbone that the state dict belongs to.
        name (str): Name of the backbone, for messages.
        source (str): Name of the file, for messages.

    Returns:
        dict[str, Tensor]: The complete state dict, in the backbone's order.

    Raises:
        ValueError: If a parameter is unknown, missing or of another shape.
    """
    with torch.device('meta'):
        expected = build().state_dict()
    counters = {key for key in expected if key.endswith('.num_batches_tracked')}
    if unexpected := sorted(state.keys() - expected.keys()):
        raise ValueError(f'{source}: unexpected parameters {_some(unexpected)}; not {name}')
    if missing := sorted(expected.keys() - counters - state.keys()):
        raise ValueError(f'{source}: missing parameters {_some(missing)}; not {name}')
    for key, value in state.items():
        if value.shape != expected[key].shape:
            raise ValueError(
                f'{source}: {key} has shape {tuple(value.shape)}, not {tuple(expected[key].shape)}'
            )
    return {key: state[key] if key in state else torch.tensor(0) for key in expected}


def _some(names: list[str]) -> str:
    more = f' and {len(names) - 3} more' if len(names) > 3 else ''
    return ', '.join(names[:3]) + more


def load_published(path: str | os.PathLike) -> dict[str, Tensor]:
    """Load the weights of a published checkpoint.

    Args:
        path (str | os.PathLike): The file.

    Returns:
        dict[str, Tensor]: The state dict.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, or holds anything but weights. The message names it.
    """
    return unwrap_weights(read_checkpoint(os.fspath(path)), os.fspath(path))


def save_weights(state: Mapping[str, Tensor], path: str | os.PathLike, source: str) -> None:
    """Write a state dict as a checkpoint for ``init_cfg`` or ``load_from``, whole or not at all.

    Args:
        state (Mapping[str, Tensor]): The state dict.
        path (str | os.PathLike): The file to write.
        source (str): Where the weights come from; stored in the file.
    """
    with atomic_open(path) as file:
        torch.save({'state_dict': dict(state), 'meta': {'source': source}}, file)
