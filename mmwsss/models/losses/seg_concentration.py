"""Concentration (2.4) of the maps of a segmentor."""

import torch
from torch import Tensor, nn

from mmwsss.ops.arguments import at_least_float32
from mmwsss.registry import MODELS

from .concentration import ConcentrationLoss


def foreground_maps(
    scores: Tensor, label: Tensor, weight: Tensor | None = None, ignore_index: int = 255
) -> tuple[Tensor, Tensor]:
    """Make the softmax maps of the foreground classes, and tell which of them the labels show.

    Args:
        scores (Tensor): Scores of the background and the C classes, shape (N, 1 + C, H, W).
        label (Tensor): Labels, 0 for the background, shape (N, H, W), int64.
        weight (Tensor, optional): Weights of the pixels, shape (N, H, W). Those of weight 0 count
            as ignored: also those that a pixel sampler leaves out. Defaults to None.
        ignore_index (int): Label of ignored pixels, which show no class and have no probability.
            Defaults to 255.

    Returns:
        tuple[Tensor, Tensor]: Probabilities, shape (N, C, H, W), float32 or wider, and the shown
        classes, shape (N, C), bool.

    Raises:
        ValueError: If the background has no score of its own.
    """
    if scores.shape[1] < 2:
        raise ValueError(
            'SegConcentrationLoss needs a score for the background and one for each class; set '
            "the head's out_channels to its num_classes"
        )
    known = label != ignore_index
    if weight is not None:
        known = known & (weight > 0)
    maps = at_least_float32(scores).softmax(1)[:, 1:] * known[:, None]
    shown = torch.zeros(scores.shape[:2], dtype=torch.bool, device=scores.device)
    shown.scatter_(1, label.where(known, 0).flatten(1), True)
    return maps, shown[:, 1:]


@MODELS.register_module()
class SegConcentrationLoss(nn.Module):
    """Concentration (2.4) while a segmentor trains: self-regularisation of this step, future work.

    One of the ``loss_decode`` of any head of mmseg, beside the cross-entropy. The maps are the
    softmax probabilities of the foreground classes that the (pseudo-)label shows; classes that it
    does not show, and the background, have no such loss. Pixels that the label leaves open (255:
    unsure ones, and the padding of crops) belong to no map, and so have neither loss nor gradient,
    as in the cross-entropy. An image without a class has a loss of 0.

    Args:
        loss_weight (float): Factor of the loss. Defaults to 0.1.
        floor (float): A map is weighted by mean / (mean + floor), see :class:`ConcentrationLoss`.
            The mean of a map is the part of the crop that the class takes: with the default 0.01
            one that takes a hundredth counts half, and one of a few pixels hardly.
        loss_name (str): Name of the loss in the log, which begins with ``loss_``. Defaults to
            'loss_con'.
        **kwargs: Further arguments of :class:`ConcentrationLoss`: coordinates, reduction, eps.

    Raises:
        ValueError: If the name does not begin with ``loss_``.
    """

    def __init__(
        self,
        loss_weight: float = 0.1,
        floor: float = 0.01,
        loss_name: str = 'loss_con',
        **kwargs,
    ) -> None:
        super().__init__()
        if not loss_name.startswith('loss_'):
            raise ValueError(f"loss_name must start with 'loss_', not {loss_name!r}")
        self.loss_name = loss_name  # mmseg's heads read it
        self.concentration = ConcentrationLoss(loss_weight, floor=floor, **kwargs)

    def forward(
        self,
        scores: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = 255,
    ) -> Tensor:
        """Compute the loss, called as mmseg's heads call their losses.

        Args:
            scores (Tensor): Scores, shape (N, 1 + C, H, W).
            label (Tensor): Labels, shape (N, H, W), int64.
            weight (Tensor, optional): Weights of the pixels, shape (N, H, W). Defaults to None.
            ignore_index (int): Label of ignored pixels. Defaults to 255.

        Returns:
            Tensor: A scalar, float32 or wider.
        """
        return self.concentration(*foreground_maps(scores, label, weight, ignore_index))
