import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample
from repo import CONFIGS
from torch import nn

from mmwsss.models import AffinityNet
from mmwsss.models.backbones import ResNet38
from mmwsss.models.weights.resnet38 import HEADS, cam_from_published
from mmwsss.registry import MODELS

LITE = dict(type='mmwsss.EfficientNetLite', arch='lite0', output_stride=16, out_indices=(3, 4, 6))
LITE_HEAD = dict(
    type='mmwsss.AffinityHead', in_channels=(40, 112, 1280), channels=(4, 4, 8), stride=8
)


@MODELS.register_module()
class ThreeTaps(nn.Module):
    """A backbone of three convolutions at stride 4."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 5, stride=4, padding=2)
        self.convolutions = nn.ModuleList([nn.Conv2d(4, 4, 3, padding=1) for _ in range(3)])

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = self.stem(x)
        return tuple(convolution(x) for convolution in self.convolutions)


def make_net(**kwargs) -> AffinityNet:
    torch.manual_seed(0)
    settings = dict(
        backbone=dict(type='mmwsss.ThreeTaps'),
        head=dict(
            type='mmwsss.AffinityHead',
            in_channels=(4, 4, 4),
            channels=(4, 4, 8),
            radius=3,
            stride=4,
        ),
        data_preprocessor=dict(mean=[10, 20, 30], std=[1, 2, 3], to_rgb=True),
    )
    net = AffinityNet(**{**settings, **kwargs})
    net.init_weights()
    return net


def make_batch(count: int = 3) -> dict:
    """Images of two colours, labelled by the colour."""
    images, samples = [], []
    for index in range(count):
        label = torch.zeros(8, 8, dtype=torch.uint8)
        label[:, 2 + index :] = 1
        image = torch.where(label.repeat_interleave(4, 0).repeat_interleave(4, 1) > 0, 200, 40)
        images.append(image.to(torch.uint8).expand(3, 32, 32))
        sample = DataSample(metainfo=dict(img_path='x'))
        sample.set_gt_label([0])
        sample.gt_affinity_label = label
        samples.append(sample)
    return dict(inputs=torch.stack(images), data_samples=samples)


def test_training_separates_two_colours() -> None:
    net = make_net().train()
    optimizer = OptimWrapper(torch.optim.Adam(net.parameters(), 3e-3))
    logs = [net.train_step(make_batch(), optimizer) for _ in range(100)]
    assert float(logs[-1]['loss']) < 0.2 * float(logs[0]['loss'])
    assert float(logs[0]['pairs_neg']) > 0
    # The counts are logged; they are no losses.
    total = sum(logs[0][f'loss_{kind}'] for kind in ('bg', 'fg', 'neg'))
    assert float(logs[0]['loss']) == pytest.approx(float(total))
    affinity = net.eval().affinities(list(make_batch()['inputs']))
    same, across = affinity[0, 0, 4, 5], affinity[0, 0, 4, 1]
    assert float(same) > float(across) + 0.2


def test_odd_images_are_padded_to_whole_cells() -> None:
    net = make_net().eval()
    inputs = torch.randn(2, 3, 30, 27)
    affinity = net.batch_affinities(inputs)
    assert affinity.shape[-2:] == (8, 7)
    torch.testing.assert_close(affinity, net.batch_affinities(F.pad(inputs, (0, 1, 0, 2))))


def test_images_are_rgb_and_normalised_as_in_training() -> None:
    net = make_net().eval()
    rgb = torch.randint(0, 256, (3, 32, 36), dtype=torch.uint8)
    mean, std = torch.tensor([10, 20, 30.0]), torch.tensor([1, 2, 3.0])
    expected = (rgb - mean[:, None, None]) / std[:, None, None]
    torch.testing.assert_close(net.affinities([rgb]), net.batch_affinities(expected[None]))
    assert net.affinities([rgb], scale=2).shape[-2:] == (16, 18)
    assert net.affinities([rgb], scale=0.5).shape[-2:] == (4, 5)


def test_prediction_takes_images_of_different_sizes() -> None:
    net = make_net().eval()
    images = [torch.randn(3, 30, 27), torch.randn(3, 16, 16)]
    samples = net(images, mode='predict')
    assert [tuple(sample.affinity.shape[1:]) for sample in samples] == [(8, 7), (4, 4)]
    torch.testing.assert_close(samples[1].affinity, net.batch_affinities(images[1][None])[0])
    with pytest.raises(ValueError, match='mode must be'):
        net(images, mode='train')


def test_a_wrong_stride_is_named() -> None:
    net = make_net()
    net.head.stride = 8
    with pytest.raises(
        ValueError, match=r'finest tap has 4 pixels a cell, not 8: set head\.stride'
    ):
        net.batch_affinities(torch.zeros(1, 3, 32, 32))


def test_efficientnet_lite_has_the_grid_of_its_first_tap() -> None:
    net = make_net(backbone=LITE, head=LITE_HEAD, channels_last=True).eval()
    assert net.batch_affinities(torch.zeros(1, 3, 67, 90)).shape == (1, 34, 9, 12)


def test_coarser_taps_lie_upon_the_finest() -> None:
    net = make_net(backbone=LITE, head=dict(LITE_HEAD, radius=2)).eval()
    # Whole cells of the finest tap, but not of those of stride 16.
    image = torch.randn(1, 3, 72, 88, generator=torch.Generator().manual_seed(0))
    affinity = net.batch_affinities(image)
    assert affinity.shape[-2:] == (9, 11)
    whole = net.batch_affinities(F.pad(image, (0, 8, 0, 8)))
    # Pairs that begin in the last row or in the outer columns may end beyond the border.
    torch.testing.assert_close(affinity[..., :8, 1:10], whole[..., :8, 1:10])


def test_published_weights_fit_the_config() -> None:
    cfg = Config.fromfile(CONFIGS / '_base_/models/affinity_resnet38.py').model
    cfg.backbone.init_cfg = None
    cfg.pop('type')
    with torch.device('meta'):
        net = AffinityNet(**cfg.to_dict())
        published = {**ResNet38().state_dict(), **dict.fromkeys(HEADS['PSA AffinityNet'])}
    for name, renamed in HEADS['PSA AffinityNet'].items():
        published[name] = net.state_dict()[renamed]
    assert cam_from_published(published, 'x').keys() == net.state_dict().keys()
