"""Refinement by the image's colours alone."""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.device import get_device

from mmwsss.registry import REFINERS

from ..pixel_adaptive import PixelAdaptiveParams, pixel_adaptive_refine
from .base import Refiner, ScoredImage


@REFINERS.register_module()
class PixelAdaptiveRefiner(Refiner):
    """Averages over neighbours of alike colour, without training (the idea of PAMR).

    It works on the accelerator where there is one.

    Args:
        dilations: see ``PixelAdaptiveParams``.
        iterations: see there.
        temperature: see there.
    """

    def __init__(
        self,
        dilations: Sequence[int] = (1, 2, 4, 8, 12, 24),
        iterations: int = 10,
        temperature: float = 0.1,
    ) -> None:
        self.params = PixelAdaptiveParams(tuple(dilations), iterations, temperature)
        self.device = torch.device(get_device())
        self.on_device = self.device.type != 'cpu'

    def refine(self, scored: ScoredImage) -> ScoredImage:
        """Refine one image at its own size."""
        image = torch.from_numpy(np.ascontiguousarray(scored.image.transpose(2, 0, 1)))
        maps = torch.from_numpy(np.ascontiguousarray(scored.resized_scores()))
        refined = pixel_adaptive_refine(
            image[None].to(self.device), maps[None].to(self.device), self.params
        )
        return scored.with_scores(refined[0].cpu().numpy())
