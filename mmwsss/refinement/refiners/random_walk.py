"""The refiner that walks over learnt affinities."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.ops.grouping import group_indices
from mmwsss.ops.resizing import scaled_size
from mmwsss.registry import REFINERS

from ..random_walk import Border, random_walk
from .base import Refiner, ScoredImage


class AffinityModel(Protocol):
    """A model that predicts affinities, for example ``AffinityNet``.

    Attributes:
        radius (float): Cells at a distance below it are neighbours, in cells.
        stride (int): Pixels per cell.
    """

    @property
    def radius(self) -> float:
        """Cells at a distance below it are neighbours, in cells."""

    @property
    def stride(self) -> int:
        """Pixels per cell."""

    def affinities(self, images: Sequence[Tensor], scale: float) -> Tensor:
        """Predict the affinities of images of one size.

        Args:
            images (Sequence[Tensor]): RGB images, shape (3, H, W) each, uint8.
            scale (float): Factor on the sides of the images before the model sees them.

        Returns:
            Tensor: Affinities as ``pairwise_affinity`` returns them, shape (B, P, h, w) with
            h = ceil(round(scale * H) / stride), and w likewise.
        """


def walk_device(device: torch.device) -> torch.device:
    """Choose where to walk over affinities: on their device, or on the CPU.

    The walk needs sparse float64 matrices, which CPU and CUDA support and MPS does not.

    Args:
        device (torch.device): The device of the affinities.

    Returns:
        torch.device: The device to walk on.
    """
    return device if device.type in ('cpu', 'cuda') else torch.device('cpu')


def pool_to_cells(maps: Tensor, stride: int, border: Border = 'inside') -> Tensor:
    """Average maps over square cells.

    Args:
        maps (Tensor): Shape (..., H, W).
        stride (int): Side of a cell in pixels.
        border (str): What a cell averages that reaches over the edge of the image: 'inside' its own
            pixels only; 'psa' all pixels of a whole cell, those outside as 0, as published.
            Defaults to 'inside'.

    Returns:
        Tensor: Shape (..., ceil(H / stride), ceil(W / stride)).
    """
    if border == 'psa':
        height, width = maps.shape[-2:]
        maps = F.pad(maps, (0, -width % stride, 0, -height % stride))
    return F.avg_pool2d(maps, stride, ceil_mode=True, count_include_pad=False)


@REFINERS.register_module()
class RandomWalkRefiner(Refiner):
    """Refines scores by a random walk of 2^t steps over a model's affinities (PSA).

    Scores are averaged over the cells of the model's grid and, after the walk, stay on that grid.

    Args:
        beta (float): Exponent of the affinities. Defaults to 8.
        t (int): Binary logarithm of the number of steps. Defaults to 8: 256 steps.
        border (str): Which pairs of cells are neighbours at the border: 'inside', all inside the
            grid, or 'psa', those of the published index arithmetic, with scores pooled as published
            too, see :func:`pool_to_cells`. Defaults to 'inside'.
        scale (float): Factor on the image's sides before the model sees it. Above 1 the grid is
            finer, and the radius covers less of the image. Defaults to 1.
        tolerance (float): Bound of the error that truncating the series makes, see
            ``apply_power``. Defaults to 1e-6.

    Raises:
        ValueError: If ``scale`` is not positive.
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
        """Take the model that predicts affinities.

        Args:
            model (AffinityModel): The model, in eval mode and on the device to work on.
        """
        self.model = model

    def refine(self, scored: ScoredImage) -> ScoredImage:
        """Refine the scores of one image.

        Args:
            scored (ScoredImage): The image with its scores.

        Returns:
            ScoredImage: The same image with scores on the model's grid.

        Raises:
            RuntimeError: If no model is attached.
        """
        return self.refine_batch([scored])[0]

    def refine_batch(self, batch: Sequence[ScoredImage]) -> list[ScoredImage]:
        """Refine several images; those of one size go through the model together.

        Args:
            batch (Sequence[ScoredImage]): Images of any sizes.

        Returns:
            list[ScoredImage]: Each image with scores on the model's grid, in the same order.

        Raises:
            RuntimeError: If no model is attached.
        """
        if self.model is None:
            raise RuntimeError(
                'RandomWalkRefiner has no model: attach the AffinityNet by refiner.attach(model)'
            )
        refined = list(batch)
        for indices in group_indices(scored.image.shape for scored in batch):
            walked = self._walk([batch[index] for index in indices], self.model)
            for index, scored in zip(indices, walked):
                refined[index] = scored
        return refined

    @torch.no_grad()
    def _walk(self, group: Sequence[ScoredImage], model: AffinityModel) -> list[ScoredImage]:
        """Walk the scores of images of one size."""
        images = [_to_tensor(scored.image.transpose(2, 0, 1)) for scored in group]
        affinity = model.affinities(images, self.scale)
        affinity = affinity.to(walk_device(affinity.device))
        maps = [self._cell_scores(scored, model.stride) for scored in group]
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
            scored.with_scores(scores[: len(scored.scores)], (height, width))
            for scored, scores in zip(group, scores_on_cells)
        ]

    def _cell_scores(self, scored: ScoredImage, stride: int) -> Tensor:
        """Average the scores over the model's cells, shape (1 + K, h, w)."""
        scores = _to_tensor(scored.resized_scores())
        if self.scale != 1:
            size = scaled_size(scored.image.shape[:2], self.scale)
            scores = F.interpolate(
                scores[None], size, mode='bilinear', align_corners=False, antialias=self.scale < 1
            )[0]
        return pool_to_cells(scores, stride, self.border)


def _to_tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
