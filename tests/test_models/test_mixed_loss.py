"""Mixup while AffinityNet and the segmentor train."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmpretrain.structures import DataSample
from mmseg.structures import SegDataSample
from torch.nn import functional as F

from mmwsss.models.mixed_loss import mixed_loss
from mmwsss.registry import MODELS

ALPHA = 0.7
BACKBONE = dict(
    type='mmpretrain.ResNet',
    depth=18,
    stem_channels=8,
    base_channels=8,
    strides=(1, 1, 1, 1),
    norm_eval=True,
)


def drawn(count: int) -> tuple[float, torch.Tensor]:
    """λ and the other images of the draws that follow; the state is put back."""
    np.random.seed(3)
    torch.manual_seed(3)
    share, other = np.random.beta(ALPHA, ALPHA), torch.randperm(count)
    np.random.seed(3)
    torch.manual_seed(3)
    return share, other


def test_linear_losses_are_those_of_the_mixed_label() -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(5, 3, 4, 4, generator=generator, dtype=torch.float64)
    labels = torch.rand(5, 3, generator=generator, dtype=torch.float64)

    def network(images: torch.Tensor) -> Callable:
        logits = images.mean((2, 3)).exp()
        return lambda rows: {
            'loss': F.binary_cross_entropy_with_logits(logits, torch.stack(list(rows)))
        }

    share, other = drawn(5)
    loss = mixed_loss(network, inputs, list(labels), ALPHA)['loss']
    mixed = share * inputs + (1 - share) * inputs[other]
    expected = F.binary_cross_entropy_with_logits(
        mixed.mean((2, 3)).exp(), share * labels + (1 - share) * labels[other]
    )
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)


def segmentor(**settings: object) -> torch.nn.Module:
    cfg = dict(
        type='mmwsss.MultiScaleEncoderDecoder',
        backbone=dict(BACKBONE, out_indices=(3,)),
        decode_head=dict(
            type='mmwsss.DeepLabV2Head',
            in_channels=64,
            num_classes=3,
            dilations=(1, 2),
            loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True),
        ),
        test_cfg=dict(mode='whole'),
        **settings,
    )
    torch.manual_seed(1)
    model = MODELS.build(cfg)
    model.init_weights()
    return model.train()


@pytest.mark.parametrize('scales', [(1.0,), (1.0, 0.5)])
def test_segmentor_mixes_the_losses_of_both_label_maps(scales: tuple) -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(3, 3, 32, 32, generator=generator)
    maps = torch.randint(0, 3, (3, 1, 32, 32), generator=generator)
    samples = [SegDataSample(gt_sem_seg=PixelData(data=one)) for one in maps]
    plain = segmentor(scales=scales, train_cfg=dict())
    mixing = segmentor(scales=scales, train_cfg=dict(mixup_alpha=ALPHA))
    share, other = drawn(3)
    losses = mixing.loss(inputs, samples)
    mixed = share * inputs + (1 - share) * inputs[other]
    ours, theirs = plain.loss(mixed, samples), plain.loss(mixed, [samples[i] for i in other])
    assert losses.keys() == ours.keys()
    for name, value in losses.items():
        torch.testing.assert_close(value, share * ours[name] + (1 - share) * theirs[name])


def affinity_net(alpha: float | None) -> torch.nn.Module:
    torch.manual_seed(1)
    model = MODELS.build(
        dict(
            type='mmwsss.AffinityNet',
            backbone=dict(BACKBONE, out_indices=(1, 2, 3)),
            head=dict(
                type='mmwsss.AffinityHead',
                in_channels=(16, 32, 64),
                channels=(4, 4, 8),
                radius=3,
                stride=4,
            ),
            mixup_alpha=alpha,
        )
    )
    model.init_weights()
    return model.train()


def test_affinity_net_mixes_the_losses_of_both_labels() -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(4, 3, 32, 32, generator=generator)
    maps = torch.randint(0, 3, (4, 8, 8), generator=generator, dtype=torch.uint8)
    samples = []
    for one in maps:
        sample = DataSample()
        sample.gt_affinity_label = one
        samples.append(sample)
    plain, mixing = affinity_net(None), affinity_net(ALPHA)
    share, other = drawn(4)
    losses = mixing(inputs, samples, 'loss')
    mixed = share * inputs + (1 - share) * inputs[other]
    ours = plain(mixed, samples, 'loss')
    theirs = plain(mixed, [samples[i] for i in other], 'loss')
    for name, value in losses.items():
        torch.testing.assert_close(value, share * ours[name] + (1 - share) * theirs[name])


def test_alpha_is_checked() -> None:
    with pytest.raises(ValueError, match='mixup_alpha must be positive'):
        affinity_net(0.0)
    with pytest.raises(ValueError, match='mixup_alpha must be positive'):
        segmentor(train_cfg=dict(mixup_alpha=-1))
