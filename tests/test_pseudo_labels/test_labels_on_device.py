"""Pseudo-labels with a refiner in the main process, as one with a model is."""

from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image
from tiny_maps import COUNT, config, contents, write_tiny_maps

from mmwsss import process_pool
from mmwsss.pseudo_labels.make import make_pseudo_labels
from mmwsss.refinement.refiners import Refiner, ScoredImage
from mmwsss.registry import REFINERS

SEEN: list[ScoredImage] = []
BAD: set[str] = set()


@REFINERS.register_module()
class StandInForAModel(Refiner):
    """Fails at bad images, as an accelerator without memory does."""

    on_device = True

    def refine(self, image: ScoredImage) -> ScoredImage:
        SEEN.append(image)
        if image.img_id in BAD:
            raise RuntimeError('CUDA out of memory')
        return image


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Images, their response maps and a config."""
    write_tiny_maps(tmp_path)
    SEEN.clear()
    BAD.clear()
    return tmp_path


def make(root: Path, **settings):
    refiner = dict(_delete_=True, type='StandInForAModel')
    return make_pseudo_labels(config(root, refiner=refiner, **settings), workers=0)


def test_a_bad_image_is_named_and_the_others_are_done(root: Path) -> None:
    BAD.add('p3')
    with pytest.raises(RuntimeError, match=r'1 of 6 images failed(.|\n)*p3: RuntimeError: CUDA'):
        make(root, batch_size=4)
    assert contents(root / 'pseudo').keys() == {f'p{i}.png' for i in range(COUNT) if i != 3}
    BAD.clear()
    assert make(root).made == 1


def test_images_of_one_size_come_together(root: Path) -> None:
    make(root)
    sizes = [image.image.shape for image in SEEN]
    paths = sorted((root / 'JPEGImages').iterdir())
    in_order = [Image.open(path).size for path in paths]
    assert len(sizes) == COUNT
    changes = [sum(a != b for a, b in pairwise(kinds)) for kinds in (sizes, in_order)]
    assert changes[0] == len(set(sizes)) - 1 < changes[1]


def test_progress_has_a_total(root: Path, monkeypatch) -> None:
    totals = []

    def track(outcomes, description, total, **kwargs):
        totals.append(total)
        return outcomes

    monkeypatch.setattr(process_pool, 'track', track)
    make(root)
    assert totals == [COUNT]
