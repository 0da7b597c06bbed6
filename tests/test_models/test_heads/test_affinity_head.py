from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from mmwsss.models.heads import AffinityHead
from mmwsss.models.weights.resnet38 import HEADS
from mmwsss.ops.affinity import pairwise_affinity

CHANNELS = (5, 6, 7)


def make_head(**kwargs) -> AffinityHead:
    torch.manual_seed(0)
    head = AffinityHead(in_channels=CHANNELS, channels=(2, 3, 4), radius=3, **kwargs)
    head.init_weights()
    return head


def make_feats(*grids: tuple[int, int], batch: int = 2) -> list[torch.Tensor]:
    return [torch.randn(batch, channels, *grid) for channels, grid in zip(CHANNELS, grids)]


def make_samples(*grid: int) -> list[SimpleNamespace]:
    labels = torch.randint(0, 3, (2, *grid)).to(torch.uint8)
    return [SimpleNamespace(gt_affinity_label=label) for label in labels]


def test_parameters_are_named_as_published() -> None:
    published = set(HEADS['PSA AffinityNet'].values())
    assert {f'head.{name}' for name in AffinityHead().state_dict()} == published
    assert AffinityHead().f9.weight.shape == (448, 448, 1, 1)


def test_weights_begin_as_published() -> None:
    torch.manual_seed(0)
    head = AffinityHead()
    head.init_weights()
    for convolution, channels in zip((head.f8_3, head.f8_4, head.f8_5), (512, 1024, 4096)):
        weight = convolution.weight
        assert float(weight.std()) == pytest.approx((2 / channels) ** 0.5, rel=0.03)
        assert float(weight.abs().max()) > 3 * float(weight.std())  # normal, not uniform
    bound = 4 * (6 / 896) ** 0.5
    assert bound * 0.99 < float(head.f9.weight.abs().max()) <= bound


def test_features_are_those_of_the_formula() -> None:
    head = make_head()
    feats = make_feats((4, 5), (4, 5), (4, 5))
    joined = torch.cat(
        [
            F.elu(torch.einsum('oi,nihw->nohw', convolution.weight[:, :, 0, 0], feat))
            for convolution, feat in zip((head.f8_3, head.f8_4, head.f8_5), feats)
        ],
        1,
    )
    expected = F.elu(torch.einsum('oi,nihw->nohw', head.f9.weight[:, :, 0, 0], joined))
    torch.testing.assert_close(head(feats), expected)
    torch.testing.assert_close(
        head.predict(feats, (3, 4)), pairwise_affinity(expected[..., :3, :4], 3)
    )


def test_coarser_taps_are_resized_to_the_finest() -> None:
    head = make_head()
    feats = make_feats((8, 10), (4, 5), (4, 5))
    same = [
        feats[0],
        *(F.interpolate(feat, (8, 10), mode='bilinear', align_corners=False) for feat in feats[1:]),
    ]
    torch.testing.assert_close(head(feats), head(same))


def test_loss_reaches_every_parameter() -> None:
    head = make_head()
    feats = [feat.requires_grad_() for feat in make_feats((6, 7), (6, 7), (6, 7))]
    losses = head.loss(feats, make_samples(6, 7))
    assert set(losses) == {f'{what}_{k}' for what in ('loss', 'pairs') for k in ('bg', 'fg', 'neg')}
    sum(value for key, value in losses.items() if key.startswith('loss')).backward()
    for tensor in (*head.parameters(), *feats):
        assert tensor.grad.isfinite().all()
        assert float(tensor.grad.abs().sum()) > 0


def test_wrong_features_are_refused() -> None:
    with pytest.raises(ValueError, match='three taps, not 2'):
        AffinityHead(in_channels=(1, 2))
    with pytest.raises(ValueError, match=r'got 2: set backbone\.out_indices'):
        make_head()(make_feats((4, 5), (4, 5)))
    with pytest.raises(ValueError, match=r'grid of \(3, 3\).*PoolAffinityLabel'):
        make_head().loss(make_feats((4, 5), (4, 5), (4, 5)), make_samples(3, 3))
