"""Whole files or none: write beside the target, then rename."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_open(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a binary file that takes its name only when the block ends without an error.

    Folders on the way are made. Several processes may write the same path: the last one wins and
    a reader sees one whole file at any time.

    Args:
        path: where the file shall be.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix='.tmp-', suffix=path.suffix)
    try:
        with os.fdopen(handle, 'wb') as file:
            yield file
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    """Return the process's mask of file modes (mkstemp ignores it: 0600)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
