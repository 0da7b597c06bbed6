"""A function called for many images in a pool of processes, with the results in order."""

import errno
import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from typing import Any, Literal, TypeVar, overload

from mmwsss.progress import track
from mmwsss.worker_processes import ImageError, result_of, start_executor, submit

Result = TypeVar('Result')


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
                outcome = result_of(call, name_of(item))
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
    executor = start_executor(workers)
    waiting: deque[tuple[Any, Future[Result]]] = deque()
    remaining = iter(items)
    try:
        while True:
            for item in itertools.islice(remaining, 4 * workers - len(waiting)):
                waiting.append((item, submit(executor, function, item)))
            if not waiting:
                return
            item, future = waiting.popleft()
            yield item, future.result
    finally:
        executor.shutdown(cancel_futures=True)
