"""Refiners one after another."""

from collections.abc import Sequence

from mmwsss.registry import REFINERS

from .base import Refiner, ScoredImage


@REFINERS.register_module()
class SequentialRefiner(Refiner):
    """Runs refiners in their order; an empty list changes nothing.

    Args:
        refiners: configs of refiners, or refiners.
    """

    def __init__(self, refiners: Sequence[dict | Refiner]) -> None:
        self.refiners = [
            refiner if isinstance(refiner, Refiner) else REFINERS.build(refiner)
            for refiner in refiners
        ]

    def steps(self) -> list[Refiner]:
        """Those of all of them, in order."""
        return [step for refiner in self.refiners for step in refiner.steps()]

    def refine(self, image: ScoredImage) -> ScoredImage:
        """Refine one image."""
        return self.refine_batch([image])[0]

    def refine_batch(self, images: Sequence[ScoredImage]) -> list[ScoredImage]:
        """Refine several images."""
        images = list(images)
        for refiner in self.refiners:
            images = refiner.refine_batch(images)
        return images
