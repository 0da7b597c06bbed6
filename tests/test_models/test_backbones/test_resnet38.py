"""ResNet-38 against a table of its layers and plain convolutions."""

import pytest
import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmwsss.registry import MODELS

# name, in, mid, out, stride, dilations
BASIC = [
    ('b2', 64, 128, 128, 2, (1, 1)),
    *((f'b2_{i}', 128, 128, 128, 1, (1, 1)) for i in (1, 2)),
    ('b3', 128, 256, 256, 2, (1, 1)),
    *((f'b3_{i}', 256, 256, 256, 1, (1, 1)) for i in (1, 2)),
    ('b4', 256, 512, 512, 2, (1, 1)),
    *((f'b4_{i}', 512, 512, 512, 1, (1, 1)) for i in (1, 2, 3, 4, 5)),
    ('b5', 512, 512, 1024, 1, (1, 2)),
    *((f'b5_{i}', 1024, 512, 1024, 1, (2, 2)) for i in (1, 2)),
]
BOTTLENECK = [('b6', 1024, 2048), ('b7', 2048, 4096)]


def expected_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {'conv1a.weight': (64, 3, 3, 3)}

    def norm(name: str, channels: int) -> None:
        for part in ('weight', 'bias', 'running_mean', 'running_var'):
            shapes[f'{name}.{part}'] = (channels,)

    for name, inside, mid, out, stride, _ in BASIC:
        norm(f'{name}.bn_branch2a', inside)
        shapes[f'{name}.conv_branch2a.weight'] = (mid, inside, 3, 3)
        norm(f'{name}.bn_branch2b1', mid)
        shapes[f'{name}.conv_branch2b1.weight'] = (out, mid, 3, 3)
        if inside != out or stride != 1:
            shapes[f'{name}.conv_branch1.weight'] = (out, inside, 1, 1)
    for name, inside, out in BOTTLENECK:
        norm(f'{name}.bn_branch2a', inside)
        shapes[f'{name}.conv_branch2a.weight'] = (out // 4, inside, 1, 1)
        norm(f'{name}.bn_branch2b1', out // 4)
        shapes[f'{name}.conv_branch2b1.weight'] = (out // 2, out // 4, 3, 3)
        norm(f'{name}.bn_branch2b2', out // 2)
        shapes[f'{name}.conv_branch2b2.weight'] = (out, out // 2, 1, 1)
        shapes[f'{name}.conv_branch1.weight'] = (out, inside, 1, 1)
    norm('bn7', 4096)
    return shapes


def plain_forward(weights: dict[str, Tensor], x: Tensor) -> dict[str, Tensor]:
    def norm_relu(name: str, x: Tensor) -> Tensor:
        mean, var, gamma, beta = (
            weights[f'{name}.{part}'][:, None, None]
            for part in ('running_mean', 'running_var', 'weight', 'bias')
        )
        return ((x - mean) / (var + 1e-5).sqrt() * gamma + beta).clamp(min=0)

    def conv(name: str, x: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
        weight = weights[f'{name}.weight']
        return F.conv2d(x, weight, None, stride, dilation * (weight.shape[-1] // 2), dilation)

    taps, x = {}, conv('conv1a', x)
    for name, inside, _, out, stride, (first, second) in BASIC:
        entry = norm_relu(f'{name}.bn_branch2a', x)
        if name == 'b5':
            taps['conv4'] = entry
        y = conv(f'{name}.conv_branch2a', entry, stride, first)
        y = conv(f'{name}.conv_branch2b1', norm_relu(f'{name}.bn_branch2b1', y), 1, second)
        changes = inside != out or stride != 1
        x = y + (conv(f'{name}.conv_branch1', entry, stride) if changes else x)
    for name, _, _ in BOTTLENECK:
        entry = norm_relu(f'{name}.bn_branch2a', x)
        if name == 'b6':
            taps['conv5'] = entry
        y = conv(f'{name}.conv_branch2a', entry)
        y = conv(f'{name}.conv_branch2b1', norm_relu(f'{name}.bn_branch2b1', y), 1, 4)
        y = conv(f'{name}.conv_branch2b2', norm_relu(f'{name}.bn_branch2b2', y))
        x = y + conv(f'{name}.conv_branch1', entry)
    taps['conv6'] = norm_relu('bn7', x)
    return taps


@pytest.fixture(scope='module')
def resnet38() -> BaseModule:
    torch.manual_seed(0)
    backbone = MODELS.build({'type': 'ResNet38', 'out_indices': (0, 1, 2)})
    for name, value in backbone.state_dict().items():
        if name.endswith('running_var'):
            value.uniform_(0.5, 2)
        elif 'bn' in name and value.is_floating_point():
            value.add_(0.2 * torch.randn_like(value))
    return backbone


def test_names_and_shapes_are_the_published_ones(resnet38: BaseModule) -> None:
    shapes = {
        name: tuple(value.shape)
        for name, value in resnet38.state_dict().items()
        if not name.endswith('num_batches_tracked')
    }
    assert shapes == expected_shapes()


def test_parameters_are_as_many_as_published(resnet38: BaseModule) -> None:
    assert sum(p.numel() for p in resnet38.parameters()) == 105_070_912


def test_taps_are_those_of_a_plain_forward(resnet38: BaseModule) -> None:
    resnet38.eval()
    x = torch.randn(1, 3, 33, 48)
    with torch.no_grad():
        taps = resnet38(x)
        expected = plain_forward(resnet38.state_dict(), x)
    assert [tuple(tap.shape) for tap in taps] == [(1, c, 5, 6) for c in (512, 1024, 4096)]
    for tap, (name, value) in zip(taps, expected.items()):
        scale = value.abs().max().item()
        torch.testing.assert_close(tap, value, rtol=1e-4, atol=1e-4 * scale, msg=name)
        assert tap.min() == 0


def test_what_trains_by_default(resnet38: BaseModule) -> None:
    resnet38.train()
    norms = [m for m in resnet38.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert len(norms) == 2 * len(BASIC) + 3 * len(BOTTLENECK) + 1
    assert not any(norm.training for norm in norms)
    trainable = {name for name, p in resnet38.named_parameters() if p.requires_grad}
    convs = {name for name, shape in expected_shapes().items() if len(shape) == 4}
    frozen = {name for name in convs if name.startswith(('conv1a', 'b2'))}
    assert trainable == convs - frozen
    assert resnet38.b6.dropout.training
    assert (resnet38.b6.dropout.p, resnet38.b7.dropout.p) == (0.3, 0.5)


def test_training_leaves_statistics_and_dropout_random(resnet38: BaseModule) -> None:
    resnet38.train()
    before = resnet38.bn7.running_mean.clone()
    x = torch.randn(1, 3, 16, 16)
    with torch.no_grad():
        first, second = resnet38(x), resnet38(x)
    assert torch.equal(resnet38.bn7.running_mean, before)
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[2], second[2])


def test_checkpointing_gives_the_same_gradients(resnet38: BaseModule) -> None:
    x = torch.randn(1, 3, 16, 16)
    gradients = []
    for with_cp in (False, True):
        resnet38.with_cp = with_cp
        resnet38.train()
        resnet38.zero_grad()
        torch.manual_seed(1)
        sum(tap.mean() for tap in resnet38(x)).backward()
        gradients.append(
            [resnet38.b3.conv_branch2a.weight.grad, resnet38.b7.conv_branch1.weight.grad]
        )
    resnet38.with_cp = False
    assert gradients[0][0].abs().sum() > 0
    for one, other in zip(*gradients):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize('bad', [{'out_indices': (3,)}, {'out_indices': ()}, {'frozen_stages': 8}])
def test_unknown_tap_or_stage(bad: dict) -> None:
    with pytest.raises(ValueError, match='ResNet38: '):
        MODELS.build({'type': 'ResNet38', **bad})
