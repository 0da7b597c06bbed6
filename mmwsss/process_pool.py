"""Ordered work over many images in a pool of processes."""

import itertools
import multiprocessing
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from multiprocessing import connection, forkserver
from multiprocessing.context import BaseContext
from typing import Any, Literal, TypeVar

from rich.progress import track

Result = TypeVar('Result')

_DEAD_WORKER = (
    'a worker process died at this image or one of the next: if memory ran out, take fewer workers'
)


class ImageError(RuntimeError):
    """What went wrong with one image; ``name`` says which."""

    def __init__(self, name: str, reason: str):
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f'{self.name}: {self.reason}'


def ordered_map(
    function: Callable[[Any], Result],
    items: Iterable[Any],
    *,
    workers: int = 0,
    name_of: Callable[[Any], str] = str,
    on_error: Literal['raise', 'return'] = 'raise',
    description: str = 'images',
    progress: bool = True,
) -> Iterator[Result | ImageError]:
    """Results of ``function`` for every item, in the items' order, with a progress bar.

    At most four items a worker wait at a time, so ``items`` may be a generator of any length. The
    processes are never forked from this one: its threads and accelerators do no harm, and a script
    must guard its entry with ``if __name__ == '__main__'``. They are for a CPU's work. They end
    with this process, even if it is killed.

    Args:
        function: takes an item; picklable where ``workers`` is not 0.
        items: picklable where ``workers`` is not 0.
        workers: processes; 0 works in this one.
        name_of: the name of an item for errors.
        on_error: 'raise' stops at the first item that fails; 'return' yields its ImageError in
            its place and goes on.
        description: of the progress bar.
        progress: show a progress bar.

    Raises:
        ImageError: names the item; the original exception is its cause.
    """
    if on_error not in ('raise', 'return'):
        raise ValueError(f"on_error must be 'raise' or 'return', not {on_error!r}")
    if workers < 0:
        raise ValueError(f'workers must not be negative, not {workers}')
    outcomes = _pooled(function, items, workers) if workers else _serial(function, items)
    return _results(outcomes, items, name_of, on_error, description, progress)


def _results(
    outcomes: Iterator[tuple[Any, Callable[[], Result]]],
    items: Iterable[Any],
    name_of: Callable[[Any], str],
    on_error: str,
    description: str,
    progress: bool,
) -> Iterator[Result | ImageError]:
    total = len(items) if isinstance(items, Sized) else None
    with closing(outcomes):
        for item, outcome in track(outcomes, description, total, disable=not progress):
            try:
                result = _result(outcome, name_of(item))
            except ImageError as failure:
                if on_error == 'raise' or isinstance(failure.__cause__, BrokenProcessPool):
                    raise
                result = failure
            yield result


def _result(outcome: Callable[[], Result], name: str) -> Result:
    """Call ``outcome``; what it raises becomes the ImageError of ``name``."""
    try:
        return outcome()
    except BrokenProcessPool as error:
        raise ImageError(name, _DEAD_WORKER) from error
    except Exception as error:
        raise ImageError(name, f'{type(error).__name__}: {error}') from error


class OrderedQueue:
    """``ordered_map`` for items that come one at a time, as those of a test loop do.

    Args:
        function: see ``ordered_map``.
        workers: processes, started with the first item; 0 works in this one.
        name_of: the name of an item for errors.
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
        self._waiting: deque[tuple[str, Future]] = deque()

    def put(self, item: Any) -> list[Result]:
        """Take an item and return the results that are ready, in the items' order.

        Waits while four items a worker are under way, so that they do not pile up.

        Raises:
            ImageError: names the item whose result it is.
        """
        if not self.workers:
            return [_result(lambda: self.function(item), self.name_of(item))]
        if self._executor is None:
            self._executor = _executor(self.workers)
        self._waiting.append((self.name_of(item), _submit(self._executor, self.function, item)))
        return self._take(4 * self.workers)

    def drain(self) -> list[Result]:
        """Return the other results, in the items' order, and end the processes."""
        try:
            return self._take(0)
        finally:
            self.close()

    def close(self) -> None:
        """End the processes and drop what they have not begun."""
        self._waiting.clear()
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None

    def _take(self, most: int) -> list[Result]:
        """Results until at most ``most`` items wait and the first of them is not ready."""
        results = []
        while self._waiting and (len(self._waiting) > most or self._waiting[0][1].done()):
            name, future = self._waiting.popleft()
            results.append(_result(future.result, name))
        return results


def _serial(
    function: Callable[[Any], Result], items: Iterable[Any]
) -> Iterator[tuple[Any, Callable[[], Result]]]:
    for item in items:
        yield item, lambda item=item: function(item)


def _pooled(
    function: Callable[[Any], Result], items: Iterable[Any], workers: int
) -> Iterator[tuple[Any, Callable[[], Result]]]:
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
    return ProcessPoolExecutor(workers, mp_context=_start_context(), initializer=_begin)


def _start_context() -> BaseContext:
    """How processes start: forked from a server that has imported this package, where possible.

    To import the package takes a process seconds; all pools of this process share one server.
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
        # Told at the turn of the first item that has no result, which is an earlier one.
        future: Future[Result] = Future()
        future.set_exception(error)
        return future


def _begin() -> None:
    """Prepare a worker: one thread for its libraries, since the workers share the cores."""
    import cv2
    import torch

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent is gone: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
