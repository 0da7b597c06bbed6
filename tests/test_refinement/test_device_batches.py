"""Refiners of the main process: whatever one image does, the others are refined."""

import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmwsss.refinement.device_batches import DeviceBatches
from mmwsss.refinement.refiners import IdentityRefiner, Refiner, ScoredImage

IMAGES = [SimpleNamespace(img_id=f'p{index}') for index in range(5)]


class Halve(Refiner):
    """Fails where one of the bad images or too many images come; keeps what it was given."""

    def __init__(self, bad=(), most: int = 9, error: Exception | None = None) -> None:
        self.bad, self.most = bad, most
        self.error = error or RuntimeError('CUDA out of memory')
        self.batches: list[list[str]] = []

    def refine(self, image: ScoredImage) -> ScoredImage:
        return image.with_scores(image.scores / 2)

    def refine_batch(self, images) -> list[ScoredImage]:
        names = [image.img_id for image in images]
        self.batches.append(names)
        if len(names) > self.most or set(names) & set(self.bad):
            raise self.error
        return super().refine_batch(images)


def load(image) -> ScoredImage:
    scores = np.full((2, 3, 4), 1 + int(image.img_id[1:]), np.float32)
    return ScoredImage(np.zeros((3, 4, 3), np.uint8), scores, np.array([0]), image.img_id)


def run(steps, batch_size: int, loader=load) -> tuple[list[tuple[str, float]], list[str]]:
    batches = DeviceBatches(loader, IMAGES, steps, batch_size)
    results = [(image.img_id, float(image.scores.max())) for image in batches]
    return results, [str(failure) for failure in batches.failures]


@pytest.mark.parametrize('batch_size', [1, 2, 3, 9])
def test_batches_have_the_asked_for_size(batch_size: int) -> None:
    halve = Halve()
    results, failures = run([halve, IdentityRefiner()], batch_size)
    assert results == [(f'p{index}', (1 + index) / 2) for index in range(5)]
    assert not failures
    assert [len(names) for names in halve.batches[:-1]] == [batch_size] * (4 // batch_size)
    assert len(DeviceBatches(load, IMAGES, [], batch_size)) == 5


@pytest.mark.parametrize('batch_size', [1, 2, 5])
@pytest.mark.parametrize('error', [RuntimeError('no memory'), ValueError('NaN'), IndexError('i')])
def test_images_that_cannot_be_refined_are_named(batch_size: int, error: Exception) -> None:
    results, failures = run([Halve(bad=['p0', 'p3'], error=error)], batch_size)
    assert results == [(f'p{index}', (1 + index) / 2) for index in (1, 2, 4)]
    assert failures == [f'p{index}: {type(error).__name__}: {error}' for index in (0, 3)]


def test_a_batch_that_is_too_large_is_refined_one_by_one() -> None:
    halve = Halve(most=1)
    with pytest.warns(UserWarning, match=r'2 images failed together \(RuntimeError\) but'):
        results, failures = run([IdentityRefiner(), halve], 2)
    assert results == [(f'p{index}', (1 + index) / 2) for index in range(5)]
    assert not failures
    assert halve.batches[:3] == [['p0', 'p1'], ['p0'], ['p1']]


def test_a_failed_batch_is_freed_before_its_images_are_tried_alone() -> None:
    held = []

    class Hungry(IdentityRefiner):
        def refine_batch(self, images) -> list[ScoredImage]:
            memory = torch.zeros(3)
            if len(images) > 1:
                held.append(weakref.ref(memory))
                raise RuntimeError('CUDA out of memory')
            assert held[0]() is None
            return super().refine_batch(images)

    with pytest.warns(UserWarning, match='smaller batch_size'):
        results, failures = run([Hungry()], 5)
    assert len(results) == 5 and not failures


@pytest.mark.parametrize('batch_size', [1, 3])
def test_images_that_cannot_be_read_are_named(batch_size: int) -> None:
    def loader(image) -> ScoredImage:
        if image.img_id == 'p1':
            raise KeyError('no such thing')
        return load(image)

    results, failures = run([Halve()], batch_size, loader)
    assert [name for name, _ in results] == ['p0', 'p2', 'p3', 'p4']
    assert failures == ["p1: KeyError: 'no such thing'"]
