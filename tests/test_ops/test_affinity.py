"""Affinities and their gradients against loops over pairs of cells."""

import pytest
import torch
from cell_grids import GRIDS, brute_affinities, features_of

from mmwsss.ops.affinity import pairwise_affinity
from mmwsss.ops.pairs import half_plane_offsets, pair_kinds

RADIUS = 3


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize('size', GRIDS)
@pytest.mark.parametrize('radius', [2, 3.5, 5])
def test_affinity_equals_a_loop_over_pairs(size, radius):
    height, width = size
    features = features_of(height, width)[0]
    affinity = pairwise_affinity(features, radius)
    dense = brute_affinities(features, radius)
    seen = torch.eye(height * width, dtype=torch.float64)
    for p, (dy, dx) in enumerate(half_plane_offsets(radius)):
        for y in range(height):
            for x in range(width):
                v, u = y + dy, x + dx
                if 0 <= v < height and 0 <= u < width:
                    i, j = y * width + x, v * width + u
                    seen[i, j] = seen[j, i] = affinity[p, y, x]
                else:
                    assert affinity[p, y, x] == 0
    torch.testing.assert_close(seen, dense, atol=1e-12, rtol=0)


def test_affinity_sums_all_channel_groups_and_images():
    features = features_of(4, 6, channels=150, batch=2)
    together = pairwise_affinity(features, 3)
    for image, expected in zip(features, together):
        torch.testing.assert_close(pairwise_affinity(image, 3), expected)
    mean = (features[1, :, 0, 0] - features[1, :, 1, 1]).abs().mean()
    p = half_plane_offsets(3).index((1, 1))
    torch.testing.assert_close(together[1, p, 0, 0], torch.exp(-mean))


def test_gradient_is_that_of_the_affinity():
    features = features_of(3, 4, channels=2).requires_grad_()
    assert torch.autograd.gradcheck(lambda f: pairwise_affinity(f, 3), features)


def test_affinity_refuses_a_flat_tensor():
    with pytest.raises(ValueError, match='features must be'):
        pairwise_affinity(torch.rand(4, 4))


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


def test_affinity_gradient_of_a_batch() -> None:
    features = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: pairwise_affinity(x, RADIUS), features)


def test_half_precision_is_widened() -> None:
    features = torch.randn(1, 3, 4, 5).half().requires_grad_()
    affinity = pairwise_affinity(features, RADIUS)
    assert affinity.dtype == torch.float32
    affinity.sum().backward()
    assert features.grad.dtype == torch.float16
