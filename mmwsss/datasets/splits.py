"""Names of images, and split files that list them.

Every reader raises :class:`DataError` with one line that names the file, the line where there is
one, and the remedy. docs/data.md shows the formats.
"""

from pathlib import Path, PurePosixPath

from mmwsss.structures import DataError, img_id_fault

from .heif import HEIF_SUFFIXES
from .names import composed

# What OpenCV decodes, and pillow-heif.
IMG_SUFFIXES = (
    '.jpg', '.jpeg', '.jpe', '.jfif', '.jp2', '.png', '.bmp', '.gif', '.tif', '.tiff', '.webp',
    '.avif', '.pbm', '.pgm', '.ppm', '.pnm', *HEIF_SUFFIXES,
)  # fmt: skip


def image_id(key: str, where: str) -> str:
    """Return the id of an image: its path below the image root, with '/', without suffix.

    Accents have Unicode's composed form (NFC), whatever the form in the file and on the disk.

    Args:
        key (str): The image as a file names it, with or without an image's suffix.
        where (str): Place of the name, for the error.

    Returns:
        str: The id.

    Raises:
        DataError: If the name is no path below the image root.
    """
    key = composed(key)
    path = PurePosixPath(key)
    # Of an absolute path and of one that has '.' alone, Path makes something else.
    img_id = _part_suffix(path)[0] if path.name else key
    fault = img_id_fault(img_id)
    if fault:
        raise DataError(
            f"{where}: {key!r} is no image ({fault}); write its path below the image root, with '/'"
        )
    return img_id


def image_file(key: str, suffix: str) -> str:
    """Return an image's path below the image root.

    Args:
        key (str): The image as a file names it.
        suffix (str): Suffix that it gets if it is named without one.

    Returns:
        str: The path, with suffix.
    """
    return key if _part_suffix(PurePosixPath(key))[1] else key + suffix


def _part_suffix(path: PurePosixPath) -> tuple[str, str]:
    """Part an image's suffix from a path; ``pathlib`` has other rules in Python 3.13 and 3.14."""
    stem, dot, ending = str(path).rpartition('.')
    known = stem and not stem.endswith('/') and f'.{ending}'.lower() in IMG_SUFFIXES
    return (stem, dot + ending) if known else (str(path), '')


def read_text(path: str | Path) -> str:
    """Read a UTF-8 file, with or without a byte-order mark.

    Args:
        path (str | Path): The file.

    Returns:
        str: Its text.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        return Path(path).read_text(encoding='utf-8-sig')
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f'{path}: no such file; correct the path or data_root') from None
    except IsADirectoryError:
        raise DataError(f'{path}: a folder, not a file; correct the path') from None
    except UnicodeDecodeError as error:
        raise DataError(f'{path}: not UTF-8 text ({error.reason}); save it as UTF-8') from None
    except OSError as error:
        raise DataError(f'{path}: unreadable ({error.strerror}); correct its permissions') from None


def read_lines(path: str | Path) -> list[tuple[int, str]]:
    """Read the non-empty lines of a text file.

    Args:
        path (str | Path): The file.

    Returns:
        list[tuple[int, str]]: Number of each line, from 1, and its text without blanks around it.

    Raises:
        DataError: If the file cannot be read.
    """
    lines = enumerate(read_text(path).split('\n'), start=1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def read_split(path: str | Path) -> dict[str, str]:
    """Read a split file, which names one image a line.

    Args:
        path (str | Path): The file.

    Returns:
        dict[str, str]: Place of each image, ``file:line``, by its name there, in the file's order.

    Raises:
        DataError: If the file cannot be read, is empty or names an image twice.
    """
    split: dict[str, str] = {}
    seen: dict[str, str] = {}
    for number, key in read_lines(path):
        where = f'{path}:{number}'
        img_id = image_id(key, where)
        if img_id in seen:
            raise DataError(
                f'{where}: duplicate image {key!r}, first at {seen[img_id]}; remove one'
            )
        seen[img_id] = split[key] = where
    if not split:
        raise DataError(f'{path}: the split is empty; write one image a line')
    return split
