"""Concentration of a segmentor's maps against loops over pixels in float64."""

import math

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from tiny_segmentor import HEAD, LOSS, SIZE, build
from torch.autograd import gradcheck

from mmwsss.models.losses import SegConcentrationLoss

OWN = dict(type='mmwsss.SegConcentrationLoss', loss_weight=0.5)
HEAD_WITH_BOTH = dict(HEAD, loss_decode=[LOSS, OWN])
EPS = 1e-5


def make_scores(count: int = 3, classes: int = 4, size: tuple = (5, 6)) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return 2 * torch.randn(count, classes, *size, generator=generator, dtype=torch.float64)


def make_label() -> torch.Tensor:
    """The first image shows 1 and 3, the second no class, the third 2; all have open pixels."""
    label = torch.zeros(3, 5, 6, dtype=torch.int64)
    label[0, :2], label[0, 3, 2:] = 1, 3
    label[2, 1:, 3] = 2
    label[0, 2], label[1, :, 4], label[2, 0] = 255, 255, 255
    return label


def by_loops(scores: torch.Tensor, label: torch.Tensor, floor: float, ignored: int = 255) -> float:
    total = 0.0
    count, classes, height, width = scores.shape
    cells = [(h, w) for h in range(height) for w in range(width)]
    for n in range(count):
        for c in range(1, classes):
            if not any(label[n, h, w] == c for h, w in cells):
                continue
            mass = {}
            for h, w in cells:
                weights = [math.exp(scores[n, k, h, w]) for k in range(classes)]
                mass[h, w] = 0.0 if label[n, h, w] == ignored else weights[c] / sum(weights)
            whole = sum(mass.values())
            place = {(h, w): ((2 * h + 1) / height - 1, (2 * w + 1) / width - 1) for h, w in cells}
            centre = [sum(place[i][a] * mass[i] for i in cells) / (whole + EPS) for a in (0, 1)]
            spread = sum(mass[i] * math.dist(place[i], centre) ** 2 for i in cells)
            factor = whole / (whole + floor * height * width + EPS)
            total += factor * spread / (whole + EPS)
    return total / count


@pytest.mark.parametrize('floor', [0.0, 0.01, 0.3])
def test_it_equals_the_loops(floor: float) -> None:
    scores, label = make_scores(), make_label()
    expected = by_loops(scores, label, floor)
    assert expected > 0.1
    loss = SegConcentrationLoss(2.0, floor)(scores, label)
    assert loss.item() == pytest.approx(2 * expected, rel=1e-9)


def test_gradient_is_that_of_the_loss_and_none_at_open_pixels() -> None:
    scores, label = make_scores().requires_grad_(), make_label()
    loss = SegConcentrationLoss()
    assert gradcheck(lambda x: loss(x, label), scores)
    (gradient,) = torch.autograd.grad(loss(scores, label), scores)
    known = label != 255
    strength = gradient.abs().sum(1)
    assert (strength[~known] == 0).all()
    assert (strength[0][known[0]] > 0).all() and (strength[2][known[2]] > 0).all()
    assert (strength[1] == 0).all()


def test_absent_classes_have_no_loss() -> None:
    scores = make_scores(1)
    label = torch.zeros(1, 5, 6, dtype=torch.int64)
    loss = SegConcentrationLoss(1.0)
    assert loss(scores, label) == 0
    label[0, 1, 2:4] = 2
    # What the others score matters by the softmax alone, in which they are alike.
    one = loss(scores, label)
    assert one > 0.01
    torch.testing.assert_close(loss(scores[:, [3, 0, 2, 1]], label), one)


def test_other_values_may_be_ignored() -> None:
    scores, label = make_scores(), make_label()
    other = label.where(label != 255, 17)
    loss = SegConcentrationLoss()
    assert loss(scores, other, ignore_index=17) == loss(scores, label)


def test_images_without_known_pixels_give_zero_and_no_nan() -> None:
    scores = make_scores().requires_grad_()
    loss = SegConcentrationLoss()(scores, torch.full((3, 5, 6), 255))
    loss.backward()
    assert loss.item() == 0
    assert (scores.grad == 0).all()


