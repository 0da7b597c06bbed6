"""Resizing of images by a factor."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


def scaled_size(size: Sequence[int], scale: float) -> tuple[int, int]:
    """Multiply the sides of an image by a factor.

    Args:
        size (Sequence[int]): Height and width in pixels.
        scale (float): The factor.

    Returns:
        tuple[int, int]: Height and width, rounded, at least one pixel each.
    """
    height, width = size
    return max(1, round(height * scale)), max(1, round(width * scale))


def resize_images(images: Tensor, scale: float, interpolation: str) -> Tensor:
    """Resize images by a factor as PIL does, with antialiasing.

    Antialiasing averages where an image shrinks. Where it grows, it makes torch's bicubic kernel
    that of PIL and of the published code: a = -0.5, where torch has -0.75 without it.

    Args:
        images (Tensor): Shape (N, C, H, W), floating point.
        scale (float): Factor on their sides.
        interpolation (str): 'bicubic' or 'bilinear'.

    Returns:
        Tensor: Shape (N, C, h, w), see :func:`scaled_size`; the same object where the scale is 1.
    """
    if scale == 1:
        return images
    size = scaled_size(images.shape[-2:], scale)
    return F.interpolate(images, size, mode=interpolation, align_corners=False, antialias=True)
