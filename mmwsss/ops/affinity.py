"""Affinities of neighbouring cells (AffinityNet, Ahn & Kwak 2018)."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .arguments import at_least_float32
from .pairs import pair_slices

# Differences of this many channels at a time stay in a CPU's cache: 2 x faster than all at once.
_CPU_CHANNELS = 64


class _PairDistance(torch.autograd.Function):
    """Mean absolute difference of the features of pairs, with little memory for gradients.

    The backward pass computes the differences again. Autograd would keep all of them, one per pair
    and channel: 34 times the memory of the features.
    """

    @staticmethod
    def forward(ctx, features: Tensor, radius: float) -> Tensor:
        ctx.save_for_backward(features)
        ctx.radius = radius
        channels, height, width = features.shape[1:]
        slices = pair_slices(height, width, radius)
        # Where there is no pair the distance is infinite, the affinity 0.
        distance = features.new_full((len(features), len(slices), height, width), torch.inf)
        for index, (here, _) in enumerate(slices):
            first = (..., *here)
            distance[:, index][first] = 0
        for images, group in _blocks(features):
            block, out = features[images, group], distance[images]
            for index, (here, there) in enumerate(slices):
                first, second = (..., *here), (..., *there)
                difference = block[first] - block[second]
                out[:, index][first] += difference.abs_().sum(1)
        return distance.div_(channels)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        (features,) = ctx.saved_tensors
        channels, height, width = features.shape[1:]
        slices = pair_slices(height, width, ctx.radius)
        total = torch.zeros_like(features)
        grad = grad / channels
        for images, group in _blocks(features):
            block, out, weight = features[images, group], total[images, group], grad[images]
            for index, (here, there) in enumerate(slices):
                first, second = (..., *here), (..., *there)
                sign = (block[first] - block[second]).sign_()
                sign *= weight[:, index, None][first]
                out[first] += sign
                out[second] -= sign
        return total, None


def _blocks(features: Tensor) -> Iterator[tuple[slice, slice]]:
    """Yield the images and channels to work on at a time: on a CPU as much as fits its cache."""
    batch, channels = features.shape[:2]
    if features.device.type != 'cpu':
        yield slice(0, batch), slice(0, channels)
        return
    for image in range(batch):
        for first in range(0, channels, _CPU_CHANNELS):
            yield slice(image, image + 1), slice(first, first + _CPU_CHANNELS)


def pairwise_affinity(features: Tensor, radius: float = 5) -> Tensor:
    """Compute the affinity ``exp(-mean_c |f_i - f_j|)`` of every cell with its neighbours.

    Of two opposite neighbours only one is taken, since affinities are symmetric. Gradients need
    about as much memory as the features.

    Args:
        features (Tensor): Shape (B, C, h, w) or (C, h, w), floating point; half precision is
            widened to float32.
        radius (float): Cells at a distance below it are neighbours, in cells. Defaults to 5.

    Returns:
        Tensor: Shape (B, P, h, w) or (P, h, w): entry (p, y, x) is the affinity of cell (y, x) with
        cell (y + dy, x + dx) for the p-th of ``half_plane_offsets(radius)``, 0 outside the map.

    Raises:
        ValueError: If ``features`` has another number of dimensions.
    """
    if features.ndim not in (3, 4):
        raise ValueError(f'features must be (B, C, h, w) or (C, h, w), not {tuple(features.shape)}')
    if features.ndim == 3:
        return pairwise_affinity(features[None], radius)[0]
    features = at_least_float32(features)
    return torch.exp(-_PairDistance.apply(features, float(radius)))
