"""Paths of the files of an image below a folder, never outside it."""

import os
import re
from pathlib import Path

from .atomic import TEMPORARY_PREFIX

# Control characters of both sets, the two separators of lines, and halves of characters, which
# no file name in UTF-8 has.
_UNPRINTABLE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_NOT_AN_ID = re.compile(r'\\|(^|/)\.{0,2}(/|$)')


def is_printable(name: str) -> bool:
    """Tell whether a name can be shown in one line of a terminal, and written as UTF-8.

    Args:
        name (str): The name of an image or of a class.

    Returns:
        bool: Whether it has no control characters, line separators or halves of characters.
    """
    return not _UNPRINTABLE.search(name)


def img_id_fault(img_id: str) -> str | None:
    """Say why a name cannot be an image's id, below which files are written.

    Args:
        img_id (str): Path relative to the image root, without suffix.

    Returns:
        str | None: What is wrong with it; None if nothing is.
    """
    if not isinstance(img_id, str) or _NOT_AN_ID.search(img_id) or not is_printable(img_id):
        return (
            'not a relative path with single slashes, without "." or ".." parts, backslashes and '
            'control characters'
        )
    if any(part.startswith(TEMPORARY_PREFIX) for part in img_id.split('/')):
        return f'names that begin with {TEMPORARY_PREFIX} are those of unfinished files'
    return None


def img_id_path(root: str | os.PathLike, img_id: str, suffix: str) -> Path:
    """Return ``<root>/<img_id><suffix>``; slashes in the id stand for folders.

    Args:
        root (str | os.PathLike): The folder.
        img_id (str): Path relative to the image root, without suffix.
        suffix (str): Suffix with its dot.

    Returns:
        Path: The file, always below the folder.

    Raises:
        ValueError: If :func:`img_id_fault` finds a fault.
    """
    fault = img_id_fault(img_id)
    if fault:
        raise ValueError(f'img_id {img_id!r}: {fault}')
    return Path(root, img_id + suffix)
