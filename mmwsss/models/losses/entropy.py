"""Class-wise entropy of the class maps (2.3)."""

import torch
from torch import Tensor, nn

from mmwsss.ops.arguments import at_least_float32, check_choice
from mmwsss.registry import MODELS

from .reduction import activate, reduce_batch

_MAXIMUM_OVER = {'image': (1, 2, 3), 'class': (2, 3)}


def class_entropy(
    cam: Tensor, activation: str = 'relu', normalize_by: str = 'image', eps: float = 1e-5
) -> Tensor:
    r"""Entropy over classes of each pixel, averaged over the pixels (2.3).

    .. math::
        -\frac{1}{HW} \sum_{h,w} \sum_c P^c(h,w) \log P^c(h,w), \qquad
        P(h,w) = \mathrm{softmax}_c \left( M^c(h,w) / \max M \right)

    Args:
        cam (Tensor): Class maps of all C classes, shape (N, C, H, W), floating point.
        activation (str): See :class:`ClassEntropyLoss`.
        normalize_by (str): See :class:`ClassEntropyLoss`.
        eps (float): Added to the maximum, so that a map of zeros stays finite.

    Returns:
        Tensor: Entropies in nats, shape (N,), at most ``log(C)``.
    """
    probability = activate(at_least_float32(cam), activation)
    if normalize_by != 'none':
        dims = _MAXIMUM_OVER[normalize_by]
        probability = probability / (probability.amax(dims, keepdim=True) + eps)
    log_p = torch.log_softmax(probability, dim=1)
    return -(log_p.exp() * log_p).sum(1).mean((1, 2))


@MODELS.register_module()
class ClassEntropyLoss(nn.Module):
    """Class-wise entropy loss of Mixup-CAM (2.3): a pixel should belong to few classes.

    The thesis concatenates the classifier's probabilities, «normalises them by the maximum value»
    and applies softmax. What it leaves open is an argument here:

    Args:
        loss_weight (float): λ_ent of (2.5). Defaults to 0.02, the thesis's value.
        activation (str): What a class map goes through first. 'relu' (default): the map that is
            evaluated, so that division by its maximum gives values in [0, 1]; 'sigmoid': per-pixel
            probabilities in the literal sense; 'none': the raw map.
        normalize_by (str): Whose maximum divides the maps. 'image' (default): the one maximum of
            the concatenated maps, which keeps the classes comparable in the softmax; 'class': each
            map's own; 'none'. With 'relu' or 'sigmoid' the softmax sees values in [0, 1], so that
            the entropy stays near log(C) and its gradient small: λ_ent is to be read with that.
        reduction (str): 'mean' (default) or 'sum' over the batch.
        eps (float): Added to the maximum.
    """

    def __init__(
        self,
        loss_weight: float = 0.02,
        activation: str = 'relu',
        normalize_by: str = 'image',
        reduction: str = 'mean',
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        check_choice('activation', activation, ('relu', 'sigmoid', 'none'))
        check_choice('normalize_by', normalize_by, ('image', 'class', 'none'))
        if activation == 'none' and normalize_by != 'none':
            raise ValueError(
                "a raw map may have a negative maximum: use activation='relu' or 'sigmoid', "
                "or normalize_by='none'"
            )
        check_choice('reduction', reduction, ('mean', 'sum'))
        self.loss_weight = loss_weight
        self.activation = activation
        self.normalize_by = normalize_by
        self.reduction = reduction
        self.eps = eps

    def forward(self, cam: Tensor, target: Tensor) -> Tensor:
        """Compute the loss of class maps (N, C, H, W); ``target`` is not used by this term."""
        entropy = class_entropy(cam, self.activation, self.normalize_by, self.eps)
        return self.loss_weight * reduce_batch(entropy, self.reduction)
