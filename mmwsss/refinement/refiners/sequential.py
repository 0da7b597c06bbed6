"""Refiners one after another."""

from collections.abc import Sequence

from mmwsss.registry import REFINERS

from .base import Refiner, ScoredPicture


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

    def refine(self, picture: ScoredPicture) -> ScoredPicture:
        """Refine one picture."""
        return self.refine_batch([picture])[0]

    def refine_batch(self, pictures: Sequence[ScoredPicture]) -> list[ScoredPicture]:
        """Refine several pictures."""
        pictures = list(pictures)
        for refiner in self.refiners:
            pictures = refiner.refine_batch(pictures)
        return pictures
