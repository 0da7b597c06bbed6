"""Refiners one after another."""

from collections.abc import Sequence

from mmwsss.registry import REFINERS

from .base import Refiner, ScoredImage


@REFINERS.register_module()
class SequentialRefiner(Refiner):
    """Runs several refiners in order; without any it changes nothing.

    Args:
        refiners (Sequence[dict | Refiner]): The refiners, or their configs.
    """

    def __init__(self, refiners: Sequence[dict | Refiner]) -> None:
        self.refiners = [
            refiner if isinstance(refiner, Refiner) else REFINERS.build(refiner)
            for refiner in refiners
        ]

    def steps(self) -> list[Refiner]:
        """List the refiners in order, those of nested sequences too.

        Returns:
            list[Refiner]: The refiners that are no sequences themselves.
        """
        return [step for refiner in self.refiners for step in refiner.steps()]

    def refine(self, scored: ScoredImage) -> ScoredImage:
        """Refine one image by all refiners.

        Args:
            scored (ScoredImage): The image with its scores.

        Returns:
            ScoredImage: The same image with refined scores.
        """
        return self.refine_batch([scored])[0]

    def refine_batch(self, batch: Sequence[ScoredImage]) -> list[ScoredImage]:
        """Refine several images, each refiner taking all of them at once.

        Args:
            batch (Sequence[ScoredImage]): Images of any sizes.

        Returns:
            list[ScoredImage]: Each image refined, in the same order.
        """
        refined = list(batch)
        for refiner in self.refiners:
            refined = refiner.refine_batch(refined)
        return refined
