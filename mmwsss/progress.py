"""Progress of work whose length is known: a bar on a terminal, else plain lines with time left."""

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TypeVar

from rich.progress import track as show_bar

Item = TypeVar('Item')
_SECONDS = 10.0


def track(
    items: Iterable[Item], description: str, total: int | None = None, disable: bool = False
) -> Iterator[Item]:
    """Yield items and show how many are done.

    Where standard output is no terminal, such as a log file, a line is printed every 10 seconds and
    at the end, in the style of mmengine's logs: ``dense CRF [50/160] eta: 0:00:12``.

    Args:
        items (Iterable): What is worked on.
        description (str): Title of the work.
        total (int, optional): Number of items. Defaults to None: not known.
        disable (bool): Whether to show nothing. Defaults to False.

    Yields:
        The items.
    """
    if disable:
        yield from items
    elif sys.stdout.isatty():
        yield from show_bar(items, description, total)
    else:
        yield from _with_lines(items, description, total)


def _with_lines(items: Iterable[Item], description: str, total: int | None) -> Iterator[Item]:
    done = 0
    begin = shown = time.monotonic()
    for item in items:
        now = time.monotonic()
        if now - shown >= _SECONDS and done:
            shown = now
            print(format_step(description, done, total, now - begin), flush=True)
        yield item
        done += 1
    if done:
        print(format_step(description, done, total, time.monotonic() - begin), flush=True)


def format_step(description: str, done: int, total: int | None, seconds: float) -> str:
    """Write a line of progress.

    Args:
        description (str): Title of the work.
        done (int): Number of items that are done, at least 1.
        total (int, optional): Number of all items; None: not known, nor is the time left.
        seconds (float): Time that they took.

    Returns:
        str: The line.
    """
    if total is None:
        return f'{description} [{done}]'
    left = timedelta(seconds=round(seconds / done * max(0, total - done)))
    return f'{description} [{done}/{total}] eta: {left}'
