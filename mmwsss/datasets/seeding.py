"""Random augmentation that depends on the seed and the place in the training alone.

A worker of PyTorch's DataLoader draws its random numbers one after another, so that what happens to
an image depends on how many workers there are and on where a run was resumed. Here the random
generators are seeded for every sample: a resumed run augments as the unbroken one, with any number
of workers.

A sampler yields :class:`SeededIndex`, and a dataset with :class:`SeededTransforms` reads the seed
from it.
"""

import random
from collections.abc import Iterator

import numpy as np
import torch
from mmengine.dataset import BaseDataset, DefaultSampler, InfiniteSampler

from mmwsss.registry import DATA_SAMPLERS
from mmwsss.structures import DataError


class SeededIndex(int):
    """Index of a sample that carries the seed of the sample's augmentation.

    Attributes:
        entropy (tuple[int, ...]): Non-negative numbers that make up the seed.
    """

    entropy: tuple[int, ...]

    def __new__(cls, index: int, entropy: tuple[int, ...]) -> 'SeededIndex':
        """Make an index.

        Args:
            index (int): Index of the sample.
            entropy (tuple[int, ...]): Non-negative numbers that make up the seed.

        Returns:
            SeededIndex: The index, equal to ``index`` as a number.
        """
        self = super().__new__(cls, index)
        self.entropy = entropy
        return self

    def __reduce__(self) -> tuple:
        """Return how it is unpickled, in a worker of the data loader."""
        return type(self), (int(self), self.entropy)


def seed_generators(*entropy: int) -> None:
    """Seed the random generators of Python, NumPy and PyTorch.

    Args:
        *entropy (int): Non-negative numbers that make up the seed.
    """
    words = np.random.SeedSequence(entropy).generate_state(3)
    random.seed(int(words[0]))
    np.random.seed(words[1])
    torch.manual_seed(int(words[2]))


class SeededTransforms(BaseDataset):
    """Base of datasets that run their transforms with the seed of a :class:`SeededIndex`.

    Whatever a transform raises names the image. ``metainfo['image_bits']``, the bits that images of
    16 bits really have, goes into every sample, where ``LoadImage`` reads it.
    """

    def get_data_info(self, idx: int) -> dict:
        """Return a sample before its transforms.

        Args:
            idx (int): Index of the sample.

        Returns:
            dict: The sample.

        Raises:
            DataError: If ``metainfo['image_bits']`` is impossible.
        """
        info = super().get_data_info(idx)
        bits = self._metainfo.get('image_bits')
        if bits is None:
            return info
        if not isinstance(bits, int) or not 8 <= bits <= 16:
            raise DataError(
                f'metainfo: image_bits is {bits!r}; set the bits of a 16-bit image, 8 to 16'
            )
        return {**info, 'image_bits': bits}

    def prepare_data(self, idx: int) -> object:
        """Run the pipeline on a sample.

        Args:
            idx (int): Index of the sample; the transforms are seeded if it is a
                :class:`SeededIndex`.

        Returns:
            object: What the pipeline returns.

        Raises:
            DataError: If a transform fails, or returns nothing. Names the image.
        """
        if isinstance(idx, SeededIndex):
            seed_generators(*idx.entropy)
        try:
            sample = super().prepare_data(int(idx))
        except DataError:  # has the name of its file
            raise
        except Exception as error:
            reason = ' '.join(f'{type(error).__name__}: {error}'.split())
            raise DataError(self._failed(idx, reason)) from error
        if sample is None:
            raise DataError(self._failed(idx, 'a transform returned None'))
        return sample

    def _failed(self, idx: int, reason: str) -> str:
        path = self.get_data_info(int(idx)).get('img_path')
        return (
            f'{path}: the transforms of the dataset fail at this image ({reason}); replace it, '
            'remove it from the split, or change the pipeline'
        )


@DATA_SAMPLERS.register_module()
class SeededSampler(DefaultSampler):
    """mmengine's ``DefaultSampler`` that seeds each sample by run, epoch and index."""

    def __iter__(self) -> Iterator[SeededIndex]:
        """Iterate over the indices of this process."""
        for index in super().__iter__():
            yield SeededIndex(index, (self.seed, self.epoch, index))


@DATA_SAMPLERS.register_module()
class SeededInfiniteSampler(InfiniteSampler):
    """mmengine's ``InfiniteSampler`` that seeds each sample by run and place in the stream."""

    def _infinite_indices(self) -> Iterator[SeededIndex]:
        for place, index in enumerate(super()._infinite_indices()):
            yield SeededIndex(index, (self.seed, place))
