"""Class-wise entropy of the class maps (2.3)."""

import torch
from torch import Tensor, nn

from mmwsss.ops.arguments import at_least_float32, check_choice
from mmwsss.registry import MODELS

from .reduction import activate, reduce_batch

_MAXIMUM_OVER = {'image': (1, 2, 3), 'class': (2, 3), 'pixel': (1,)}


def class_entropy(
    cam: Tensor,
    activation: str = 'relu',
    normalize_by: str = 'image',
    eps: float = 1e-5,
    temperature: float = 1.0,
) -> Tensor:
    r"""Compute the entropy over classes of each pixel, averaged over the pixels (2.3).

    .. math::
        -\frac{1}{HW} \sum_{h,w} \sum_c P^c(h,w) \log P^c(h,w), \qquad
        P(h,w) = \mathrm{softmax}_c \left( \frac{M^c(h,w)}{\tau \max M} \right)

    Args:
        cam (Tensor): Class maps of all C classes, shape (N, C, H, W), floating point.
        activation (str): See :class:`ClassEntropyLoss`. Defaults to 'relu'.
        normalize_by (str): See :class:`ClassEntropyLoss`. Defaults to 'image'.
        eps (float): Added to the maximum, so that a map of zeros stays finite. Defaults to 1e-5.
        temperature (float): τ, see :class:`ClassEntropyLoss`. Defaults to 1.

    Returns:
        Tensor: Entropies in nats, shape (N,), at most ``log(C)``.
    """
    probability = activate(at_least_float32(cam), activation)
    if normalize_by != 'none':
        dims = _MAXIMUM_OVER[normalize_by]
        probability = probability / (probability.amax(dims, keepdim=True) + eps)
    log_p = torch.log_softmax(probability / temperature, dim=1)
    return -(log_p.exp() * log_p).sum(1).mean((1, 2))


@MODELS.register_module()
class ClassEntropyLoss(nn.Module):
    """Class-wise entropy loss of Mixup-CAM (2.3): a pixel should belong to few classes.

    The thesis concatenates the classifier's probabilities, «normalises them by the maximum value»
    and applies softmax. Arguments settle what it leaves open.

    Args:
        loss_weight (float): λ_ent of (2.5). Defaults to 0.02, the thesis's value.
        activation (str): The function applied to class maps first. 'relu' gives the map that is
            evaluated, so that division by its maximum gives values in [0, 1]; 'sigmoid' gives
            probabilities per pixel; 'none' keeps the raw map. Defaults to 'relu'.
        normalize_by (str): The maximum that maps are divided by. 'image' is the maximum over all
            classes of an image, which keeps the classes comparable in the softmax; 'class' is each
            map's own; 'pixel' is that over the classes at each pixel; 'none' divides by nothing.
            Unless it is 'none', the softmax sees values in [0, 1], so that the entropy stays near
            log(C) and its gradient small, which has to be kept in mind when λ_ent is chosen.
            Defaults to 'image'.
        reduction (str): 'mean' or 'sum' over the batch. Defaults to 'mean'.
        eps (float): Added to the maximum. Defaults to 1e-5.
        temperature (float): What the values are divided by before the softmax. Below 1 it sharpens
            the softmax of values in [0, 1]. Defaults to 1.

    Raises:
        ValueError: If a value is unknown or the temperature not positive, or a raw map would be
            divided by its maximum.
    """

    def __init__(
        self,
        loss_weight: float = 0.02,
        activation: str = 'relu',
        normalize_by: str = 'image',
        reduction: str = 'mean',
        eps: float = 1e-5,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        check_choice('activation', activation, ('relu', 'sigmoid', 'none'))
        check_choice('normalize_by', normalize_by, ('image', 'class', 'pixel', 'none'))
        if activation == 'none' and normalize_by != 'none':
            raise ValueError(
                "a raw map may have a negative maximum: use activation='relu' or 'sigmoid', "
                "or normalize_by='none'"
            )
        check_choice('reduction', reduction, ('mean', 'sum'))
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, not {temperature}')
        self.loss_weight = loss_weight
        self.activation = activation
        self.normalize_by = normalize_by
        self.reduction = reduction
        self.eps = eps
        self.temperature = temperature

    def forward(self, cam: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            cam (Tensor): Class maps, shape (N, C, H, W).
            target (Tensor): Labels, shape (N, C); not used by this loss.

        Returns:
            Tensor: A scalar, float32 or wider.
        """
        entropy = class_entropy(cam, self.activation, self.normalize_by, self.eps, self.temperature)
        return self.loss_weight * reduce_batch(entropy, self.reduction)
