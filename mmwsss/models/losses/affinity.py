"""Affinities of neighbouring cells and the balanced loss that trains them (PSA)."""

from collections.abc import Iterator, Sequence

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mmwsss.refinement.random_walk import Border, half_plane_offsets
from mmwsss.registry import MODELS

from .reduction import at_least_float32, check_choice

IGNORED = 255
KINDS = ('bg', 'fg', 'neg')

_CPU_CHANNELS = 64

_Slices = tuple[slice, slice]


def pair_slices(
    height: int, width: int, radius: float, border: Border = 'inside'
) -> list[tuple[_Slices, _Slices]]:
    """Where both cells of the pairs of each offset lie: slices of rows and columns.

    Args:
        height: of the grid.
        width: of the grid.
        radius: cells at a distance below it are pairs.
        border: 'inside' takes every pair inside the grid; 'psa' only those of the published index
            arithmetic, whose first cell has its whole half-disk inside.

    Returns:
        one pair of slices for each of ``half_plane_offsets(radius)``; empty where none fits.
    """
    check_choice('border', border, ('inside', 'psa'))
    offsets = half_plane_offsets(radius)
    reach = max(dy for dy, _ in offsets) if border == 'psa' else 0
    result = []
    for dy, dx in offsets:
        bottom = max(0, height - (reach or dy))
        left = reach or max(0, -dx)
        right = max(left, width - (reach or max(0, dx)))
        here = slice(0, bottom), slice(left, right)
        there = slice(dy, dy + bottom), slice(left + dx, right + dx)
        result.append((here, there))
    return result


class _PairDistance(torch.autograd.Function):
    """Mean absolute difference of pairs; the backward pass computes the differences again.

    Autograd would keep every difference: pairs times channels, 34 times the features.
    """

    @staticmethod
    def forward(ctx, features: Tensor, radius: float) -> Tensor:
        ctx.save_for_backward(features)
        ctx.radius = radius
        channels, height, width = features.shape[1:]
        slices = pair_slices(height, width, radius)
        distance = features.new_zeros(len(features), len(slices), height, width)
        for images, group in _blocks(features):
            block, out = features[images, group], distance[images]
            for index, (here, there) in enumerate(slices):
                difference = block[(..., *here)] - block[(..., *there)]
                out[(slice(None), index, *here)] += difference.abs_().sum(1)
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
                sign = (block[(..., *here)] - block[(..., *there)]).sign_()
                sign *= weight[(slice(None), index, None, *here)]
                out[(..., *here)] += sign
                out[(..., *there)] -= sign
        return total, None


def _blocks(features: Tensor) -> Iterator[tuple[slice, slice]]:
    """Images and channels to work on at a time: on a CPU what stays in its cache."""
    batch, channels = features.shape[:2]
    if features.device.type != 'cpu':
        yield slice(0, batch), slice(0, channels)
        return
    for image in range(batch):
        for first in range(0, channels, _CPU_CHANNELS):
            yield slice(image, image + 1), slice(first, first + _CPU_CHANNELS)


def learnable_affinity(features: Tensor, radius: float = 5) -> Tensor:
    """``pairwise_affinity`` for training: the same values, memory like that of the features.

    Args:
        features: (B, C, h, w), floating; half precision is widened to float32.
        radius: cells at a distance below it are pairs.

    Returns:
        (B, P, h, w): entry (p, y, x) is ``exp(-mean_c |f_i - f_j|)`` of cell (y, x) and cell
        (y + dy, x + dx) for the p-th of ``half_plane_offsets(radius)``. Where that lies outside
        the map the value is 1 and means nothing.
    """
    return torch.exp(-_PairDistance.apply(at_least_float32(features), float(radius)))


