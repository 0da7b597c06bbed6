"""Paths of the files of an image below a folder, never outside it."""

import os
import re
from pathlib import Path

from .atomic import TEMPORARY_PREFIX

_NOT_AN_ID = re.compile(r'[\\\x00-\x1f]|(^|/)\.{0,2}(/|$)')


def img_id_path(root: str | os.PathLike, img_id: str, suffix: str) -> Path:
    """Return ``<root>/<img_id><suffix>``; slashes in the id stand for folders.

    Args:
        root (str | os.PathLike): The folder.
        img_id (str): The image's path relative to the image root, without suffix.
        suffix (str): Suffix of the file, with its dot.

    Returns:
        Path: The file.

    Raises:
        ValueError: If the id is absolute, empty, has empty, ``.`` or ``..`` parts, backslashes or
            control characters, or begins like a temporary file.
    """
    if not isinstance(img_id, str) or _NOT_AN_ID.search(img_id):
        raise ValueError(
            f'img_id {img_id!r}: expected a relative path without empty, "." or ".." parts'
        )
    if img_id.rpartition('/')[2].startswith(TEMPORARY_PREFIX):
        raise ValueError(f'img_id {img_id!r}: the prefix {TEMPORARY_PREFIX} is taken')
    return Path(root, img_id + suffix)
