"""Labels of large photos: refined at a bounded size, written at the photo's, along its edges."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import LabelFolder
from mmwsss.pseudo_labels.affinity_labels import AffinityLabeller
from mmwsss.pseudo_labels.images import TaggedImage, load_rgb
from mmwsss.pseudo_labels.labeller import ImageLoader, LabelWriter, PseudoLabeller
from mmwsss.refinement.affinity_labels import AffinityLabelParams
from mmwsss.refinement.background import Background
from mmwsss.refinement.refiners import Refiner, ScoredImage
from mmwsss.structures import CAMStore, ResponseMap

CLASSES = ('red', 'green')
CELL = 16  # pixels of the photo in a cell of the response maps
SIZE = (192, 256)  # as displayed
RECTANGLE = (48, 144, 64, 192)  # top, bottom, left, right
MAX_SIZE = 64


@dataclass
class Spy(Refiner):
    """Notes the sizes of images and scores."""

    seen: list = field(default_factory=list)

    def refine(self, scored: ScoredImage) -> ScoredImage:
        self.seen += [scored.image.shape[:2], scored.scores.shape[1:]]
        return scored


@pytest.fixture(params=[1, 6, 8])
def tagged(request: pytest.FixtureRequest, tmp_path: Path) -> TaggedImage:
    """A photo with an EXIF orientation, 8 bits, of which rows and columns may be exchanged."""
    top, bottom, left, right = RECTANGLE
    shown = np.full((*SIZE, 3), 120, np.uint8)
    shown[top:bottom, left:right] = (200, 40, 40)
    turns = {1: 0, 6: 1, 8: 3}[request.param]  # a viewer turns 6 clockwise, 8 the other way
    exif = Image.Exif()
    exif[0x0112] = request.param
    Image.fromarray(np.rot90(shown, turns)).save(tmp_path / 'a.jpg', exif=exif, quality=95)
    return TaggedImage('a', str(tmp_path / 'a.jpg'), (0,), None)


@pytest.fixture
def store(tmp_path: Path) -> CAMStore:
    top, bottom, left, right = (edge // CELL for edge in RECTANGLE)
    scores = np.zeros((1, SIZE[0] // CELL, SIZE[1] // CELL), np.float32)
    scores[0, top:bottom, left:right] = 1
    store = CAMStore.create(tmp_path / 'cams', CLASSES)
    store.write(ResponseMap(scores, [0], SIZE, 'a'))
    return store


def outline(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([rows[0], rows[-1] + 1, columns[0], columns[-1] + 1])


@pytest.mark.parametrize('max_size', [None, 256, MAX_SIZE])
def test_refiners_see_a_bounded_size_and_the_label_has_the_photo_s(
    store: CAMStore, tagged: TaggedImage, tmp_path: Path, max_size: int | None
) -> None:
    spy = Spy()
    folder = LabelFolder.create(tmp_path / 'labels', 'pseudo', CLASSES, {})
    loader = ImageLoader(store, Background(constant=0.5), max_size)
    assert not PseudoLabeller(spy, LabelWriter(loader, folder)).label([tagged])
    factor = SIZE[1] // (max_size or SIZE[1])
    assert set(spy.seen) == {(SIZE[0] // factor, SIZE[1] // factor)}
    labels = folder.read('a')
    assert labels.shape == SIZE and set(np.unique(labels)) == {0, 1}
    # A score of a half lies on the border between two cells.
    assert (np.abs(outline(labels == 1) - RECTANGLE) <= factor).all()


def test_affinity_labels_of_a_bounded_size_have_the_photo_s(
    store: CAMStore, tagged: TaggedImage, tmp_path: Path
) -> None:
    folder = LabelFolder.create(tmp_path / 'labels', 'affinity', CLASSES, {})
    AffinityLabeller(store, folder, AffinityLabelParams(crf=None), max_size=MAX_SIZE)(tagged)
    labels = folder.read('a')
    inside = (slice(60, 132), slice(80, 176))
    assert labels.shape == SIZE and (labels[inside] == 1).all() and labels[0, 0] == 0


@pytest.mark.parametrize('max_size', [None, MAX_SIZE])
def test_a_photo_is_loaded_as_displayed(tagged: TaggedImage, max_size: int | None) -> None:
    image, size = load_rgb(tagged.img_path, max_size)
    red = image[..., 0].astype(int) - image[..., 1] > 80
    assert size == SIZE
    np.testing.assert_allclose(outline(red) * (SIZE[1] / image.shape[1]), RECTANGLE, atol=4)
