"""How a batch is mixed with itself (2.2)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Mix:
    r"""A share λ and, for each image of a batch, the other image that it is mixed with.

    Attributes:
        share (float): λ, in [0, 1].
        other (Tensor): Indices of the other images, a permutation, shape (N,), int64.
    """

    share: float
    other: Tensor

    @classmethod
    def draw(cls, alpha: float, count: int) -> 'Mix':
        r"""Draw λ ~ Beta(α, α) and a permutation, in the order of mmpretrain's ``Mixup``.

        Args:
            alpha (float): α.
            count (int): Images in the batch, N.

        Returns:
            Mix: The draw, of NumPy's and PyTorch's global generators.
        """
        return cls(float(np.random.beta(alpha, alpha)), torch.randperm(count))

    def __call__(self, batch: Tensor) -> Tensor:
        """Mix images, feature maps or labels.

        Args:
            batch (Tensor): Shape (N, ...).

        Returns:
            Tensor: λ · own + (1 - λ) · other, of the same shape and dtype.
        """
        return self.share * batch + (1 - self.share) * batch[self.other]
