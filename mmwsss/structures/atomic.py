"""Files that appear whole or not at all: written beside the target, then renamed."""

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

TEMPORARY_PREFIX = '.tmp-'
_UNFINISHED = re.compile(re.escape(TEMPORARY_PREFIX) + '[0-9a-f]{32}')


@contextmanager
def atomic_open(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a binary file for writing, which gets its name only if the block ends without an error.

    Missing folders are made. Several processes may write the same file: the last one wins, and a
    reader sees a whole file at any time.

    Args:
        path (str | os.PathLike): The file to write.

    Yields:
        BinaryIO: The open file.

    Raises:
        OSError: If the file cannot be written; names it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f'{TEMPORARY_PREFIX}{uuid.uuid4().hex}'
    try:
        with open(temporary, 'xb') as file:
            yield file
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            # A full disk, say: write() does not know which file it is.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def copy_file(source: str | os.PathLike, target: str | os.PathLike) -> None:
    """Copy a file; the copy appears whole or not at all.

    Args:
        source (str | os.PathLike): The file.
        target (str | os.PathLike): The copy; replaced if it is there.

    Raises:
        OSError: If the one cannot be read or the other not be written; names it.
    """
    with open(source, 'rb') as old, atomic_open(target) as new:
        shutil.copyfileobj(old, new)


def remove_unfinished(folder: str | os.PathLike) -> None:
    """Remove what a killed process left of the files that it wrote.

    Args:
        folder (str | os.PathLike): The folder, into which no other process may write now.
    """
    for root, _, names in os.walk(os.fspath(folder)):
        for name in names:
            if _UNFINISHED.fullmatch(name):
                Path(root, name).unlink(missing_ok=True)
