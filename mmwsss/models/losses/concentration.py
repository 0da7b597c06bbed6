"""Spatial concentration of the class maps (2.4)."""

import torch
from torch import Tensor, nn

from mmwsss.ops.arguments import at_least_float32, check_choice
from mmwsss.registry import MODELS

from .reduction import activate, reduce_batch


def cell_coordinates(size: int, coordinates: str, like: Tensor) -> Tensor:
    """Place the cells of an axis.

    Args:
        size (int): Number of cells.
        coordinates (str): 'cells' gives 0, 1, 2 …; 'unit' gives the cells' centres in [-1, 1].
        like (Tensor): A tensor of the dtype and device to use.

    Returns:
        Tensor: Positions, shape (size,).
    """
    index = torch.arange(size, dtype=like.dtype, device=like.device)
    return index if coordinates == 'cells' else (2 * index + 1) / size - 1


def concentration(
    cam: Tensor,
    present: Tensor,
    coordinates: str = 'unit',
    floor: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Spatial variance of the present classes' maps, summed over classes (2.4).

    .. math::
        \sum_{c \in \bar C} \frac{S^c}{S^c + HW \cdot floor} \sum_{h,w}
        \left\| (h, w) - (\mu_h^c, \mu_w^c) \right\|^2 \hat M^c(h, w), \qquad
        \hat M^c = \mathrm{ReLU}(M^c) / S^c, \quad S^c = \sum_{h,w} \mathrm{ReLU}(M^c)

    It is computed as the variance along each axis, from the row and column sums of the map, so that
    the normalised map is the only intermediate of shape (N, C, H, W).

    Args:
        cam (Tensor): Class maps, shape (N, C, H, W), floating point.
        present (Tensor): Which classes count, shape (N, C), bool.
        coordinates (str): 'cells' or 'unit', see :class:`ConcentrationLoss`. Defaults to 'unit'.
        floor (float): See :class:`ConcentrationLoss`; with 0 it is exactly (2.4). Defaults to 0.1.
        eps (float): Added to a map's sum, so that a map of zeros contributes zero. Defaults to
            1e-5.

    Returns:
        Tensor: Shape (N,), in squared halves of the map's side or, with 'cells', squared cells.
    """
    response = activate(at_least_float32(cam), 'relu')
    total = response.sum((2, 3))
    mass = response / (total + eps)[..., None, None]
    variance = torch.zeros_like(total)
    for marginal in (mass.sum(3), mass.sum(2)):
        position = cell_coordinates(marginal.shape[-1], coordinates, marginal)
        centre = (marginal * position).sum(2, keepdim=True)
        variance = variance + (marginal * (position - centre) ** 2).sum(2)
    height, width = cam.shape[-2:]
    recognised = total / (total + height * width * floor + eps)
    return torch.where(present, recognised * variance, 0).sum(1)


@MODELS.register_module()
class ConcentrationLoss(nn.Module):
    """Concentration loss of Mixup-CAM (2.4): a response should gather around its centre.

    Only classes of the (mixed) label count: of a mixed image the classes of both images.

    Args:
        loss_weight (float): λ_con of (2.5). Defaults to 9.8e-3, which on maps of 14 × 14 cells is
            the thesis's 2e-4 for ``coordinates='cells'``.
        coordinates (str): The unit of distance. 'unit' measures in [-1, 1] on both axes, so that
            loss and gradient do not depend on the resolution. 'cells' are cells of the class map,
            as (2.4) is written: 28 × 28 cells of equal response have 2 · (28² − 1)/12 = 130.5 (in
            'unit' 0.67), and loss and gradient grow with the square of the resolution. For H = W
            cells, λ_unit = λ_cells · H²/4 gives the same loss. docs/methods.md has the choice.
            Defaults to 'unit'.
        floor (float): A map of sum S is weighted by S / (S + H·W·floor), which is 1/2 where its
            mean response is ``floor``. With ``floor=0``, which is exactly (2.4), the gradient grows
            as 1 / S, and a nearly empty map (of a class whose object the crop missed) has a hundred
            times the gradient of the classification loss. With the default 0.1 a recognised class,
            whose mean response is its logit of 2 or more, loses less than 5 % of its loss.
        reduction (str): 'mean' or 'sum' over the batch. Defaults to 'mean'.
        eps (float): Added to a map's sum. Defaults to 1e-5.

    Raises:
        ValueError: If ``coordinates`` or ``reduction`` is unknown.
    """

    def __init__(
        self,
        loss_weight: float = 9.8e-3,
        coordinates: str = 'unit',
        floor: float = 0.1,
        reduction: str = 'mean',
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        check_choice('coordinates', coordinates, ('cells', 'unit'))
        check_choice('reduction', reduction, ('mean', 'sum'))
        self.loss_weight = loss_weight
        self.coordinates = coordinates
        self.floor = floor
        self.reduction = reduction
        self.eps = eps

    def forward(self, cam: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            cam (Tensor): Class maps, shape (N, C, H, W).
            target (Tensor): Labels in [0, 1], shape (N, C); a class is present where it is > 0.

        Returns:
            Tensor: A scalar, float32 or wider.
        """
        spread = concentration(cam, target > 0, self.coordinates, self.floor, self.eps)
        return self.loss_weight * reduce_batch(spread, self.reduction)
