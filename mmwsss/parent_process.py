"""Processes that end with the one that started them."""

import ctypes
import os
import signal
import sys

from mmwsss.folder_lock import share_lock

_PR_SET_PDEATHSIG = 1
# Loaded here: a process forked from one with several threads must not load libraries.
_LIBC = ctypes.CDLL(None) if sys.platform.startswith('linux') else None


def end_with_parent(number: int = signal.SIGKILL, parent: int | None = None) -> None:
    """Ask Linux to end this process when its parent ends, however that ends.

    Args:
        number (int): Number of the signal that this process gets. Defaults to SIGKILL.
        parent (int, optional): Process id of the parent; where it has ended already, so does this
            process. Defaults to None: not looked at.
    """
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def join_launcher(launcher: str) -> None:
    """Tie a tool's process to its launcher, before it works.

    It ends with the launcher, which otherwise leaves it at work when it is killed, and holds the
    lock of the pipeline that it works for. Call this before the process group is initialised: that
    needs a launcher that lives.

    Args:
        launcher (str): 'none' where there is none.

    Raises:
        RuntimeError: If the pipeline has ended, and another run has the folder now.
    """
    if launcher != 'none':
        end_with_parent()
    share_lock()
