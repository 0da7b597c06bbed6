"""HEIF is read as a viewer shows it where pillow-heif is installed, else named with the remedy."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import DataError, heif
from mmwsss.datasets.converters import image_search
from mmwsss.datasets.transforms import LoadImage

HEAD = b'\x00\x00\x00\x1cftypheic\x00\x00\x00\x00mif1heicmiaf'


@pytest.fixture
def photo() -> np.ndarray:
    small = np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype(np.uint8)
    return cv2.resize(small, (96, 64))


def write(path: Path, image: Image.Image, **settings: object) -> Path:
    pytest.importorskip('pillow_heif')
    image.save(path, 'HEIF', quality=95, **settings)
    return path


def load(path: Path) -> np.ndarray:
    return LoadImage()({'img_path': str(path)})['img'][..., ::-1]


@pytest.mark.parametrize('mode', ['RGB', 'RGBA', 'L'])
def test_an_image_of_any_mode_has_three_channels(
    photo: np.ndarray, mode: str, tmp_path: Path
) -> None:
    image = Image.fromarray(photo).convert(mode)
    expected = np.asarray(image.convert('RGB')).astype(int)
    for name in ('a.heic', 'named.jpg'):  # the content decides
        found = load(write(tmp_path / name, image))
        assert found.dtype == np.uint8
        assert np.abs(found - expected).mean() < 3


def test_an_image_is_turned_as_a_viewer_shows_it(photo: np.ndarray, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = 6  # turn by 90° clockwise
    found = load(write(tmp_path / 'a.heic', Image.fromarray(photo), exif=exif.tobytes()))
    assert np.abs(found.astype(int) - np.rot90(photo, -1)).mean() < 3


def test_more_bits_are_brought_to_eight(photo: np.ndarray, tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip('pillow_heif')
    data = (photo.astype(np.uint16) * 257).tobytes()
    deep = pillow_heif.from_bytes(mode='RGB;16', size=(96, 64), data=data)
    deep.save(tmp_path / 'a.heic', quality=95)
    assert np.abs(load(tmp_path / 'a.heic').astype(int) - photo).mean() < 3


def test_an_image_that_is_cut_off_is_named(photo: np.ndarray, tmp_path: Path) -> None:
    path = write(tmp_path / 'a.heic', Image.fromarray(photo))
    content = path.read_bytes()
    for length in range(0, len(content), 97):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=r'a\.heic: unreadable image') as error:
            load(path)
        assert '\n' not in str(error.value)


def test_without_the_library_it_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (heif, image_search):
        monkeypatch.setattr(module, 'HAS_HEIF', False)
    (tmp_path / 'a.heic').write_bytes(HEAD)
    with pytest.raises(DataError, match=r"a\.heic: HEIC needs pillow-heif: pip install 'mmwsss\["):
        load(tmp_path / 'a.heic')
    with pytest.raises(DataError, match=r'left out: 1 \.heic \(HEIC needs pillow-heif: pip'):
        image_search.find_images(tmp_path)


def test_with_the_library_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_search, 'HAS_HEIF', True)
    (tmp_path / 'a.HEIC').write_bytes(HEAD)
    assert image_search.find_images(tmp_path) == {'a': 'a.HEIC'}
