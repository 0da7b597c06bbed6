"""Runs the refiners of the main process on one batch of images while the next batch is read."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

import torch

from mmwsss.worker_processes import ImageError

from .refiners import Refiner, ScoredImage


class ImageReference(Protocol):
    """An image that is named but not read yet.

    Attributes:
        img_id (str): The image's path relative to the image root, without suffix.
    """

    @property
    def img_id(self) -> str:
        """The image's path relative to the image root, without suffix."""


Unread = TypeVar('Unread', bound=ImageReference)


class DeviceBatches(Generic[Unread]):
    """Iterates over images that the refiners of the main process have refined.

    An image that cannot be read or refined is left out and recorded in ``failures``. A batch that
    fails as a whole, for example for lack of memory, is refined image by image.

    Args:
        load (Callable[[Unread], ScoredImage]): Reads an image and its scores; called in threads.
        images (Sequence[Unread]): The images. Those of one size should follow one another,
            since only they can be refined together.
        steps (Sequence[Refiner]): The refiners, in the order in which they run.
        batch_size (int): How many images the refiners are given at once. Defaults to 1.

    Attributes:
        failures (list[ImageError]): The images left out so far, with the reason.
    """

    def __init__(
        self,
        load: Callable[[Unread], ScoredImage],
        images: Sequence[Unread],
        steps: Sequence[Refiner],
        batch_size: int = 1,
    ) -> None:
        self.load = load
        self.images = images
        self.steps = steps
        self.batch_size = batch_size
        self.failures: list[ImageError] = []

    def __len__(self) -> int:
        """Return how many images there are, including those that fail."""
        return len(self.images)

    def __iter__(self) -> Iterator[ScoredImage]:
        size = self.batch_size
        chunks = [self.images[first : first + size] for first in range(0, len(self), size)]
        with ThreadPoolExecutor(min(size, 8)) as threads:
            ahead = self._submit(threads, chunks[0]) if chunks else []
            for chunk, following in zip(chunks, [*chunks[1:], []]):
                futures, ahead = ahead, self._submit(threads, following)
                yield from self._refined(self._loaded(chunk, futures))

    def _submit(
        self, threads: ThreadPoolExecutor, chunk: Sequence[Unread]
    ) -> list[Future[ScoredImage]]:
        return [threads.submit(self.load, image) for image in chunk]

    def _loaded(
        self, chunk: Sequence[Unread], futures: Sequence[Future[ScoredImage]]
    ) -> list[ScoredImage]:
        """Collect the images that could be read."""
        batch = []
        for image, future in zip(chunk, futures):
            try:
                batch.append(future.result())
            except Exception as error:
                self._fail(image, error)
        return batch

    def _refined(self, batch: Sequence[ScoredImage]) -> list[ScoredImage]:
        """Refine the images all at once, or one by one where that fails."""
        try:
            return self._run(batch)
        except Exception as error:
            kind = type(error).__name__
        # Only here, where the error is gone, nothing holds the batch's tensors any more.
        torch.cuda.empty_cache()
        refined = []
        for image in batch:
            try:
                refined += self._run([image])
            except Exception as error:
                self._fail(image, error)
        if len(batch) == len(refined) > 1:
            warnings.warn(
                f'{len(batch)} images failed together ({kind}) but not each alone: take a '
                'smaller batch_size',
                stacklevel=2,
            )
        return refined

    def _run(self, batch: Sequence[ScoredImage]) -> list[ScoredImage]:
        for step in self.steps:
            batch = step.refine_batch(batch)
        return list(batch)

    def _fail(self, image: ImageReference, error: Exception) -> None:
        self.failures.append(ImageError(image.img_id, f'{type(error).__name__}: {error}'))
