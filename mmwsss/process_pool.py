"""A function called for many images in a pool of processes, with the results in order."""

import errno
import itertools
import multiprocessing
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from multiprocessing import connection, forkserver
from multiprocessing.context import BaseContext
from typing import Any, Generic, Literal, TypeVar, overload

from mmwsss.progress import track

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


@overload
def ordered_map(
    function: Callable[[Any], Result],
    items: Iterable[Any],
    *,
    workers: int = ...,
    name_of: Callable[[Any], str] = ...,
    on_error: Literal['raise'] = ...,
    description: str = ...,
    progress: bool = ...,
) -> Iterator[Result]: ...


@overload
def ordered_map(
    function: Callable[[Any], Result],
    items: Iterable[Any],
    *,
    workers: int = ...,
    name_of: Callable[[Any], str] = ...,
    on_error: Literal['return'],
    description: str = ...,
    progress: bool = ...,
) -> Iterator[Result | ImageError]: ...


def ordered_map(
    function: Callable[[Any], Result],
    items: Iterable[Any],
    *,
    workers: int = 0,
    name_of: Callable[[Any], str] = str,
    on_error: Literal['raise', 'return'] = 'raise',
    description: str = 'images',
    progress: bool = True,
) -> Iterator[Result] | Iterator[Result | ImageError]:
    """Call a function for every item, and yield the results in the order of the items.

    The processes do the CPU's work. At most four items for each process are in the pool at a time,
    so ``items`` may be a generator of any length. The processes are not forked from this one, so
    its threads and accelerators do no harm; therefore a script must guard its entry with
    ``if __name__ == '__main__'``. The processes end with this one, even if it is killed.

    Args:
        function (Callable): Takes an item and returns its result. Must be picklable where
            ``workers`` is not 0.
        items (Iterable): The items. Must be picklable where ``workers`` is not 0.
        workers (int): Processes of the pool; 0 works in this one. Defaults to 0.
        name_of (Callable): Takes an item and returns its name for error messages. Defaults to
            ``str``.
        on_error ('raise' or 'return'): What happens where ``function`` fails. 'raise' stops at
            the first such item. 'return' yields an ImageError in place of its result and goes
            on, unless a process has died or a disk is full. Defaults to 'raise'.
        description (str): Title of the progress bar. Defaults to 'images'.
        progress (bool): Whether to show a progress bar. Defaults to True.

    Yields:
        The result of each item, or its ImageError.

    Raises:
        ImageError: If an item failed; names it. The original error is its cause.
        ValueError: If an argument is out of range.
    """
    if on_error not in ('raise', 'return'):
        raise ValueError(f"on_error must be 'raise' or 'return', not {on_error!r}")
    if workers < 0:
        raise ValueError(f'workers must not be negative, not {workers}')
    calls = _pooled(function, items, workers) if workers else _serial(function, items)
    return _results(calls, items, name_of, on_error, description, progress)


def _results(
    calls: Generator[tuple[Any, Callable[[], Result]], None, None],
    items: Iterable[Any],
    name_of: Callable[[Any], str],
    on_error: str,
    description: str,
    progress: bool,
) -> Iterator[Result | ImageError]:
    total = len(items) if isinstance(items, Sized) else None
    with closing(calls):
        for item, call in track(calls, description, total, disable=not progress):
            outcome: Result | ImageError
            try:
                outcome = _result(call, name_of(item))
            except ImageError as failure:
                if on_error == 'raise' or _concerns_all(failure):
                    raise
                outcome = failure
            yield outcome


def _concerns_all(failure: ImageError) -> bool:
    """Whether every other item would fail too: a process has died, or the disk is full."""
    cause = failure.__cause__
    full = isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    return full or isinstance(cause, BrokenProcessPool)


def _result(call: Callable[[], Result], name: str) -> Result:
    """Make a call for an item; an error becomes an ImageError with the name of the item."""
    try:
        return call()
    except BrokenProcessPool as error:
        raise ImageError(name, _DEAD_WORKER) from error
    except Exception as error:
        raise ImageError(name, f'{type(error).__name__}: {error}') from error


class OrderedQueue(Generic[Result]):
    """Does what :func:`ordered_map` does, for items that come one at a time, as in a test loop.

    Args:
        function (Callable): Takes an item and returns its result. Must be picklable where
            ``workers`` is not 0.
        workers (int): Processes of the pool, which start with the first item; 0 works in this
            one. Defaults to 0.
        name_of (Callable): Takes an item and returns its name for error messages. Defaults to
            ``str``.

    Raises:
        ValueError: If ``workers`` is negative.
    """

    def __init__(
        self,
        function: Callable[[Any], Result],
        workers: int = 0,
        name_of: Callable[[Any], str] = str,
    ) -> None:
        if workers < 0:
            raise ValueError(f'workers must not be negative, not {workers}')
        self.function = function
        self.workers = workers
        self.name_of = name_of
        self._executor: ProcessPoolExecutor | None = None
        self._waiting: deque[tuple[str, Future[Result]]] = deque()

    def put(self, item: Any) -> list[Result]:
        """Take an item, and return the results that are ready.

        Waits while there are more than four unfinished items for each process, so that they do
        not pile up.

        Args:
            item (Any): The item.

        Returns:
            list: Results that were not returned before, in the order of the items.

        Raises:
            ImageError: If an item has failed; names it.
        """
        if not self.workers:
            return [_result(lambda: self.function(item), self.name_of(item))]
        if self._executor is None:
            self._executor = _executor(self.workers)
        self._waiting.append((self.name_of(item), _submit(self._executor, self.function, item)))
        return self._take(4 * self.workers)

    def drain(self) -> list[Result]:
        """Wait for the other results, and end the processes.

        Returns:
            list: Results that were not returned before, in the order of the items.

        Raises:
            ImageError: If an item has failed; names it.
        """
        try:
            return self._take(0)
        finally:
            self.close()

    def close(self) -> None:
        """End the processes and drop the items that they have not begun."""
        self._waiting.clear()
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None

    def _take(self, most: int) -> list[Result]:
        """Take results from the front: those that are ready, and until at most ``most`` wait."""
        results = []
        while self._waiting and (len(self._waiting) > most or self._waiting[0][1].done()):
            name, future = self._waiting.popleft()
            results.append(_result(future.result, name))
        return results


def _serial(
    function: Callable[[Any], Result], items: Iterable[Any]
) -> Generator[tuple[Any, Callable[[], Result]], None, None]:
    """Yield each item with a call that computes its result here."""
    for item in items:
        yield item, partial(function, item)


def _pooled(
    function: Callable[[Any], Result], items: Iterable[Any], workers: int
) -> Generator[tuple[Any, Callable[[], Result]], None, None]:
    """Yield each item with a call that waits for its result from a process."""
    executor = _executor(workers)
    waiting: deque[tuple[Any, Future[Result]]] = deque()
    remaining = iter(items)
    try:
        while True:
            for item in itertools.islice(remaining, 4 * workers - len(waiting)):
                waiting.append((item, _submit(executor, function, item)))
            if not waiting:
                return
            item, future = waiting.popleft()
            yield item, future.result
    finally:
        executor.shutdown(cancel_futures=True)


def _executor(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=_start_context(), initializer=_prepare_process)


def _start_context() -> BaseContext:
    """Choose how processes start.

    On Linux they are forked from a server that has imported this package, which takes seconds; all
    pools of this process share one server. Elsewhere each process starts anew.
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


def _submit(
    executor: ProcessPoolExecutor, function: Callable[[Any], Result], item: Any
) -> 'Future[Result]':
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
