"""Classification loss on image-level labels, hard or soft."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmwsss.ops.arguments import at_least_float32, check_choice
from mmwsss.registry import MODELS


@MODELS.register_module()
class MultiLabelSoftMarginLoss(nn.Module):
    r"""Multi-label soft margin loss, :math:`\mathcal{L}_{cls}` of (2.5).

    The mean over classes of the binary cross-entropy between the sigmoid of a logit and its label.
    Labels may be soft, as mixup (2.2) makes them.

    Args:
        loss_weight (float): Factor of the loss. Defaults to 1.0.
        reduction (str): 'mean' or 'sum' over the batch. Defaults to 'mean', as in the published
            code.
        label_smoothing (float): ε; a label y counts as (1 - ε) y + ε / 2, so that no logit is to
            grow without bound. Future work of the thesis (its [38]). Defaults to 0.0.

    Raises:
        ValueError: If the reduction is unknown, or ``label_smoothing`` is not in [0, 1).
    """

    def __init__(
        self, loss_weight: float = 1.0, reduction: str = 'mean', label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        check_choice('reduction', reduction, ('mean', 'sum'))
        if not 0 <= label_smoothing < 1:
            raise ValueError(f'label_smoothing must be in [0, 1), not {label_smoothing}')
        self.loss_weight = loss_weight
        self.reduction = reduction
        self.label_smoothing = label_smoothing

    def forward(self, cls_score: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            cls_score (Tensor): Logits, shape (N, C).
            target (Tensor): Labels in [0, 1], shape (N, C).

        Returns:
            Tensor: A float32 scalar.
        """
        if self.label_smoothing:
            target = torch.lerp(target, torch.full_like(target, 0.5), self.label_smoothing)
        loss = F.multilabel_soft_margin_loss(
            at_least_float32(cls_score), target, reduction=self.reduction
        )
        return self.loss_weight * loss
