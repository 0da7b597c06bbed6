"""Contrast of the features of classes: future work of the thesis, its [7]."""

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather_object
from torch import Tensor, nn

from mmwsss.registry import MODELS


def class_contrast(
    features: Tensor,
    classes: Tensor,
    known: Tensor,
    known_classes: Tensor,
    temperature: float = 0.1,
) -> Tensor:
    r"""Pull features of one class together, and those of others apart.

    Supervised contrast (Khosla et al., 2020), of which SimCLR is the case with one positive. For
    the anchors i, with A(i) all other features, known ones included, and P(i) those of i's class:

    .. math::
        \frac{1}{I} \sum_i \frac{-1}{|P(i)|} \sum_{p \in P(i)} \log
        \frac{\exp(z_i \cdot z_p / \tau)}{\sum_{a \in A(i)} \exp(z_i \cdot z_a / \tau)},
        \qquad z = f / \|f\|

    Args:
        features (Tensor): Features f of the anchors, shape (P, D), floating point.
        classes (Tensor): Class of each, shape (P,).
        known (Tensor): Further features to compare with, which are no anchors, shape (M, D).
        known_classes (Tensor): Class of each, shape (M,).
        temperature (float): τ. Defaults to 0.1.

    Returns:
        Tensor: A scalar: the mean over the I anchors whose class has another feature; 0 without
        any.
    """
    anchors = F.normalize(features, dim=1)
    others = torch.cat([anchors, F.normalize(known, dim=1)])
    alike = classes[:, None] == torch.cat([classes, known_classes])
    itself = torch.eye(len(anchors), len(others), dtype=torch.bool, device=features.device)
    similar = anchors @ others.T / temperature
    # Not -inf: of an anchor without any other feature the gradient would be NaN.
    log_share = similar.masked_fill(itself, torch.finfo(similar.dtype).min).log_softmax(1)
    positive = alike & ~itself
    count = positive.sum(1)
    means = -torch.where(positive, log_share, 0).sum(1) / count.clamp(min=1)
    return means.sum() / (count > 0).sum().clamp(min=1)


@MODELS.register_module()
class ContrastiveLoss(nn.Module):
    """Contrast of the features of classes, with a memory of those of earlier batches.

    Args:
        in_channels (int): Channels D of the features.
        loss_weight (float): Factor of the loss. Defaults to 0.1.
        temperature (float): τ of :func:`class_contrast`. Defaults to 0.1.
        memory (int): Number of features that are kept, the latest ones; a class of few images finds
            its like there. 0: only the batch counts. Defaults to 512.

    Attributes:
        features (Tensor): The memory, shape (memory, D); a buffer, saved in checkpoints, so that a
            resumed training ends as the unbroken one.
        classes (Tensor): Class of each feature, -1 where there is none yet, shape (memory,), int64;
            a buffer.

    Raises:
        ValueError: If ``temperature`` is not positive, or ``memory`` negative.
    """

    features: Tensor
    classes: Tensor

    def __init__(
        self,
        in_channels: int,
        loss_weight: float = 0.1,
        temperature: float = 0.1,
        memory: int = 512,
    ) -> None:
        super().__init__()
        if temperature <= 0 or memory < 0:
            raise ValueError(
                f'temperature must be positive and memory not negative, not {temperature}, {memory}'
            )
        self.loss_weight = loss_weight
        self.temperature = temperature
        self.memory = memory
        self.register_buffer('features', torch.zeros(memory, in_channels))
        self.register_buffer('classes', torch.full((memory,), -1))

    def forward(self, features: Tensor, classes: Tensor) -> Tensor:
        """Compute the loss of a batch, and keep its features.

        Args:
            features (Tensor): Features of pairs of an image and a class, shape (P, D), float32.
            classes (Tensor): Class of each pair, shape (P,), int64.

        Returns:
            Tensor: A scalar.
        """
        filled = self.classes >= 0
        known, known_classes = self.features[filled], self.classes[filled]
        loss = class_contrast(features, classes, known, known_classes, self.temperature)
        if self.training:
            self._remember(features.detach(), classes)
        return self.loss_weight * loss

    def _remember(self, features: Tensor, classes: Tensor) -> None:
        """Put the features of all processes at the front of the memory; drop the oldest."""
        parts = all_gather_object((features.to(self.features), classes))
        new, new_classes = (
            torch.cat([part[i].to(self.features.device) for part in parts]) for i in (0, 1)
        )
        self.features = torch.cat([new, self.features])[: self.memory]
        self.classes = torch.cat([new_classes, self.classes])[: self.memory]