def pair_kinds(labels: Tensor, radius: float = 5, border: Border = 'inside') -> Tensor:
    """Which pairs are of one kind.

    Args:
        labels: (B, h, w) uint8: 0 background, i + 1 class i, 255 ignored.
        radius: cells at a distance below it are pairs.
        border: see :func:`pair_slices`.

    Returns:
        bool (3, B, P, h, w), indexed as affinities are: both cells background ('bg'), both of the
        same class ('fg'), of different labels ('neg'). Pairs with an ignored cell are none.
    """
    batch, height, width = labels.shape
    slices = pair_slices(height, width, radius, border)
    kinds = labels.new_zeros((3, batch, len(slices), height, width), dtype=torch.bool)
    for index, (here, there) in enumerate(slices):
        first, second = labels[(..., *here)], labels[(..., *there)]
        known = (first != IGNORED) & (second != IGNORED)
        same = first == second
        background = first == 0
        kinds[(0, slice(None), index, *here)] = same & background
        kinds[(1, slice(None), index, *here)] = same & ~background & known
        kinds[(2, slice(None), index, *here)] = ~same & known
    return kinds


def affinity_loss_sums(affinity: Tensor, kinds: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Sums of -log over the pairs of each kind, and how many there are.

    Args:
        affinity: (B, P, h, w) in [0, 1], at least float32.
        kinds: bool (3, B, P, h, w) of :func:`pair_kinds`.
        eps: keeps the logarithms finite.

    Returns:
        (3,) sums of ``-log(a + eps)``, for the last kind ``-log(1 + eps - a)``; (3,) counts, of
        the dtype of ``affinity``.
    """
    positive = -torch.log(affinity + eps)
    negative = -torch.log(1 + eps - affinity)
    sums = torch.stack(
        [
            torch.where(kind, loss, 0).sum()
            for kind, loss in zip(kinds, (positive, positive, negative))
        ]
    )
    return sums, kinds.flatten(1).sum(1).to(affinity.dtype)


@MODELS.register_module()
class AffinityLoss(nn.Module):
    """Balanced loss of pairs: each kind's mean -log, weighted.

    Background pairs, foreground pairs and pairs of different labels count by their weights however
    many there are. Counts are summed over the processes, so that training on several equals
    training on one with their whole batch; a kind without pairs contributes nothing.

    Args:
        weights (Sequence[float]): Of background, foreground and different pairs; 1/4, 1/4, 1/2 as
            published.
        border (str): 'inside' (default) or 'psa', see :func:`pair_slices`.
        eps (float): Keeps the logarithms finite.
        loss_weight (float): Factor of the loss.
    """

    def __init__(
        self,
        weights: Sequence[float] = (0.25, 0.25, 0.5),
        border: Border = 'inside',
        eps: float = 1e-5,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        check_choice('border', border, ('inside', 'psa'))
        if len(weights) != len(KINDS) or min(weights) < 0:
            raise ValueError(f'weights must be three numbers that are not negative, not {weights}')
        self.weights = tuple(weights)
        self.border = border
        self.eps = eps
        self.loss_weight = loss_weight

    def forward(self, affinity: Tensor, labels: Tensor, radius: float) -> dict[str, Tensor]:
        """Compute the losses ``loss_bg``, ``loss_fg``, ``loss_neg`` and the counts ``pairs_…``.

        Args:
            affinity (Tensor): Shape (B, P, h, w), in [0, 1].
            labels (Tensor): Shape (B, h, w), uint8.
            radius (float): Of the affinities.
        """
        affinity = at_least_float32(affinity)
        kinds = pair_kinds(labels, radius, self.border)
        sums, counts = affinity_loss_sums(affinity, kinds, self.eps)
        # The mean over processes: their gradients are averaged too.
        mean_counts = counts.clone()
        all_reduce(mean_counts, 'mean')
        losses = self.loss_weight * sums / (mean_counts + self.eps)
        result = {f'loss_{kind}': w * x for kind, w, x in zip(KINDS, self.weights, losses)}
        return result | {f'pairs_{kind}': count for kind, count in zip(KINDS, counts)}
