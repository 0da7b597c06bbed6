import math

import pytest
import torch
from torch.func import functional_call

from mmwsss.models.losses import ContrastiveLoss, class_contrast
from mmwsss.registry import MODELS


def reference(features: list, classes: list, known: list, known_classes: list, tau: float) -> float:
    """The formula, pair by pair in Python's floats."""

    def unit(vector: list) -> list:
        length = math.sqrt(sum(x * x for x in vector))
        return [x / length for x in vector]

    rows = [unit(v) for v in features + known]
    names = classes + known_classes
    losses = []
    for i in range(len(features)):
        others = [j for j in range(len(rows)) if j != i]
        scores = {j: sum(a * b for a, b in zip(rows[i], rows[j])) / tau for j in others}
        total = sum(math.exp(score) for score in scores.values())
        positive = [j for j in others if names[j] == names[i]]
        if positive:
            share = sum(scores[j] - math.log(total) for j in positive)
            losses.append(-share / len(positive))
    return sum(losses) / len(losses) if losses else 0.0


def draw(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize('known', [0, 4])
def test_equals_the_formula_pair_by_pair(known: int) -> None:
    features, memory = draw(6, 0), draw(known, 1)
    classes, known_classes = [0, 1, 0, 2, 1, 0], [2, 2, 0, 3][:known]
    loss = class_contrast(
        features,
        torch.tensor(classes),
        memory,
        torch.tensor(known_classes, dtype=torch.int64),
        0.3,
    )
    expected = reference(features.tolist(), classes, memory.tolist(), known_classes, 0.3)
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_its_gradient_is_right() -> None:
    features, memory = draw(5, 2).requires_grad_(), draw(3, 3)
    classes, known_classes = torch.tensor([0, 1, 0, 2, 1]), torch.tensor([2, 1, 0])
    assert torch.autograd.gradcheck(
        lambda f: class_contrast(f, classes, memory, known_classes, 0.5), features
    )


@pytest.mark.parametrize('count', [1, 3])
def test_a_class_that_is_alone_has_no_loss_and_no_gradient(count: int) -> None:
    features = draw(count, 4).requires_grad_()
    empty = torch.empty(0, 5, dtype=torch.float64), torch.empty(0, dtype=torch.int64)
    loss = class_contrast(features, torch.arange(count), *empty)
    loss.backward()
    assert loss.item() == 0 and features.grad.abs().max() == 0


def test_memory_keeps_the_latest_features_and_is_compared_with() -> None:
    loss = ContrastiveLoss(5, loss_weight=2.0, temperature=0.3, memory=5)
    batches = [draw(3, seed).float() for seed in (5, 6, 7)]
    names = [torch.tensor([0, 1, 2])] * 3
    for batch, classes in zip(batches, names):
        value = loss(batch, classes)
    # The last batch met the two before, of which one feature had fallen out.
    known = torch.cat([batches[1], batches[0][:2]])
    expected = 2 * reference(batches[2].tolist(), [0, 1, 2], known.tolist(), [0, 1, 2, 0, 1], 0.3)
    assert value.item() == pytest.approx(expected, rel=1e-5)
    assert torch.equal(loss.features, torch.cat([batches[2], batches[1][:2]]))
    assert loss.classes.tolist() == [0, 1, 2, 0, 1]


def test_measuring_leaves_the_memory_as_it_is() -> None:
    loss = ContrastiveLoss(5, memory=4).eval()
    loss(draw(3, 8).float(), torch.tensor([0, 0, 1]))
    assert loss.classes.tolist() == [-1] * 4


def test_memory_travels_in_checkpoints() -> None:
    loss, resumed = ContrastiveLoss(5, memory=4), ContrastiveLoss(5, memory=4)
    loss(draw(3, 9).float(), torch.tensor([0, 0, 1]))
    resumed.load_state_dict(loss.state_dict())
    batch = draw(3, 10).float(), torch.tensor([0, 1, 1])
    assert torch.equal(loss(*batch), resumed(*batch))


@pytest.mark.parametrize('settings', [dict(temperature=0), dict(memory=-1)])
def test_settings_are_checked(settings: dict) -> None:
    with pytest.raises(ValueError, match='temperature must be positive and memory not negative'):
        ContrastiveLoss(5, **settings)


def test_head_compares_features_pooled_over_class_maps() -> None:
    from mmpretrain.structures import DataSample

    head = MODELS.build(
        dict(
            type='mmwsss.ContrastiveCAMHead',
            num_classes=3,
            in_channels=4,
            dropout=0.0,
            contrast=dict(loss_weight=1.0, memory=0),
        )
    )
    feature = torch.rand(2, 4, 3, 5, generator=torch.Generator().manual_seed(0))
    samples = [DataSample().set_gt_label([0, 2]), DataSample().set_gt_label([2])]
    losses = head.loss((feature,), samples)
    weight = functional_call(head.classifier, {}, feature).relu()
    pooled = [
        (feature[i] * weight[i, c]).sum((1, 2)) / weight[i, c].sum()
        if weight[i, c].sum() > 0
        else feature[i].mean((1, 2))
        for i, c in ((0, 0), (0, 2), (1, 2))
    ]
    expected = reference([p.tolist() for p in pooled], [0, 2, 2], [], [], 0.1)
    assert losses['loss_contrast'].item() == pytest.approx(expected, rel=1e-4)
    assert losses.keys() == {'loss_cls', 'loss_contrast'}
