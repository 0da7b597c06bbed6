"""Pairs and their loss against loops over all cells."""

import itertools
import math

import numpy as np
import pytest
import torch

from mmwsss.models.losses import AffinityLoss
from mmwsss.models.losses.affinity import affinity_loss_sums
from mmwsss.ops.affinity import pairwise_affinity
from mmwsss.ops.pairs import half_plane_offsets, pair_kinds

RADIUS = 3


def cell_pairs(height: int, width: int, radius: float, border: str = 'inside'):
    """Every unordered pair once: (offset index, first cell, second cell)."""
    offsets = half_plane_offsets(radius)
    cells = list(itertools.product(range(height), range(width)))
    reach = math.ceil(radius) - 1
    for first, second in itertools.product(cells, cells):
        if first >= second or math.dist(first, second) >= radius:
            continue
        inside = first[0] < height - reach and reach <= first[1] < width - reach
        if border == 'inside' or inside:
            yield offsets.index((second[0] - first[0], second[1] - first[1])), first, second


def make_labels(*shape: int) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.choice([0, 1, 4, 255], shape).astype(np.uint8))


@pytest.mark.parametrize('border', ['inside', 'psa'])
@pytest.mark.parametrize('size', [(7, 9), (5, 5), (2, 11), (1, 1)])
@pytest.mark.parametrize('radius', [RADIUS, 5])
def test_pair_kinds_are_those_of_a_loop(border: str, size: tuple[int, int], radius: int) -> None:
    labels = make_labels(2, *size)
    expected = torch.zeros(3, 2, len(half_plane_offsets(radius)), *size, dtype=torch.bool)
    for offset, first, second in cell_pairs(*size, radius, border):
        for image in range(2):
            a, b = (int(labels[(image, *cell)]) for cell in (first, second))
            if 255 in (a, b):
                continue
            kind = 2 if a != b else int(a != 0)
            expected[(kind, image, offset, *first)] = True
    assert torch.equal(pair_kinds(labels, radius, border), expected)


def test_published_index_arithmetic() -> None:
    """The gathered indices of PSA, written as it describes them, pick the pairs of border='psa'."""
    height, width, reach = 9, 12, 4
    index = np.arange(height * width).reshape(height, width)
    first = index[:-reach, reach:-reach].ravel()
    labels = torch.zeros(1, height, width, dtype=torch.uint8)
    for offset, (dy, dx) in enumerate(half_plane_offsets(5)):
        second = index[dy : dy + height - reach, reach + dx : reach + dx + width - 2 * reach]
        assert (second.ravel() - first == dy * width + dx).all()
        chosen = pair_kinds(labels, 5, 'psa')[0, 0, offset].flatten().nonzero()[:, 0]
        assert chosen.tolist() == first.tolist()


def affinity_by_pairs(features: torch.Tensor, radius: int) -> torch.Tensor:
    """One pair of cells at a time; 0 where a cell has no such neighbour."""
    height, width = features.shape[2:]
    offsets = half_plane_offsets(radius)
    planes = []
    for dy, dx in offsets:
        cells = [
            torch.exp(-(features[:, :, y, x] - features[:, :, y + dy, x + dx]).abs().mean(1))
            if y + dy < height and 0 <= x + dx < width
            else features.new_zeros(len(features))
            for y in range(height)
            for x in range(width)
        ]
        planes.append(torch.stack(cells, 1).unflatten(1, (height, width)))
    return torch.stack(planes, 1)


@pytest.mark.parametrize('size', [(6, 8), (2, 3)])
def test_affinity_and_its_gradient_are_those_of_plain_autograd(size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 70, *size, dtype=torch.float64, generator=generator)
    features.requires_grad_()
    ours, theirs = pairwise_affinity(features, 5), affinity_by_pairs(features, 5)
    exists = (pair_kinds(torch.zeros(2, *size, dtype=torch.uint8), 5)).any(0)
    torch.testing.assert_close(ours[exists], theirs[exists], rtol=0, atol=1e-15)
    assert torch.equal(ours[~exists], torch.zeros_like(ours[~exists]))
    weight = torch.randn(ours.shape, dtype=torch.float64, generator=generator) * exists
    (ours_gradient,) = torch.autograd.grad((ours * weight).sum(), features)
    (theirs_gradient,) = torch.autograd.grad((theirs * weight).sum(), features)
    torch.testing.assert_close(ours_gradient, theirs_gradient)


def test_affinity_gradient() -> None:
    features = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: pairwise_affinity(x, RADIUS), features)


def test_half_precision_is_widened() -> None:
    features = torch.randn(1, 3, 4, 5).half().requires_grad_()
    affinity = pairwise_affinity(features, RADIUS)
    assert affinity.dtype == torch.float32
    affinity.sum().backward()
    assert features.grad.dtype == torch.float16


