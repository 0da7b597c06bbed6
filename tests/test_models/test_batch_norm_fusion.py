"""Folded batch normalisation computes the same, and only where it may be folded."""

import copy

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn
from torch.nn.functional import relu

from mmwsss.models.batch_norm_fusion import fuse_batch_norm
from mmwsss.registry import MODELS

BACKBONES = [
    (dict(type='EfficientNetLite', output_stride=16, out_indices=(3, 4, 6)), 49),
    (
        dict(type='DeepLabResNet', depth=50, stem_channels=8, base_channels=8,
             strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), out_indices=(3,)),
        53,
    ),
    (dict(type='mmpretrain.ResNet', depth=18, stem_channels=8, base_channels=8), 20),
    (  # of the last stage nothing is put out
        dict(type='mmpretrain.ResNet', depth=18, stem_channels=8, base_channels=8,
             out_indices=(0, 1, 2)),
        20,
    ),
]  # fmt: skip


def randomise(module: nn.Module) -> None:
    """Statistics and weights that differ from those of a new layer."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(std=0.2)
            layer.running_var.uniform_(0.5, 2)
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.2)


def norms(module: nn.Module) -> int:
    return sum(isinstance(layer, nn.BatchNorm2d) for layer in module.modules())


@torch.no_grad()
@pytest.mark.parametrize('cfg, count', BACKBONES)
def test_backbones_compute_the_same_and_come_back(cfg, count):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmwsss'):
        network = MODELS.build(cfg).double()
    network.eval()  # of some backbones it returns None
    randomise(network)
    state = copy.deepcopy(network.state_dict())
    images = torch.randn(2, 3, 64, 96, dtype=torch.float64)
    expected = network(images)
    undo = fuse_batch_norm(network)
    assert norms(network) == 0
    for fused, plain in zip(network(images), expected, strict=True):
        torch.testing.assert_close(fused, plain, rtol=1e-9, atol=1e-9)
    undo()
    assert norms(network) == count
    assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items())
    for again, plain in zip(network(images), expected, strict=True):
        assert torch.equal(again, plain)


class Awkward(nn.Module):
    """Layers of which only the first may be folded."""

    def __init__(self) -> None:
        super().__init__()
        for index in range(5):
            setattr(self, f'conv{index}', nn.Conv2d(3, 3, 1))
            setattr(self, f'norm{index}', nn.BatchNorm2d(3))
        self.norm4 = nn.BatchNorm2d(3, track_running_stats=False)

    def forward(self, x):
        x = relu(self.norm0(self.conv0(x)))
        raw = self.conv1(x)
        x = self.norm1(raw) + raw  # read twice
        x = self.norm2(self.conv2(self.conv2(x)))  # called twice
        x = self.norm3(relu(self.conv3(x)))  # not at once
        return self.norm4(self.conv4(x))  # statistics of the batch


@torch.no_grad()
def test_what_others_read_is_left_alone():
    network = Awkward().double().eval()
    randomise(nn.ModuleList([network.norm0, network.norm1, network.norm2, network.norm3]))
    images = torch.randn(2, 3, 5, 7, dtype=torch.float64)
    expected = network(images)
    fuse_batch_norm(network)
    assert norms(network) == 4 and not isinstance(network.norm0, nn.BatchNorm2d)
    torch.testing.assert_close(network(images), expected)


def test_a_network_in_training_mode_or_that_cannot_be_followed_is_left_alone():
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)).train()
    fuse_batch_norm(network)
    assert norms(network) == 1

    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))

        def forward(self, x):
            return self.body(x) if x.sum() > 0 else x

    network = Branching().eval()
    fuse_batch_norm(network)
    assert norms(network) == 1
