"""(2.3) and (2.4) against loops that follow the equations literally, in float64."""

import math

import pytest
import torch
from torch.autograd import gradcheck

from mmwsss.models.losses import (
    ClassEntropyLoss,
    ConcentrationLoss,
    MultiLabelSoftMarginLoss,
    class_entropy,
    concentration,
)

EPS = 1e-5


@pytest.fixture
def cam() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64)


def entropy_by_loops(cam, activation, normalize_by, temperature=1.0):
    values = []
    for image in cam:
        if activation == 'relu':
            image = image.clamp(min=0)
        elif activation == 'sigmoid':
            image = 1 / (1 + (-image).exp())
        classes, height, width = image.shape
        scaled = torch.empty_like(image)
        for c in range(classes):
            maximum = {
                'image': image.max() + EPS,
                'class': image[c].max() + EPS,
                'pixel': image.amax(0) + EPS,
                'none': 1.0,
            }[normalize_by]
            scaled[c] = image[c] / maximum
        total = 0.0
        for h in range(height):
            for w in range(width):
                weights = [math.exp(scaled[c, h, w] / temperature) for c in range(classes)]
                for weight in weights:
                    p = weight / sum(weights)
                    total -= p * math.log(p)
        values.append(total / (height * width))
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize('activation', ['relu', 'sigmoid', 'none'])
@pytest.mark.parametrize('normalize_by', ['image', 'class', 'pixel', 'none'])
@pytest.mark.parametrize('temperature', [1.0, 0.1])
def test_entropy_equals_the_loops(cam, activation, normalize_by, temperature):
    torch.testing.assert_close(
        class_entropy(cam, activation, normalize_by, temperature=temperature),
        entropy_by_loops(cam, activation, normalize_by, temperature),
    )


def test_entropy_of_equal_classes_is_its_upper_bound():
    entropy = class_entropy(torch.full((1, 7, 2, 2), 0.3))
    torch.testing.assert_close(entropy, torch.tensor([math.log(7)]))


def concentration_by_loops(cam, present, unit, floor):
    values = []
    for image, labels in zip(cam, present):
        total = 0.0
        for c in range(len(image)):
            if not labels[c]:
                continue
            response = image[c].clamp(min=0)
            mass = response / (response.sum() + EPS)
            height, width = mass.shape
            recognised = response.sum() / (response.sum() + height * width * floor + EPS)

            def place(index, size):
                return (2 * index + 1) / size - 1 if unit else index

            cells = [(h, w) for h in range(height) for w in range(width)]
            centre_h = sum(place(h, height) * mass[h, w].item() for h, w in cells)
            centre_w = sum(place(w, width) * mass[h, w].item() for h, w in cells)
            for h, w in cells:
                distance = (place(h, height) - centre_h) ** 2 + (place(w, width) - centre_w) ** 2
                total += recognised.item() * distance * mass[h, w].item()
        values.append(total)
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize('coordinates', ['cells', 'unit'])
@pytest.mark.parametrize('floor', [0.0, 0.5])
def test_concentration_equals_the_loops(cam, coordinates, floor):
    present = torch.tensor([[True, False, True], [False, False, False]])
    expected = concentration_by_loops(cam, present, coordinates == 'unit', floor)
    torch.testing.assert_close(concentration(cam, present, coordinates, floor), expected)
    assert expected[0] > 0 and expected[1] == 0


def test_concentration_of_an_even_map_is_the_documented_value():
    even = torch.ones(1, 1, 28, 28, dtype=torch.float64)
    present = torch.ones(1, 1, dtype=torch.bool)
    torch.testing.assert_close(
        concentration(even, present, 'cells', floor=0, eps=0).item(), 2 * (28**2 - 1) / 12
    )
    unit = concentration(even, present, 'unit', floor=0, eps=0).item()
    assert unit == pytest.approx(2 * (28**2 - 1) / 12 * 4 / 28**2)


def test_concentration_follows_a_shift_and_a_mirror():
    blob = torch.zeros(1, 1, 8, 8, dtype=torch.float64)
    blob[..., 1:4, 2:4] = torch.rand(3, 2, dtype=torch.float64) + 0.1
    present = torch.ones(1, 1, dtype=torch.bool)
    value = concentration(blob, present, 'cells', eps=0)
    torch.testing.assert_close(
        concentration(blob.roll((3, 2), (2, 3)), present, 'cells', eps=0), value
    )
    torch.testing.assert_close(concentration(blob.flip(-1), present, 'cells', eps=0), value)


