"""Refiners of the main process, batch by batch, while the next batch is read."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import torch

from .process_pool import PictureError
from .refiners import Refiner, ScoredPicture


class Named(Protocol):
    """A picture that is not read yet."""

    img_id: str


class DeviceBatches:
    """Pictures after the refiners of the main process; those that fail are left out and named.

    Args:
        load: reads a picture.
        pictures: in an order that puts those of one size together.
        steps: the refiners, one after another.
        batch_size: pictures that they get at once.

    Attributes:
        failures: of the pictures iterated over so far.
    """

    def __init__(
        self,
        load: Callable[[Named], ScoredPicture],
        pictures: Sequence[Named],
        steps: Sequence[Refiner],
        batch_size: int = 1,
    ) -> None:
        self.load = load
        self.pictures = pictures
        self.steps = steps
        self.batch_size = batch_size
        self.failures: list[PictureError] = []

    def __len__(self) -> int:
        """How many pictures there are, those that fail among them."""
        return len(self.pictures)

    def __iter__(self) -> Iterator[ScoredPicture]:
        size = self.batch_size
        chunks = [self.pictures[first : first + size] for first in range(0, len(self), size)]
        with ThreadPoolExecutor(min(size, 8)) as threads:
            ahead = self._submit(threads, chunks[0]) if chunks else []
            for chunk, following in zip(chunks, [*chunks[1:], []]):
                futures, ahead = ahead, self._submit(threads, following)
                yield from self._refined(self._loaded(chunk, futures))

    def _submit(
        self, threads: ThreadPoolExecutor, chunk: Sequence[Named]
    ) -> list[Future[ScoredPicture]]:
        return [threads.submit(self.load, picture) for picture in chunk]

    def _loaded(
        self, chunk: Sequence[Named], futures: Sequence[Future[ScoredPicture]]
    ) -> list[ScoredPicture]:
        """The pictures that could be read."""
        batch = []
        for picture, future in zip(chunk, futures):
            try:
                batch.append(future.result())
            except Exception as error:
                self._fail(picture, error)
        return batch

    def _refined(self, batch: Sequence[ScoredPicture]) -> list[ScoredPicture]:
        """The pictures that could be refined: all at once, or else each alone."""
        try:
            return self._run(batch)
        except Exception as error:
            kind = type(error).__name__
        # Only here, where the error is gone, nothing holds the batch's tensors any more.
        torch.cuda.empty_cache()
        refined = []
        for picture in batch:
            try:
                refined += self._run([picture])
            except Exception as error:
                self._fail(picture, error)
        if len(batch) == len(refined) > 1:
            warnings.warn(
                f'{len(batch)} pictures failed together ({kind}) but not each alone: take a '
                'smaller batch_size',
                stacklevel=2,
            )
        return refined

    def _run(self, batch: Sequence[ScoredPicture]) -> list[ScoredPicture]:
        for step in self.steps:
            batch = step.refine_batch(batch)
        return list(batch)

    def _fail(self, picture: Named, error: Exception) -> None:
        self.failures.append(PictureError(picture.img_id, f'{type(error).__name__}: {error}'))
