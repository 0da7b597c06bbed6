"""Images below a folder, and an account of everything else there."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmwsss.datasets.heif import HAS_HEIF, HEIF_REMEDY, HEIF_SUFFIXES
from mmwsss.datasets.splits import IMG_SUFFIXES, image_id
from mmwsss.structures import DataError

# Suffixes of images that OpenCV does not read.
UNREAD = {'.svg': 'SVG', '.psd': 'Photoshop'}
UNREAD |= dict.fromkeys(('.dng', '.cr2', '.cr3', '.nef', '.arw', '.orf', '.rw2'), 'raw')
# Folders of thumbnails and of archives, which network drives and Macs add.
_SYSTEM = ('@eaDir', '#recycle', '__MACOSX')


@dataclass(frozen=True)
class ImageSearch:
    """What lies below a folder.

    Attributes:
        root (Path): The folder.
        images (dict[str, str]): Path of each image below the folder, by its id, sorted.
        left_out (dict[str, list[str]]): Paths of what is no image, by the reason.
    """

    root: Path
    images: dict[str, str]
    left_out: dict[str, list[str]]

    def account(self) -> list[str]:
        """Return a line for each kind of files that are left out, with an example."""
        return [
            f'left out: {len(paths)} {reason}, such as {paths[0]}'
            for reason, paths in sorted(self.left_out.items())
        ]


def search_images(root: Path) -> ImageSearch:
    """Find the images below a folder, and account for everything else.

    Links are followed, but not to a folder that they lie in.

    Args:
        root (Path): The folder.

    Returns:
        ImageSearch: What lies there.

    Raises:
        DataError: If there is no such folder or no image, two images differ by suffix alone, or an
            image has a name that no list of images can hold.
    """
    if not root.is_dir():
        raise DataError(f'{root}: no such folder; correct the path')
    images: dict[str, str] = {}
    left_out: dict[str, list[str]] = {}
    for path, reason in _walk(root, '', (_identity(root),)):
        if reason is not None:
            left_out.setdefault(reason, []).append(_printable(path))
            continue
        img_id = _id_of(path, root)
        if img_id in images:
            raise DataError(
                f'{root / path}: same name as {images[img_id]} but for the suffix; rename it'
            )
        images[img_id] = path
    search = ImageSearch(root, images, left_out)
    if not images:
        account = '; '.join(['', *search.account()])
        raise DataError(f'{root}: no image ({", ".join(IMG_SUFFIXES)}); correct the path{account}')
    return search


def find_images(root: Path) -> dict[str, str]:
    """Find the images below a folder, see :func:`search_images`.

    Args:
        root (Path): The folder.

    Returns:
        dict[str, str]: Path of each image below the folder, by its id, sorted.

    Raises:
        DataError: If :func:`search_images` does.
    """
    return search_images(root).images


def _walk(
    root: Path, folder: str, above: tuple[tuple[int, int], ...]
) -> Iterator[tuple[str, str | None]]:
    """Yield the path of each file below a folder, and why it is left out; None for images.

    Files of a folder come before its folders. ``above`` identifies the folders on the way.
    """
    try:
        names = sorted(os.listdir(root / folder))
    except OSError as error:
        yield folder, f'folders that cannot be read ({error.strerror})'
        return
    folders = []
    for name in names:
        path = f'{folder}/{name}' if folder else name
        if name.startswith('.') or name in _SYSTEM:
            yield path, 'hidden files and folders'
        elif os.path.isdir(root / path):
            folders.append(path)
        else:
            yield path, _reason(root / path)
    for path in folders:
        identity = _identity(root / path)
        if identity in above:
            yield path, 'links to a folder that they lie in'
        else:
            yield from _walk(root, path, (*above, identity))


def _identity(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino


def _reason(path: Path) -> str | None:
    """Return why a file is no image; None if it is one."""
    suffix = path.suffix.lower()
    if not path.is_file():
        return 'links to nothing' if path.is_symlink() else 'that are no files'
    if suffix in HEIF_SUFFIXES and not HAS_HEIF:
        return f'{suffix} ({HEIF_REMEDY})'
    if suffix in IMG_SUFFIXES:
        return None
    kind = UNREAD.get(suffix)
    remedy = f' (OpenCV reads no {kind}: convert them to JPEG)' if kind else ''
    return f'{_printable(suffix) or "without suffix"}{remedy}'


def _id_of(path: str, root: Path) -> str:
    """Return the id of an image, whose name must survive being a line of a text file."""
    where = _printable(str(root / path))
    try:
        path.encode()
    except UnicodeEncodeError:
        raise DataError(f'{where}: the name is no UTF-8; rename it') from None
    if path != path.strip():
        raise DataError(f'{where!r}: the name begins or ends with a blank; rename it')
    return image_id(path, where)


def _printable(path: str) -> str:
    """Return a path without bytes that are no UTF-8, and without control characters."""
    text = os.fsencode(path).decode(errors='backslashreplace')
    return ''.join(x if x.isprintable() else x.encode('unicode_escape').decode() for x in text)
