"""Conversion of DeepLab's ResNet-101, on a file of the published layout made here."""

import runpy

import pytest
import torch
from repo import TOOLS
from torch import Tensor, nn
from torch.nn import functional as F

from mmwsss.models.backbones import DeepLabResNet
from mmwsss.models.weights.resnet101 import resnet101_from_deeplab

TOOL = TOOLS / 'model_converters/resnet101_from_deeplab.py'


class Unit(nn.Module):
    def __init__(self, size: int, channels: tuple[int, int], stride: int = 1, rate: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(*channels, size, stride, rate * (size // 2), rate, bias=False)
        self.bn = nn.BatchNorm2d(channels[1])

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))


class Block(nn.Module):
    """The published block: the stride is in the first 1×1 convolution."""

    def __init__(self, channels: tuple[int, int], stride: int, rate: int, first: bool):
        super().__init__()
        middle = channels[1] // 4
        self.reduce = Unit(1, (channels[0], middle), stride)
        self.conv3x3 = Unit(3, (middle, middle), 1, rate)
        self.increase = Unit(1, (middle, channels[1]))
        self.shortcut = Unit(1, channels, stride) if first else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.increase(F.relu(self.conv3x3(F.relu(self.reduce(x)))))
        return F.relu(y + self.shortcut(x))


def published(counts=(3, 4, 23, 3)) -> nn.Sequential:
    """The published network, with random weights and statistics."""
    net = nn.Sequential()
    net.layer1 = nn.Sequential()
    net.layer1.conv1 = Unit(7, (3, 64), 2)
    net.layer1.relu, net.layer1.pool = nn.ReLU(), nn.MaxPool2d(3, 2, 1, ceil_mode=True)
    width = 64
    for index, (count, stride, rate) in enumerate(zip(counts, (1, 2, 1, 1), (1, 1, 2, 4))):
        blocks = nn.Sequential()
        for block in range(count):
            channels = (width, 256 << index)
            blocks.add_module(
                f'block{block + 1}',
                Block(channels, 1 if block else stride, rate, first=block == 0),
            )
            width = 256 << index
        net.add_module(f'layer{index + 2}', blocks)
    generator = torch.Generator().manual_seed(0)
    for name, value in net.state_dict().items():
        if name.endswith('running_var'):
            value.uniform_(0.5, 1.5, generator=generator)
        elif value.ndim == 1:
            value.normal_(generator=generator)
    return net.eval()


@pytest.mark.slow
def test_converted_weights_compute_what_the_published_network_computes(tmp_path):
    net = published()
    state = {f'base.{name}': value for name, value in net.state_dict().items()}
    state['base.aspp.c0.weight'] = torch.zeros(21, 2048, 3, 3)
    torch.save(state, tmp_path / 'in.pth')
    runpy.run_path(str(TOOL))['main']([str(tmp_path / 'in.pth'), str(tmp_path / 'out.pth')])
    ours = DeepLabResNet(
        101, style='caffe', strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), out_indices=(3,)
    )
    ours.load_state_dict(torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict'])
    ours.eval()  # returns None
    # Sides that the published stem rounds up where mmseg's rounds them down.
    image = torch.randn(1, 3, 64, 80)
    with torch.no_grad():
        expected = net(image)
        scale = expected.abs().max()
        torch.testing.assert_close(ours(image)[0] / scale, expected / scale)


def test_both_names_of_the_shortcut_and_every_prefix_are_known():
    with torch.device('meta'):
        state = published().state_dict()
    plain = resnet101_from_deeplab(state, 'x').keys()
    for prefix in ('module.', 'scale.', 'module.base.'):
        renamed = {prefix + k.replace('shortcut', 'proj'): v for k, v in state.items()}
        assert resnet101_from_deeplab(renamed, 'x').keys() == plain


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda s: s.pop('layer3.block2.reduce.conv.weight'), 'missing parameters layer2.1.conv1'),
        (lambda s: s.update({'layer6.x': torch.zeros(1)}), "unknown parameter 'layer6.x'"),
        (
            lambda s: s.update({'layer1.conv1.conv.weight': torch.zeros(64, 1, 7, 7)}),
            'conv1.weight has shape',
        ),
        (
            lambda s: s.update({'layer2.block9.reduce.conv.weight': torch.zeros(1)}),
            'unexpected parameters layer1.8.conv1.weight',
        ),
    ],
)
def test_other_files_are_refused(change, message):
    with torch.device('meta'):
        state = published().state_dict()
    change(state)
    with pytest.raises(ValueError, match=message):
        resnet101_from_deeplab(state, 'file.pth')
