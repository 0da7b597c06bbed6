"""Resizing of images by a factor, and of score maps strip by strip."""

from collections.abc import Iterator, Sequence

import torch
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


def resized_strips(scores: Tensor, size: Sequence[int], rows: int = 128) -> Iterator[Tensor]:
    """Resize score maps bilinearly, strip by strip, so that the whole is never in memory.

    Joined along the height, the strips are what ``F.interpolate`` gives with pixel centres and not
    corners aligned: of a photo of 12 megapixels 48 MB for each class.

    Args:
        scores (Tensor): Maps, shape (K, h, w), floating point.
        size (Sequence[int]): Height and width of the whole result.
        rows (int): Height of a strip. Defaults to 128.

    Yields:
        Tensor: Maps, shape (K, r, W) with r <= ``rows``, from top to bottom; the scores themselves
        where they have this size.
    """
    height, width = size
    if tuple(scores.shape[-2:]) == (height, width):
        yield scores
        return
    last = scores.shape[-2] - 1
    centres = torch.arange(height, dtype=torch.float64, device=scores.device) + 0.5
    places = (centres * (scores.shape[-2] / height) - 0.5).clamp(0, last)
    above = places.floor().long()
    below = (above + 1).clamp(max=last)
    share = (places - above).to(scores.dtype)[:, None]
    for start in range(0, height, rows):
        part = slice(start, start + rows)
        lerped = torch.lerp(scores[:, above[part]], scores[:, below[part]], share[part])
        yield F.interpolate(
            lerped[None], (lerped.shape[-2], width), mode='bilinear', align_corners=False
        )[0]


def highest_scores(scores: Tensor, size: Sequence[int]) -> Tensor:
    """Find the map with the highest score at every pixel, after the maps are resized bilinearly.

    Args:
        scores (Tensor): Maps, shape (K, h, w), floating point.
        size (Sequence[int]): Height and width of the result.

    Returns:
        Tensor: Index along K, the lowest on a tie, shape (H, W), int64.
    """
    highest = torch.empty(*size, dtype=torch.long, device=scores.device)
    row = 0
    for strip in resized_strips(scores, size):
        highest[row : row + strip.shape[-2]] = strip.max(0).indices
        row += strip.shape[-2]
    return highest
