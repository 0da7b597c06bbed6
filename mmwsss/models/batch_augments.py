"""Batch augmentations beyond mmpretrain's."""

from collections.abc import Sequence

import numpy as np
import torch
from mmpretrain.models.utils.batch_augments import Mixup
from torch import Tensor

from mmwsss.registry import BATCH_AUGMENTS


@BATCH_AUGMENTS.register_module()
class PerImageMixup(Mixup):
    r"""Mixup (2.2) that draws one λ for each image of a batch.

    mmpretrain's ``Mixup`` draws one for the whole batch: with α = 0.2 three batches of four are
    then hardly mixed and the fourth is mixed throughout. Here every batch has some of both.

    Args:
        alpha (float): α of the distribution Beta(α, α) of λ.
        full_between (Sequence[float], optional): Two bounds of λ. A pair between them gets the
            labels of both images in full (1), instead of λ and 1 - λ: an object that is well
            visible is present, however faint. Defaults to None: labels are always mixed.

    Raises:
        ValueError: If ``full_between`` is not two ascending bounds in [0, 1].
    """

    def __init__(self, alpha: float, full_between: Sequence[float] | None = None) -> None:
        super().__init__(alpha)
        if full_between is not None:
            low, high = full_between
            if not 0 <= low <= high <= 1:
                raise ValueError(f'full_between must be two bounds in [0, 1], not {full_between}')
        self.full_between = full_between

    def mix(self, batch_inputs: Tensor, batch_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix each image of a batch, and its labels, with another one.

        Args:
            batch_inputs (Tensor): Images, shape (N, 3, H, W).
            batch_scores (Tensor): Labels, shape (N, C), float.

        Returns:
            tuple[Tensor, Tensor]: Mixed images and labels, of the same shapes.
        """
        drawn = np.random.beta(self.alpha, self.alpha, len(batch_inputs))
        share = torch.as_tensor(drawn).to(batch_inputs)
        other = torch.randperm(len(batch_inputs))
        of_image = share[:, None, None, None]
        inputs = of_image * batch_inputs + (1 - of_image) * batch_inputs[other]
        share = share.to(batch_scores)[:, None]
        scores = share * batch_scores + (1 - share) * batch_scores[other]
        if self.full_between is not None:
            low, high = self.full_between
            full = (share >= low) & (share <= high)
            scores = torch.where(full, torch.maximum(batch_scores, batch_scores[other]), scores)
        return inputs, scores
