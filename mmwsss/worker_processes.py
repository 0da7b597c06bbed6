"""Worker processes that share the cores, end with their parent, and name the image of an error."""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, forkserver
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

Result = TypeVar('Result')

_DEAD_WORKER = (
    'a worker process died at this image or one of the next: if memory ran out, take fewer workers'
)


class ImageError(RuntimeError):
    """An error at one image.

    Args:
        name (str): The image.
        reason (str): What went wrong.
    """

    def __init__(self, name: str, reason: str):
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f'{self.name}: {self.reason}'


def result_of(call: Callable[[], Result], name: str) -> Result:
    """Make a call for an item.

    Args:
        call (Callable): Returns the result of the item.
        name (str): Name of the item.

    Returns:
        Any: The result.

    Raises:
        ImageError: If the call fails, or a process has died; names the item.
    """
    try:
        return call()
    except BrokenProcessPool as error:
        raise ImageError(name, _DEAD_WORKER) from error
    except Exception as error:
        raise ImageError(name, f'{type(error).__name__}: {error}') from error


def start_executor(workers: int) -> ProcessPoolExecutor:
    """Make a pool of processes, which start with the first calls.

    They are not forked from this process, so that its threads and accelerators do no harm.

    Args:
        workers (int): Number of processes.

    Returns:
        ProcessPoolExecutor: The pool.
    """
    return ProcessPoolExecutor(workers, mp_context=start_context(), initializer=_prepare_process)


def start_context() -> BaseContext:
    """Choose how processes start.

    On Linux they are forked from a server that has imported this package, which takes seconds; all
    pools of this process share one server. Elsewhere each process starts anew.

    Returns:
        BaseContext: The context of multiprocessing.
    """
    if sys.platform == 'linux':  # elsewhere a fork is unsafe after imports, or there is none
        context = multiprocessing.get_context('forkserver')
        # Not '__main__': a script without a guard would start server after server.
        context.set_forkserver_preload([__name__])
        try:
            forkserver.ensure_running()
        except OSError:  # TMPDIR is too long for the address of a socket, or no place for one
            return multiprocessing.get_context('spawn')
        return context
    return multiprocessing.get_context('spawn')


def submit(
    executor: ProcessPoolExecutor, function: Callable[[Any], Result], item: Any
) -> 'Future[Result]':
    """Hand a call to a pool.

    Args:
        executor (ProcessPoolExecutor): The pool.
        function (Callable): Takes the item and returns its result.
        item (Any): The item.

    Returns:
        Future: The result to come; an error where a process of the pool has died.
    """
    try:
        return executor.submit(function, item)
    except BrokenProcessPool as error:
        # A process died. The first item without a result raises this error, when it is its turn;
        # it was submitted earlier than this one.
        future: Future[Result] = Future()
        future.set_exception(error)
        return future


def _prepare_process() -> None:
    """Prepare a process of a pool.

    The processes share the cores, so the libraries of each use a single thread.
    """
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent is gone. It would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
