"""Everything below a folder of images is accounted for."""

import io
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import DataError
from mmwsss.datasets.converters import image_search
from mmwsss.datasets.converters.image_search import find_images, search_images
from mmwsss.datasets.heif import HEIF_REMEDY, HEIF_SUFFIXES
from mmwsss.datasets.splits import IMG_SUFFIXES
from mmwsss.datasets.transforms import LoadImage

linux = pytest.mark.skipif(sys.platform != 'linux', reason='names of bytes')


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b'')


def encoded(suffix: str) -> bytes:
    pixels = np.full((64, 64, 3), 200, np.uint8)
    suffix = {'.jpe': '.jpg', '.jfif': '.jpg', '.pnm': '.ppm'}.get(suffix, suffix)
    if suffix in ('.pbm', '.pgm'):
        pixels = pixels[..., 0]
    if suffix == '.pbm':
        buffer = io.BytesIO()
        Image.fromarray(pixels).convert('1').save(buffer, 'PPM')
        return buffer.getvalue()
    done, content = cv2.imencode(suffix, pixels)
    assert done
    return content.tobytes()


@pytest.fixture
def no_heif(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_search, 'HAS_HEIF', False)


@pytest.mark.parametrize('suffix', [x for x in IMG_SUFFIXES if x not in HEIF_SUFFIXES])
def test_every_suffix_of_images_is_taken_and_decoded(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f'a{suffix}').write_bytes(encoded(suffix))
    (tmp_path / f'B{suffix.upper()}').write_bytes(encoded(suffix))
    images = find_images(tmp_path)
    assert sorted(images) == ['B', 'a']
    for path in images.values():
        assert LoadImage()({'img_path': str(tmp_path / path)})['img'].shape == (64, 64, 3)


@pytest.mark.usefixtures('no_heif')
def test_what_is_left_out_is_counted_by_suffix_with_an_example(tmp_path: Path) -> None:
    touch(tmp_path, 'cat/a.jpg', 'cat/b.HEIC', 'dog/c.heic', 'dog/notes.txt', 'x.txt', 'README')
    touch(tmp_path, '.git/x.jpg', 'dog/@eaDir/t.jpg', 'cat/.DS_Store', '__MACOSX/._a.jpg', 'd.CR2')
    search = search_images(tmp_path)
    assert search.images == {'cat/a': 'cat/a.jpg'}
    assert search.account() == [
        'left out: 1 .cr2 (OpenCV reads no raw: convert them to JPEG), such as d.CR2',
        f'left out: 2 .heic ({HEIF_REMEDY}), such as cat/b.HEIC',
        'left out: 2 .txt, such as x.txt',
        'left out: 4 hidden files and folders, such as .git',
        'left out: 1 without suffix, such as README',
    ]
    total = sum(int(line.split()[2]) for line in search.account())
    assert total + len(search.images) == 11  # a hidden folder counts as one


@pytest.mark.usefixtures('no_heif')
def test_no_image_says_what_is_there(tmp_path: Path) -> None:
    touch(tmp_path, 'a.heic', 'b.heic')
    with pytest.raises(DataError, match=r'no image \(\.jpg, .*\); correct .*left out: 2 \.heic'):
        find_images(tmp_path)


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    root, other = tmp_path / 'images', tmp_path / 'other'
    touch(root, 'cat/a.jpg')
    touch(other, 'b.jpg', 'deep/c.jpg')
    (root / 'dog').symlink_to(other)
    (root / 'cat/linked.jpg').symlink_to(other / 'b.jpg')
    (root / 'cat/again').symlink_to(root)
    (other / 'deep/up').symlink_to(other)
    (root / 'broken.jpg').symlink_to(other / 'absent.jpg')
    search = search_images(root)
    assert sorted(search.images.values()) == [
        'cat/a.jpg', 'cat/linked.jpg', 'dog/b.jpg', 'dog/deep/c.jpg',
    ]  # fmt: skip
    assert search.left_out == {
        'links to nothing': ['broken.jpg'],
        'links to a folder that they lie in': ['cat/again', 'dog/deep/up'],
    }


@linux
def test_a_pipe_is_no_image(tmp_path: Path) -> None:
    touch(tmp_path, 'a.jpg')
    os.mkfifo(tmp_path / 'b.jpg')
    assert search_images(tmp_path).left_out == {'that are no files': ['b.jpg']}


@linux
@pytest.mark.parametrize(
    ('name', 'what'),
    [
        (b' a.jpg', r'begins or ends with a blank; rename'),
        (b' x/a.jpg', r'begins or ends with a blank; rename'),
        (b'a\nb.jpg', r'control characters'),
        (b'\xffa.jpg', r'a\.jpg: the name is no UTF-8; rename'),
        (b'x\xe9/a.jpg', r'a\.jpg: the name is no UTF-8; rename'),
        (b'a\\b.jpg', r'backslash'),
        (b'.tmp-x/../a\x1b.jpg', r'control characters'),
    ],
)
def test_names_that_no_list_can_hold_are_refused_with_the_file(
    tmp_path: Path, name: bytes, what: str
) -> None:
    path = os.path.join(os.fsencode(tmp_path), name)
    os.makedirs(os.path.dirname(os.path.normpath(path)), exist_ok=True)
    with open(os.path.normpath(path), 'wb'):
        pass
    with pytest.raises(DataError, match=what) as error:
        find_images(tmp_path)
    message = str(error.value)
    assert str(tmp_path) in message and message.encode() and '\n' not in message
    assert message.isprintable()


@pytest.mark.parametrize('name', ['a .jpg', 'dir /a.jpg', 'a b.jpg', 'ä€😀.jpg', 'a;b,c.jpg'])
def test_other_odd_names_are_images(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name)
    assert list(find_images(tmp_path).values()) == [name]
