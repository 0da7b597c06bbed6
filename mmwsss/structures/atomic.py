"""Files that appear whole or not at all: written beside the target, then renamed."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

TEMPORARY_PREFIX = '.tmp-'


@contextmanager
def atomic_open(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a binary file for writing, which gets its name only if the block ends without an error.

    Missing folders are made. Several processes may write the same file: the last one wins, and a
    reader sees a whole file at any time.

    Args:
        path (str | os.PathLike): The file to write.

    Yields:
        BinaryIO: The open file.
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
