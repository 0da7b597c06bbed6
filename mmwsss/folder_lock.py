"""Folders in which one run works at a time, however many processes it has.

A lock is a file that is never removed; it holds as long as any process that took it lives, however
that ends.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from mmwsss.main_process import call_on_main_process
from mmwsss.structures.atomic import TEMPORARY_PREFIX, remove_unfinished

LOCK_NAME = '.lock'
# Among results it counts as an unfinished file, which nobody reads.
CLAIM_NAME = f'{TEMPORARY_PREFIX}lock'
# The lock's file, for the processes of a tool that are not started by the pipeline itself.
LOCK_VARIABLE = 'MMWSSS_LOCK'


class FolderLock(NamedTuple):
    """A lock that this process holds.

    Attributes:
        descriptor (int): File descriptor, for processes that inherit it.
        path (Path): The file, for processes that open it, see :func:`share_lock`.
    """

    descriptor: int
    path: Path


@contextmanager
def locked(folder: Path, patience: float = 5.0) -> Iterator[FolderLock]:
    """Hold a folder's lock, so that no other run works there.

    Processes of this run may share the lock; another run takes it when all of them have ended.

    Args:
        folder (Path): The folder; made if there is none.
        patience (float): Seconds to wait for the tool of a killed run to end. Defaults to 5.

    Yields:
        FolderLock: The lock.

    Raises:
        RuntimeError: If another run holds it.
        OSError: If the lock's file is a link.
    """
    import fcntl  # not on Windows

    folder.mkdir(parents=True, exist_ok=True)
    path = folder.absolute() / LOCK_NAME
    descriptor = _open(path)
    try:
        deadline = time.monotonic() + patience
        while not _take(descriptor, fcntl.LOCK_EX) or not _take(descriptor, fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f'{folder}: another run works here; wait for it, stop it, or take another '
                    'folder'
                )
            time.sleep(0.1)
        yield FolderLock(descriptor, path)
    finally:
        os.close(descriptor)


def share_lock() -> None:
    """Hold the lock of the run that started this process, until this process ends.

    Without such a run nothing is done.

    Raises:
        RuntimeError: If the run has ended, and another one has the folder now.
    """
    path = os.environ.get(LOCK_VARIABLE)
    if path is None:
        return
    import fcntl

    descriptor = _open(Path(path))  # closed when this process ends
    if not _take(descriptor, fcntl.LOCK_SH):
        os.close(descriptor)
        raise RuntimeError(f'{path}: the run that started this process has ended')


@contextmanager
def claimed(folder: str | os.PathLike) -> Iterator[None]:
    """Keep all other runs from writing results into a folder.

    All processes of a run must enter this together. Unfinished files of a killed run are removed.

    Args:
        folder (str | os.PathLike): The folder; made if there is none.

    Raises:
        ValueError: On every process, if another run has claimed the folder.
    """
    descriptors: list[int] = []
    call_on_main_process(lambda: descriptors.extend(_claim(Path(folder))))
    try:
        yield
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _claim(folder: Path) -> list[int]:
    folder.mkdir(parents=True, exist_ok=True)
    if sys.platform == 'win32':  # which has no such locks
        return []
    import fcntl

    descriptor = _open(folder / CLAIM_NAME)
    if not _take(descriptor, fcntl.LOCK_EX):
        os.close(descriptor)
        raise ValueError(
            f'{folder}: another run writes its results here; wait for it, or take another folder'
        )
    remove_unfinished(folder)
    return [descriptor]


def _open(path: Path) -> int:
    """Open a lock's file; what it holds is left alone, and a link is an error."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if path.is_symlink():
            raise OSError(f'{path}: a link, not the file of a lock; remove it') from error
        raise


def _take(descriptor: int, kind: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
