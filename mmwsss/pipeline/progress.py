"""Progress of the stage in work, read from the end of its log."""

import os
import re
import sys
import time
from pathlib import Path
from typing import TextIO

_END = 8192
# mmengine: «Epoch(train) [4][10/10] … eta: 0:03:19»; mmwsss.progress: «dense CRF [50/160] eta: …».
_STEP = re.compile(
    r'(?P<work>[^\[\]]*?)\s*(?P<step>(?:\[ *\d+\])?\[ *\d+/ *\d+\]).*?'
    r'\beta: (?P<left>(?:\d+ days?, )?\d+:\d\d:\d\d)'
)


def read_progress(log: Path, begin: int = 0) -> str | None:
    """Find out how far a tool is.

    Args:
        log (Path): File that the tool's output is written to.
        begin (int): Number of bytes at its start that another run wrote. Defaults to 0.

    Returns:
        str | None: What it last said of its progress and the time left, such as
        ``Epoch(train) [4][10/10], 0:03:19 left``; None if it said nothing yet.
    """
    if not log.is_file():
        return None
    with open(log, 'rb') as file:
        file.seek(max(begin, os.path.getsize(log) - _END))
        lines = file.read().decode(errors='replace').splitlines()
    for line in reversed(lines):
        if match := _STEP.search(line.rpartition(' - ')[2]):
            step = match['step'].replace(' ', '')
            return f'{match["work"].strip()} {step}, {match["left"]} left'
    return None


class ProgressDisplay:
    """Shows a tool's progress: one line that changes on a terminal, else a line now and then.

    Args:
        log (Path): File that the tool's output is added to; what it holds already is not shown.
        stream (TextIO, optional): Where to show it. Defaults to standard output.
        seconds (float): Time between lines where ``stream`` is no terminal. Defaults to 30.
    """

    def __init__(self, log: Path, stream: TextIO | None = None, seconds: float = 30.0) -> None:
        self._log = log
        self._stream = sys.stdout if stream is None else stream
        self._seconds = 0.0 if self._stream.isatty() else seconds
        self._begin = log.stat().st_size if log.is_file() else 0
        self._shown: str | None = None
        self._next = time.monotonic() + self._seconds

    def update(self) -> None:
        """Show what is new since the last time."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._seconds
        progress = read_progress(self._log, self._begin)
        if progress is None or progress == self._shown:
            return
        self._shown = progress
        if self._stream.isatty():
            self._write(f'\r\x1b[K   {progress[:72]}')
        else:
            self._write(f'   {progress}\n')

    def close(self) -> None:
        """Clear the line on a terminal."""
        if self._shown is not None and self._stream.isatty():
            self._write('\r\x1b[K')

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
