"""Whole files or none: write beside the target, then rename."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

TEMPORARY_PREFIX = '.tmp-'


@contextmanager
def atomic_open(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a binary file that takes its name only when the block ends without an error.

    Folders on the way are made. Several processes may write the same path: the last one wins, and
    a reader sees one whole file at any time.

    Args:
        path: where the file shall be.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f'{TEMPORARY_PREFIX}{uuid.uuid4().hex}'
    try:
        with open(temporary, 'xb') as file:
            yield file
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