@pytest.mark.parametrize('border', ['inside', 'psa'])
def test_loss_is_that_of_a_loop(border: str) -> None:
    features = torch.randn(2, 6, 8, 9, dtype=torch.float64)
    labels = make_labels(2, 8, 9)
    losses = {'bg': [], 'fg': [], 'neg': []}
    for _, first, second in cell_pairs(8, 9, RADIUS, border):
        for feature, label in zip(features, labels):
            a, b = int(label[first]), int(label[second])
            if 255 in (a, b):
                continue
            difference = feature[(slice(None), *first)] - feature[(slice(None), *second)]
            affinity = math.exp(-difference.abs().mean())
            if a != b:
                losses['neg'].append(-math.log(1 + 1e-5 - affinity))
            else:
                losses['fg' if a else 'bg'].append(-math.log(affinity + 1e-5))
    result = AffinityLoss(border=border)(pairwise_affinity(features, RADIUS), labels, RADIUS)
    for kind, weight in (('bg', 0.25), ('fg', 0.25), ('neg', 0.5)):
        expected = weight * sum(losses[kind]) / (len(losses[kind]) + 1e-5)
        assert float(result[f'loss_{kind}']) == pytest.approx(expected, rel=1e-9)
        assert int(result[f'pairs_{kind}']) == len(losses[kind]) > 0


def test_loss_gradient() -> None:
    features = torch.randn(1, 3, 5, 6, dtype=torch.float64, requires_grad=True)
    labels = make_labels(1, 5, 6)
    loss = AffinityLoss()

    def total(features: torch.Tensor) -> torch.Tensor:
        losses = loss(pairwise_affinity(features, RADIUS), labels, RADIUS)
        return sum(losses[f'loss_{kind}'] for kind in ('bg', 'fg', 'neg'))

    assert torch.autograd.gradcheck(total, features)


@pytest.mark.parametrize('label', [255, 0])
def test_no_pair_of_a_kind_and_equal_features_stay_finite(label: int) -> None:
    features = torch.ones(1, 4, 5, 6, requires_grad=True)
    labels = torch.full((1, 5, 6), label, dtype=torch.uint8)
    losses = AffinityLoss()(pairwise_affinity(features, RADIUS), labels, RADIUS)
    total = sum(losses[f'loss_{kind}'] for kind in ('bg', 'fg', 'neg'))
    total.backward()
    assert total.item() == pytest.approx(0, abs=1e-4)
    assert features.grad.isfinite().all()
    assert float(losses['pairs_fg']) == float(losses['pairs_neg']) == 0


def test_a_batch_weighs_pairs_not_images() -> None:
    """The sums of two images add up, as those of two processes do."""
    affinity = torch.rand(2, len(half_plane_offsets(RADIUS)), 5, 6)
    kinds = pair_kinds(make_labels(2, 5, 6), RADIUS)
    sums, counts = affinity_loss_sums(affinity, kinds)
    parts = [affinity_loss_sums(affinity[i : i + 1], kinds[:, i : i + 1]) for i in range(2)]
    torch.testing.assert_close(sums, parts[0][0] + parts[1][0])
    assert torch.equal(counts, parts[0][1] + parts[1][1])


@pytest.mark.parametrize('arguments', [dict(weights=(1, 1)), dict(border='torus')])
def test_wrong_arguments(arguments: dict) -> None:
    with pytest.raises(ValueError, match='must be'):
        AffinityLoss(**arguments)


def gradient(rank: int, world_size: int) -> torch.Tensor:
    """Gradient of a process's share of four images with very different numbers of pairs."""
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(4, 3, 6, 7, dtype=torch.float64, generator=generator)
    labels = make_labels(4, 6, 7)
    labels[1:, 2:] = 255
    scale = torch.ones((), dtype=torch.float64, requires_grad=True)
    share = slice(rank * 4 // world_size, (rank + 1) * 4 // world_size)
    affinity = pairwise_affinity(scale * features[share], RADIUS)
    losses = AffinityLoss()(affinity, labels[share], RADIUS)
    sum(losses[f'loss_{kind}'] for kind in ('bg', 'fg', 'neg')).backward()
    return scale.grad


def work(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2
    )
    torch.save(gradient(rank, 2), f'{folder}/{rank}.pt')
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_have_the_gradient_of_one(tmp_path) -> None:
    torch.multiprocessing.spawn(work, (str(tmp_path),), nprocs=2)
    parts = [torch.load(tmp_path / f'{rank}.pt', weights_only=True) for rank in range(2)]
    # DistributedDataParallel takes the mean. Only eps in the denominators differs.
    torch.testing.assert_close(sum(parts) / 2, gradient(0, 1), rtol=1e-4, atol=0)
