"""Samples whose random augmentation depends on seed and place in the training alone.

A worker of PyTorch's DataLoader draws its random numbers one after another, so that what happens to
an image depends on how many workers there are and on where a run was resumed. Here every draw of a
sample has a seed of its own: a resumed run augments as the unbroken one, with any number of
workers.
"""

import random
from collections.abc import Iterator

import numpy as np
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler

from mmwsss.registry import DATA_SAMPLERS


class Draw(int):
    """Index of a sample that knows the numbers which seed this draw of it."""

    entropy: tuple[int, ...]

    def __new__(cls, index: int, entropy: tuple[int, ...]) -> 'Draw':
        """Make the index carry its entropy."""
        self = super().__new__(cls, index)
        self.entropy = entropy
        return self

    def __getnewargs__(self) -> tuple[int, tuple[int, ...]]:
        """Let it be pickled, on its way to a worker."""
        return int(self), self.entropy


def seed_generators(*entropy: int) -> None:
    """Seed the generators of Python, NumPy and PyTorch with some non-negative numbers."""
    words = np.random.SeedSequence(entropy).generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(words[1])
    torch.manual_seed(int(words[2]))


class SeededDraws:
    """Mixin of mmengine's datasets that seeds the transforms of every :class:`Draw`."""

    def prepare_data(self, idx: int) -> object:
        """Apply the pipeline to a sample."""
        if isinstance(idx, Draw):
            seed_generators(*idx.entropy)
        return super().prepare_data(int(idx))


@DATA_SAMPLERS.register_module()
class SeededSampler(DefaultSampler):
    """mmengine's ``DefaultSampler`` of :class:`Draw`: seed, epoch and sample decide."""

    def __iter__(self) -> Iterator[Draw]:
        """Iterate over the indices of this process."""
        for index in super().__iter__():
            yield Draw(index, (self.seed, self.epoch, index))


@DATA_SAMPLERS.register_module()
class SeededInfiniteSampler(InfiniteSampler):
    """mmengine's ``InfiniteSampler`` of :class:`Draw`: seed and place in the stream decide."""

    def _infinite_indices(self) -> Iterator[Draw]:
        for place, index in enumerate(super()._infinite_indices()):
            yield Draw(index, (self.seed, place))
