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

    @property
    def on_device(self) -> bool:
        """Whether one of them must run in the main process."""
        return any(refiner.on_device for refiner in self.refiners)

    @property
    def needs_model(self) -> bool:
        """Whether one of them needs a model of affinities."""
        return any(refiner.needs_model for refiner in self.refiners)

    def attach(self, model: object) -> None:
        """Give the model to all of them."""
        for refiner in self.refiners:
            refiner.attach(model)

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
