"""Damaged PNGs are refused, since their checksums tell."""

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets.label_folder import LabelFolder
from mmwsss.datasets.masks import read_mask
from mmwsss.datasets.png import check_png, read_notes, save_png
from mmwsss.datasets.transforms import LoadImage
from mmwsss.structures import DataError

LABELS = np.random.default_rng(0).integers(0, 4, (23, 31)).astype(np.uint8)


@pytest.fixture
def png(tmp_path: Path) -> Path:
    image = Image.fromarray(LABELS)
    image.putpalette(range(256))
    path = tmp_path / 'a.png'
    save_png(path, image, {'response_maps': '0123'})
    return path


def damages(content: bytes) -> list[bytes]:
    """Every byte changed in one bit, and the file cut at every length."""
    flipped = []
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        flipped.append(bytes(damaged))
    return flipped + [content[:length] for length in range(len(content))]


def assert_all_refused(path: Path, read: Callable[[], object]) -> None:
    for damaged in damages(path.read_bytes()):
        path.write_bytes(damaged)
        with pytest.raises(DataError) as error:
            read()
        assert str(error.value).startswith(f'{path}: unreadable') and '\n' not in str(error.value)


def test_every_damaged_mask_is_refused(png: Path) -> None:
    assert (read_mask(png) == LABELS).all()
    assert_all_refused(png, lambda: read_mask(png))


def test_no_damaged_label_is_kept(png: Path) -> None:
    folder = LabelFolder(png.parent, 'pseudo', 'abc')
    assert 'a' in folder and read_notes(png) == {'response_maps': '0123'}
    for damaged in damages(png.read_bytes()):
        png.write_bytes(damaged)
        assert 'a' not in folder and folder.notes('a') is None


def test_every_damaged_photo_with_checksums_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'a.png'
    photo = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    cv2.imwrite(str(path), photo)
    load = lambda: LoadImage()({'img_path': str(path)})  # noqa: E731
    assert (load()['img'] == photo).all()
    assert_all_refused(path, load)


def test_pillow_agrees(png: Path) -> None:
    """But for the last chunk, which Pillow does not look at."""
    whole = png.read_bytes()
    for damaged in damages(whole)[: len(whole) - 12]:
        with pytest.raises((OSError, SyntaxError)):
            check_png(damaged)
            with Image.open(io.BytesIO(damaged)) as image:
                image.verify()


def test_other_formats_have_no_checksums() -> None:
    check_png(b'')
    check_png(b'GIF89a')


def test_a_mask_runs_no_program(tmp_path: Path) -> None:
    """Pillow opens PostScript by Ghostscript."""
    path = tmp_path / 'a.png'
    Image.fromarray(LABELS).save(path, 'EPS')
    with pytest.raises(DataError, match=r'a\.png: unreadable mask'):
        read_mask(path)


def test_a_bomb_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / 'a.png'
    Image.fromarray(LABELS).save(path)
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 100)
    with pytest.raises(DataError, match=r'a\.png: unreadable mask .*bomb'):
        read_mask(path)
