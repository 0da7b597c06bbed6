"""The loss of affinities of neighbouring cells, balanced between kinds of pairs (PSA)."""

from collections.abc import Sequence

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from mmwsss.ops.arguments import at_least_float32, check_choice
from mmwsss.ops.pairs import Border, pair_kinds
from mmwsss.registry import MODELS

KINDS = ('bg', 'fg', 'neg')


def affinity_loss_sums(affinity: Tensor, kinds: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Sum the losses of the pairs of each kind, and count the pairs.

    The loss of a pair of affinity a is ``-log(a + eps)``, for pairs of different labels
    ``-log(1 + eps - a)``.

    Args:
        affinity (Tensor): Affinities, shape (B, P, h, w), in [0, 1], at least float32.
        kinds (Tensor): Kinds of pairs by :func:`pair_kinds`, shape (3, B, P, h, w), bool.
        eps (float): Keeps the logarithms finite. Defaults to 1e-5.

    Returns:
        tuple[Tensor, Tensor]: Sums and counts of the three kinds, shape (3,) each, of the dtype of
        ``affinity``.
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
    """Loss of affinities: the weighted mean losses of three kinds of pairs.

    Pairs of background cells, pairs of one class and pairs of different labels count by their
    weights, however many there are. Counts are averaged over the processes, so that training in
    several processes equals training in one with all their images. A kind without pairs contributes
    nothing.

    Args:
        weights (Sequence[float]): Weights of background pairs, foreground pairs and pairs of
            different labels. Defaults to the published (1/4, 1/4, 1/2).
        border (str): 'inside' or 'psa', see :func:`pair_slices`. Defaults to 'inside'.
        eps (float): Keeps the logarithms finite. Defaults to 1e-5.
        loss_weight (float): Factor of the loss. Defaults to 1.

    Raises:
        ValueError: If the border is unknown, or the weights are not three that are not negative.
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
        """Compute the losses of the three kinds of pairs.

        Args:
            affinity (Tensor): Affinities, shape (B, P, h, w), in [0, 1].
            labels (Tensor): Labels of the cells, shape (B, h, w), uint8: 0 background, i + 1 class
                i, 255 ignored.
            radius (float): The radius of the affinities, in cells.

        Returns:
            dict[str, Tensor]: The losses ``loss_bg``, ``loss_fg`` and ``loss_neg``, and the counts
            ``pairs_bg``, ``pairs_fg`` and ``pairs_neg``.
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
