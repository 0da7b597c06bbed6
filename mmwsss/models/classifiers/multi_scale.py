"""Class activation maps over several scales and flip, as pure functions on tensors."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class CAMViews:
    """The views of an image whose class maps are summed.

    Attributes:
        scales: Factors on the image's sides; the published code uses 1, 0.5, 1.5 and 2.
        flip: Whether each scale is seen mirrored too.
        cam_stride: Image pixels per cell of the merged maps; None: the grid of the largest view.
        interpolation: How images are resized, 'bicubic' (default) or 'bilinear', with
            antialiasing where they shrink.
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


def resize_images(inputs: Tensor, scale: float, interpolation: str) -> Tensor:
    """Resize (N, 3, H, W) by a factor; sides are rounded, one pixel at least."""
    if scale == 1:
        return inputs
    size = [max(1, round(side * scale)) for side in inputs.shape[-2:]]
    return F.interpolate(
        inputs, size, mode=interpolation, align_corners=False, antialias=min(size) > 1 and scale < 1
    )


def select_responses(class_maps: Tensor, pairs: Tensor, flip: bool) -> Tensor:
    """ReLU of the wanted maps, the mirrored half turned back and added.

    Args:
        class_maps (Tensor): Shape (N, C, h, w), or with ``flip`` (2N, C, h, w), the second half of
            mirrored images.
        pairs (Tensor): (image, class) indices, shape (P, 2).
        flip (bool): Whether the second half is there.

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
    """Sum of the rectified class maps over all views, on one grid.

    The views of a scale go through the network as one batch, and absent classes are dropped before
    anything is resized.

    Args:
        class_maps (Callable): Network, (N, 3, H, W) → (N, C, h, w).
        inputs (Tensor): Images of equal size, shape (N, 3, H, W).
        pairs (Tensor): The (image, class) indices wanted, shape (P, 2).
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
        responses = responses.to(torch.promote_types(responses.dtype, torch.float32))
        grid = grid or responses.shape[-2:]
        if responses.shape[-2:] != grid:
            responses = F.interpolate(
                responses[:, None], grid, mode='bilinear', align_corners=False
            )[:, 0]
        merged = merged + responses
    return merged


def normalize_by_maximum(cam: Tensor, eps: float = 1e-5) -> Tensor:
    """Divide each map of (..., h, w) by its maximum + eps, the published normalisation."""
    return cam / (cam.amax((-2, -1), keepdim=True) + eps)