@pytest.mark.parametrize('cells', [14, 28, 56])
def test_strength_of_concentration_by_resolution(cells):
    rng = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 14, 14, generator=rng, dtype=torch.float64)
    # The same responses on a finer grid, and the same logits.
    cam = coarse.repeat_interleave(cells // 14, 2).repeat_interleave(cells // 14, 3)
    target = torch.ones(2, 3)

    def share(**settings):
        maps = cam.clone().requires_grad_()
        (own,) = torch.autograd.grad(ConcentrationLoss(**settings)(maps, target), maps)
        logits = maps.mean((2, 3))
        (reference,) = torch.autograd.grad(MultiLabelSoftMarginLoss()(logits, target), maps)
        return (own.norm() / reference.norm()).item()

    # By default what the thesis's λ_con is on 14×14 cells, on any grid …
    at_14 = share(loss_weight=2e-4 * (14 / cells) ** 2, coordinates='cells')
    assert share() == pytest.approx(at_14, rel=1e-9)
    # … whereas distances in cells let it grow with the square of the resolution.
    in_cells = share(loss_weight=2e-4, coordinates='cells')
    assert in_cells == pytest.approx(share() * (cells / 14) ** 2, rel=1e-9)


def pull(scale, **kwargs):
    """Norm of the gradient by an even map of a height."""
    cam = torch.full((1, 1, 14, 14), scale, dtype=torch.float64, requires_grad=True)
    ConcentrationLoss(1.0, **kwargs)(cam, torch.ones(1, 1)).backward()
    return cam.grad.norm().item()


def test_a_nearly_empty_map_does_not_pull_harder_than_a_full_one():
    assert pull(1e-3, floor=0) > 500 * pull(2.0, floor=0)
    assert pull(1e-3) < 60 * pull(2.0)
    assert pull(1e-6) == pytest.approx(pull(1e-3), rel=0.05)
    assert pull(2.0) == pytest.approx(pull(2.0, floor=0), rel=0.15)


def test_map_of_zeros_gives_no_nan():
    cam = torch.zeros(1, 2, 3, 3, requires_grad=True)
    target = torch.ones(1, 2)
    loss = ConcentrationLoss(1.0)(cam, target) + ClassEntropyLoss(1.0)(cam, target)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2))
    assert cam.grad.isfinite().all()


def test_gradients_are_those_of_the_losses(cam):
    # off the kinks of ReLU and of the maximum
    cam = (cam + 0.05 * cam.sign()).requires_grad_()
    target = torch.tensor([[1.0, 0.0, 0.3], [0.0, 0.7, 0.0]], dtype=torch.float64)
    for loss in (
        ClassEntropyLoss(),
        ClassEntropyLoss(activation='sigmoid'),
        ClassEntropyLoss(normalize_by='pixel', temperature=0.5),
        ConcentrationLoss(),
    ):
        assert gradcheck(lambda x, loss=loss: loss(x, target), cam)
    logits = cam.detach().mean((2, 3)).requires_grad_()
    assert gradcheck(lambda x: MultiLabelSoftMarginLoss()(x, target), logits)


def test_soft_margin_on_soft_labels_by_hand():
    logits = torch.tensor([[0.4, -1.2], [2.0, 0.1]], dtype=torch.float64)
    target = torch.tensor([[0.3, 1.0], [0.0, 0.7]], dtype=torch.float64)
    expected = 0.0
    for z, y in zip(logits.flatten().tolist(), target.flatten().tolist()):
        p = 1 / (1 + math.exp(-z))
        expected -= (y * math.log(p) + (1 - y) * math.log(1 - p)) / 4
    assert MultiLabelSoftMarginLoss()(logits, target).item() == pytest.approx(expected)
    assert MultiLabelSoftMarginLoss(2.0, 'sum')(logits, target).item() == pytest.approx(
        4 * expected
    )


@pytest.mark.parametrize('reduction, factor', [('mean', 0.5), ('sum', 1.0)])
def test_reduction_over_the_batch(cam, reduction, factor):
    target = torch.ones(2, 3)
    spread = concentration(cam, target > 0).sum()
    loss = ConcentrationLoss(3.0, reduction=reduction)(cam, target)
    torch.testing.assert_close(loss, 3.0 * factor * spread)


def test_half_precision_is_widened():
    cam = torch.full((1, 2, 64, 64), 100.0, dtype=torch.float16)
    loss = ConcentrationLoss(1.0, coordinates='cells', floor=0)(cam, torch.ones(1, 2))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(4 * (64**2 - 1) / 12, rel=1e-3)


@pytest.mark.parametrize(
    'make, word',
    [
        (lambda: ClassEntropyLoss(activation='tanh'), 'activation'),
        (lambda: ClassEntropyLoss(normalize_by='batch'), 'normalize_by'),
        (lambda: ClassEntropyLoss(temperature=0.0), 'temperature'),
        (lambda: ClassEntropyLoss(activation='none'), 'negative maximum'),
        (lambda: ConcentrationLoss(coordinates='metres'), 'coordinates'),
        (lambda: ConcentrationLoss(reduction='max'), 'reduction'),
        (lambda: MultiLabelSoftMarginLoss(reduction='max'), 'reduction'),
    ],
)
def test_wrong_arguments_are_named(make, word):
    with pytest.raises(ValueError, match=word):
        make()
