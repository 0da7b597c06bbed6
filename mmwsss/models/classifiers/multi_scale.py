"""Response maps merged over scales and flip, by pure functions on tensors."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.ops.arguments import at_least_float32
from mmwsss.ops.resizing import resize_images


@dataclass(frozen=True)
class CAMViews:
    """The views of an image; the class maps of all views are summed.

    Attributes:
        scales (Sequence[float]): Factors on the image's sides. The published code uses 1, 0.5, 1.5
            and 2. Defaults to (1.0,).
        flip (bool): Whether every scale is also seen mirrored. Defaults to False.
        cam_stride (int, optional): Pixels of the image per cell of the merged maps. Defaults to
            None, the grid of the largest view.
        interpolation (str): How images are resized: 'bicubic' or 'bilinear', both as PIL does.
            Defaults to 'bicubic'.

    Raises:
        ValueError: If a value is impossible.
    """

    scales: Sequence[float] = (1.0,)
    flip: bool = False
    cam_stride: int | None = None
    interpolation: str = 'bicubic'

    def __post_init__(self) -> None:
        if not self.scales or min(self.scales) <= 0:
            raise ValueError(f'scales must be positive factors, got {self.scales}')
        if self.cam_stride is not None and self.cam_stride < 1:
            raise ValueError(f'cam_stride must be at least 1, got {self.cam_stride}')
        if self.interpolation not in ('bicubic', 'bilinear'):
            raise ValueError(
                f"interpolation must be 'bicubic' or 'bilinear', not {self.interpolation!r}"
            )


def select_responses(class_maps: Tensor, pairs: Tensor, flip: bool) -> Tensor:
    """Rectify the class maps of chosen classes, and add those of the mirrored images.

    Args:
        class_maps (Tensor): Shape (N, C, h, w); with ``flip`` (2N, C, h, w), where the second half
            belongs to the mirrored images.
        pairs (Tensor): (image, class) indices of the chosen maps, shape (P, 2).
        flip (bool): Whether there is a second half.

    Returns:
        Tensor: Shape (P, h, w).
    """
    images, classes = pairs.unbind(1)
    responses = class_maps[images, classes].relu()
    if flip:
        mirrored = class_maps[images + len(class_maps) // 2, classes].relu()
        responses = responses + mirrored.flip(-1)
    return responses


def views_cam(
    class_maps: Callable[[Tensor], Tensor], inputs: Tensor, pairs: Tensor, views: CAMViews
) -> Tensor:
    """Sum the rectified class maps of all views on one grid.

    An image and its mirrored copy go through the network in one batch, and the maps of other
    classes are dropped before anything is resized.

    Args:
        class_maps (Callable[[Tensor], Tensor]): The network: takes images (N, 3, H, W) and returns
            class maps (N, C, h, w).
        inputs (Tensor): Images of one size, shape (N, 3, H, W).
        pairs (Tensor): (image, class) indices of the maps to return, shape (P, 2).
        views (CAMViews): The views.

    Returns:
        Tensor: Shape (P, h, w), at least float32.
    """
    grid: Sequence[int] = ()
    if views.cam_stride is not None:
        grid = tuple(math.ceil(side / views.cam_stride) for side in inputs.shape[-2:])
    merged = torch.zeros((), device=inputs.device)
    for scale in sorted(views.scales, reverse=True):
        batch = resize_images(inputs, scale, views.interpolation)
        if views.flip:
            batch = torch.cat([batch, batch.flip(-1)])
        responses = select_responses(class_maps(batch), pairs, views.flip)
        responses = at_least_float32(responses)
        grid = grid or responses.shape[-2:]
        if responses.shape[-2:] != grid:
            responses = F.interpolate(
                responses[:, None], grid, mode='bilinear', align_corners=False
            )[:, 0]
        merged = merged + responses
    return merged


def normalize_by_maximum(cam: Tensor, eps: float = 1e-5) -> Tensor:
    """Divide each map by its maximum, as published.

    Args:
        cam (Tensor): Maps, shape (..., h, w), not negative.
        eps (float): Added to the maximum. Defaults to 1e-5.

    Returns:
        Tensor: Maps in [0, 1], of the same shape.
    """
    return cam / (cam.amax((-2, -1), keepdim=True) + eps)
