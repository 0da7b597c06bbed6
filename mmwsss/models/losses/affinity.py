"""The balanced loss that trains affinities of neighbouring cells (PSA)."""

from collections.abc import Sequence

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from mmwsss.ops.arguments import at_least_float32, check_choice
from mmwsss.ops.pairs import Border, pair_kinds
from mmwsss.registry import MODELS

KINDS = ('bg', 'fg', 'neg')


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
