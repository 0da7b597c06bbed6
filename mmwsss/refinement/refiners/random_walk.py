"""Refinement by a random walk over learnt affinities."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.ops.grouping import group_indices
from mmwsss.registry import REFINERS

from ..random_walk import Border, random_walk
from .base import Refiner, ScoredImage


class AffinityModel(Protocol):
    """What gives affinities, for example ``AffinityNet``.

    Attributes:
        radius: cells at a distance below it are neighbours.
        stride: pixels per cell.
    """

    radius: float
    stride: int

    def affinities(self, images: Sequence[Tensor], scale: float) -> Tensor:
        """Affinities of images of one size, uint8 RGB (3, H, W), seen at a scale.

        Returns:
            (B, P, h, w) as ``pairwise_affinity`` gives them, h = ceil(round(scale H) / stride).
        """


def walk_device(device: torch.device) -> torch.device:
    """Where to walk over affinities that lie on a device: there, or on the CPU.

    The walk takes sparse matrices in float64, which CPU and CUDA have, and MPS has not.
    """
    return device if device.type in ('cpu', 'cuda') else torch.device('cpu')


def pool_to_cells(maps: Tensor, stride: int) -> Tensor:
    """Average (..., H, W) over cells of ``stride`` pixels; border cells over their pixels only."""
    return F.avg_pool2d(maps, stride, ceil_mode=True, count_include_pad=False)


@REFINERS.register_module()
class RandomWalkRefiner(Refiner):
    """2^t steps of a random walk over the affinities of a trained model (PSA).

    The scores are averaged over the cells of the model's grid, walked, and stay on that grid.

    Args:
        beta: exponent of the affinities.
        t: logarithm of the number of steps.
        border: 'inside', or 'psa' for the published index arithmetic.
        scale: factor on the image's sides before the model sees it; above 1 the grid is finer
            and the radius shorter.
        tolerance: error bound of the walk's series.
    """

    on_device = True
    needs_model = True

    def __init__(
        self,
        beta: float = 8,
        t: int = 8,
        border: Border = 'inside',
        scale: float = 1.0,
        tolerance: float = 1e-6,
    ) -> None:
        if not scale > 0:
            raise ValueError(f'RandomWalkRefiner: scale must be positive, not {scale}')
        self.beta = beta
        self.t = t
        self.border = border
        self.tolerance = tolerance
        self.scale = scale
        self.model: AffinityModel | None = None

    def attach(self, model: AffinityModel) -> None:
        """Take the model."""
        self.model = model

    def refine(self, image: ScoredImage) -> ScoredImage:
        """Refine one image."""
        return self.refine_batch([image])[0]

    def refine_batch(self, images: Sequence[ScoredImage]) -> list[ScoredImage]:
        """Refine several images, those of one size together.

        Raises:
            RuntimeError: no model is attached.
        """
        if self.model is None:
            raise RuntimeError(
                'RandomWalkRefiner has no model: attach the AffinityNet by refiner.attach(model)'
            )
        refined = list(images)
        for indices in group_indices(image.image.shape for image in images):
            group = [images[index] for index in indices]
            for index, image in zip(indices, self._walk(group, self.model)):
                refined[index] = image
        return refined

    @torch.no_grad()
    def _walk(self, group: Sequence[ScoredImage], model: AffinityModel) -> list[ScoredImage]:
        """Walk the scores of images of one size."""
        images = [_to_tensor(image.image.transpose(2, 0, 1)) for image in group]
        affinity = model.affinities(images, self.scale)
        affinity = affinity.to(walk_device(affinity.device))
        maps = [self._cell_scores(image, model.stride) for image in group]
        most = max(map(len, maps))
        # Maps of zeros stay zeros: images with fewer classes walk along.
        batch = torch.stack([F.pad(m, (0, 0, 0, 0, 0, most - len(m))) for m in maps])
        walked = random_walk(
            batch.to(affinity.device),
            affinity,
            radius=model.radius,
            beta=self.beta,
            t=self.t,
            border=self.border,
            tolerance=self.tolerance,
        )
        # The truncated series may leave a zero by its tolerance.
        scores_on_cells = walked.clamp_(min=0).float().cpu().numpy()
        height, width = (
            max(side, round(cells * model.stride / self.scale))
            for side, cells in zip(group[0].image.shape, affinity.shape[-2:])
        )
        return [
            image.with_scores(scores[: len(image.scores)], (height, width))
            for image, scores in zip(group, scores_on_cells)
        ]

    def _cell_scores(self, image: ScoredImage, stride: int) -> Tensor:
        """Scores averaged over the model's cells, (1 + K, h, w)."""
        scores = _to_tensor(image.resized_scores())
        if self.scale != 1:
            size = scaled_size(image.image.shape[:2], self.scale)
            scores = F.interpolate(
                scores[None], size, mode='bilinear', align_corners=False, antialias=self.scale < 1
            )[0]
        return pool_to_cells(scores, stride)


def scaled_size(size: Sequence[int], scale: float) -> tuple[int, int]:
    """(H, W) times a factor, rounded, one at least."""
    height, width = size
    return max(1, round(height * scale)), max(1, round(width * scale))


def _to_tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
