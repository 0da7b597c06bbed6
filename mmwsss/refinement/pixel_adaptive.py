"""Training-free refinement of class maps by the image's own colours.

Every pixel's class scores are repeatedly replaced by an average of its neighbours' scores, weighted
by how similar their colours are: pixel-adaptive mask refinement (PAMR, Araslanov & Roth 2020).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

# Colour deviations below this count as none: the rounding of a flat area is no texture.
_FLAT = 1e-6


@dataclass(frozen=True)
class PixelAdaptiveParams:
    """Settings of the refinement.

    Attributes:
        dilations (tuple[int, ...]): Distances in pixels of the 3x3 rings of neighbours. Defaults to
            (1, 2, 4, 8, 12, 24).
        iterations (int): How often the maps are averaged; 0 returns them as they are. Defaults to
            10.
        temperature (float): Colour differences are divided by this times the local standard
            deviation of the colours: the lower, the closer to edges. Defaults to 0.1.

    Raises:
        ValueError: If a value is impossible.
    """

    dilations: tuple[int, ...] = (1, 2, 4, 8, 12, 24)
    iterations: int = 10
    temperature: float = 0.1

    def __post_init__(self) -> None:
        if not self.dilations or min(self.dilations) < 1:
            raise ValueError(f'dilations must be positive, not {self.dilations}')
        if self.iterations < 0:
            raise ValueError(f'iterations must not be negative, not {self.iterations}')
        if not self.temperature > 0:
            raise ValueError(f'temperature must be positive, not {self.temperature}')


@torch.no_grad()
def colour_affinity(images: Tensor, params: PixelAdaptiveParams = PixelAdaptiveParams()) -> Tensor:
    """Weigh every pixel's neighbours by how similar their colours are.

    The weight of neighbour j of pixel i is the softmax over j of minus the mean over channels of
    ``|I_i - I_j| / (temperature * s_i)``, where s_i is the unbiased standard deviation of that
    channel over i and its neighbours. Outside the image its border is repeated.

    Args:
        images (Tensor): Shape (B, C, H, W), uint8 or floating point of any range.
        params (PixelAdaptiveParams): The settings.

    Returns:
        Tensor: Weights, shape (B, M, H, W), floating point. They sum to 1 over the
        M = 8 * len(dilations) neighbours, which are in the order of the dilations, then of rows
        and columns.

    Raises:
        ValueError: If ``images`` has another number of dimensions.
    """
    if images.ndim != 4:
        raise ValueError(f'images must be (B, C, H, W), not {tuple(images.shape)}')
    if not images.is_floating_point():
        images = images.float() / 255
    padded = _pad(images, params)
    size = images.shape[-2:]
    count = 8 * len(params.dilations) + 1
    mean = images / count
    for neighbour in _neighbours(padded, size, params):
        mean += neighbour / count
    variance = (images - mean).square_()
    for neighbour in _neighbours(padded, size, params):
        variance += (neighbour - mean).square_()
    deviation = (variance / (count - 1)).sqrt_().clamp_(min=_FLAT)
    scale = -1 / (params.temperature * deviation * images.shape[1])
    likeness = [
        (neighbour - images).abs_().mul_(scale).sum(1)
        for neighbour in _neighbours(padded, size, params)
    ]
    return torch.stack(likeness, 1).softmax(1)


@torch.no_grad()
def pixel_adaptive_refine(
    images: Tensor, maps: Tensor, params: PixelAdaptiveParams = PixelAdaptiveParams()
) -> Tensor:
    """Average class maps ``iterations`` times over neighbours of similar colour.

    Args:
        images (Tensor): Shape (B, C, H, W), uint8 or floating point of any range.
        maps (Tensor): Class maps of the images' size, shape (B, K, H, W), floating point.
        params (PixelAdaptiveParams): The settings.

    Returns:
        Tensor: Refined maps, shape (B, K, H, W), of the dtype of ``maps``. Every value is a
        weighted mean, so that it stays in the range of its map, and maps that sum to 1 over the
        classes still do.

    Raises:
        ValueError: If maps and images differ in batch or size.
    """
    if maps.ndim != 4 or images.ndim != 4 or _batch_and_size(maps) != _batch_and_size(images):
        raise ValueError(
            f'images {tuple(images.shape)} and maps {tuple(maps.shape)} must be (B, C, H, W) of '
            'one size: resize either first'
        )
    if params.iterations == 0:
        return maps.clone()
    weights = colour_affinity(images, params).to(maps.dtype)
    size = maps.shape[-2:]
    for _ in range(params.iterations):
        neighbours = _neighbours(_pad(maps, params), size, params)
        maps = torch.zeros_like(maps)
        for index, neighbour in enumerate(neighbours):
            maps.addcmul_(weights[:, index, None], neighbour)
    return maps


def _batch_and_size(tensor: Tensor) -> tuple[int, ...]:
    return (tensor.shape[0], *tensor.shape[-2:])


def _pad(tensor: Tensor, params: PixelAdaptiveParams) -> Tensor:
    reach = max(params.dilations)
    return F.pad(tensor, (reach, reach, reach, reach), mode='replicate')


def _neighbours(
    padded: Tensor, size: Sequence[int], params: PixelAdaptiveParams
) -> Iterator[Tensor]:
    """Yield views of the padded tensor, each shifted by one neighbour's offset."""
    reach = max(params.dilations)
    for dilation in params.dilations:
        for dy in (-dilation, 0, dilation):
            for dx in (-dilation, 0, dilation):
                if dy or dx:
                    top, left = reach + dy, reach + dx
                    yield padded[..., top : top + size[0], left : left + size[1]]
