"""The loss of pairs against loops over all cells."""

import math

import pytest
import torch
from cell_grids import cell_pairs, make_labels

from mmwsss.models.losses import AffinityLoss
from mmwsss.models.losses.affinity import affinity_loss_sums
from mmwsss.ops.affinity import pairwise_affinity
from mmwsss.ops.pairs import half_plane_offsets, pair_kinds

RADIUS = 3


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


def test_gradient_is_that_of_the_loss() -> None:
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
def test_wrong_arguments_are_refused(arguments: dict) -> None:
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
