"""The refiner that works by the image's colours alone."""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.device import get_device

from mmwsss.registry import REFINERS

from ..pixel_adaptive import PixelAdaptiveParams, pixel_adaptive_refine
from .base import Refiner, ScoredImage


@REFINERS.register_module()
class PixelAdaptiveRefiner(Refiner):
    """Averages scores over neighbouring pixels of similar colour (the idea of PAMR).

    Nothing is trained. It works on the accelerator where there is one.

    Args:
        dilations (Sequence[int]): Distances in pixels of the 3x3 rings of neighbours. Defaults to
            (1, 2, 4, 8, 12, 24).
        iterations (int): How often scores are averaged. Defaults to 10.
        temperature (float): The lower it is, the less a neighbour of another colour counts.
            Defaults to 0.1.
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
        """Refine the scores of one image at the size of the image.

        Args:
            scored (ScoredImage): The image with its scores.

        Returns:
            ScoredImage: The same image with refined scores, shape (1 + K, H, W).
        """
        image = torch.from_numpy(np.ascontiguousarray(scored.image.transpose(2, 0, 1)))
        maps = torch.from_numpy(np.ascontiguousarray(scored.resized_scores()))
        refined = pixel_adaptive_refine(
            image[None].to(self.device), maps[None].to(self.device), self.params
        )
        return scored.with_scores(refined[0].cpu().numpy())