def test_pixels_of_weight_zero_are_ignored() -> None:
    scores, label = make_scores(), make_label()
    weight = torch.rand(3, 5, 6) + 0.1
    loss = SegConcentrationLoss()
    assert loss(scores, label, weight) == loss(scores, label)
    weight[:, :, :3] = 0
    cut = label.clone()
    cut[:, :, :3] = 255
    assert loss(scores, label, weight) == loss(scores, cut) != loss(scores, label)


def test_strength_does_not_depend_on_the_resolution() -> None:
    scores, label = make_scores(size=(20, 20)), torch.zeros(3, 20, 20, dtype=torch.int64)
    label[:, 4:12, 6:16] = 1
    fine = [x.repeat_interleave(4, -1).repeat_interleave(4, -2) for x in (scores, label)]
    loss = SegConcentrationLoss(1.0)
    # All that differs is the variance within a cell of side 1/10: 2 · (1/10)² / 12.
    assert loss(*fine).item() == pytest.approx(loss(scores, label).item(), abs=2 / 1200)


def batch() -> tuple[torch.Tensor, list[SegDataSample]]:
    rng = np.random.default_rng(0)
    inputs = torch.from_numpy(rng.normal(size=(2, 3, *SIZE)).astype(np.float32))
    labels = torch.from_numpy(rng.choice([0, 1, 3, 255], (2, 1, *SIZE)))
    return inputs, [SegDataSample(gt_sem_seg=PixelData(data=label)) for label in labels]


def test_a_head_adds_it_to_the_cross_entropy() -> None:
    inputs, samples = batch()
    plain, both = build(), build(HEAD_WITH_BOTH)
    expected, losses = plain.loss(inputs, samples), both.loss(inputs, samples)
    assert set(losses) == {*expected, 'decode.loss_con'}
    assert torch.equal(losses['decode.loss_ce'], expected['decode.loss_ce'])
    scores = both.encode_decode(inputs, [dict(img_shape=SIZE)] * 2).detach()
    label = torch.cat([sample.gt_sem_seg.data for sample in samples])
    value = losses['decode.loss_con'].item()
    assert value == pytest.approx(0.5 * by_loops(scores.double(), label, 0.01), rel=1e-4)
    total, _ = both.parse_losses(losses)
    torch.testing.assert_close(total, losses['decode.loss_ce'] + losses['decode.loss_con'])


def test_every_scale_has_it_and_mixup_mixes_it() -> None:
    inputs, samples = batch()
    losses = build(HEAD_WITH_BOTH, scales=(1.0, 0.5)).loss(inputs, samples)
    names = {name for name in losses if name.endswith('loss_con')}
    assert names == {'decode.loss_con', 'decode_x0.5.loss_con', 'decode_max.loss_con'}
    mixing = build(HEAD_WITH_BOTH, train_cfg=dict(mixup_alpha=0.7))
    np.random.seed(3)
    torch.manual_seed(3)
    share, other = np.random.beta(0.7, 0.7), torch.randperm(2)
    np.random.seed(3)
    torch.manual_seed(3)
    loss = mixing.loss(inputs, samples)['decode.loss_con']
    mixed = share * inputs + (1 - share) * inputs[other]
    plain = build(HEAD_WITH_BOTH)
    ours = plain.loss(mixed, samples)['decode.loss_con']
    theirs = plain.loss(mixed, [samples[i] for i in other])['decode.loss_con']
    torch.testing.assert_close(loss, share * ours + (1 - share) * theirs)


def test_half_precision_is_widened() -> None:
    scores, label = make_scores(size=(64, 64)).half(), torch.ones(3, 64, 64, dtype=torch.int64)
    loss = SegConcentrationLoss(1.0)(scores, label)
    assert loss.dtype == torch.float32
    expected = SegConcentrationLoss(1.0)(scores.double(), label).item()
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_what_cannot_work_is_an_error() -> None:
    with pytest.raises(ValueError, match='a score for the background'):
        SegConcentrationLoss()(torch.zeros(1, 1, 4, 4), torch.zeros(1, 4, 4, dtype=torch.int64))
    with pytest.raises(ValueError, match='must start with'):
        SegConcentrationLoss(loss_name='con')
    with pytest.raises(ValueError, match='coordinates'):
        SegConcentrationLoss(coordinates='metres')
