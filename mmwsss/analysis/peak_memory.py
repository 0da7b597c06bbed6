"""Peak memory of a call, its processes included."""

import ctypes
import os
import threading
import time
from pathlib import Path


class PeakMemory(threading.Thread):
    """Thread that samples the memory of this process and its children; Linux.

    As a context manager it samples during the block.

    Args:
        interval (float): Seconds between samples. Defaults to 0.02.

    Attributes:
        done (threading.Event): Ends the thread.
        start_bytes (int): Bytes at the begin.
        peak_bytes (int): Bytes at the peak.
        seconds (float): Processor time that sampling took.
    """

    def __init__(self, interval: float = 0.02) -> None:
        super().__init__(daemon=True)
        self.interval = interval
        self.done = threading.Event()
        # Pages that the allocator kept from earlier work would hide what the call takes.
        ctypes.CDLL(None).malloc_trim(0)
        self.start_bytes = self.peak_bytes = tree_bytes()
        self.seconds = 0.0

    def __enter__(self) -> 'PeakMemory':
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.peak_bytes = max(self.peak_bytes, tree_bytes())
        self.done.set()
        self.join()

    @property
    def added_bytes(self) -> int:
        """Bytes at the peak beyond those at the begin."""
        return self.peak_bytes - self.start_bytes

    def run(self) -> None:
        """Sample until ``done``."""
        while not self.done.wait(self.interval):
            self.peak_bytes = max(self.peak_bytes, tree_bytes())
        self.seconds = time.thread_time()


def tree_bytes() -> int:
    """Sum up the data pages of this process and its children; shared ones count once.

    Returns:
        int: Bytes.
    """
    own = os.getpid()
    children = Path(f'/proc/{own}/task/{own}/children').read_text().split()
    total = 0
    for pid in (str(own), *children):
        try:
            text = Path(f'/proc/{pid}/smaps_rollup').read_text()
        except OSError:  # a child that has ended
            continue
        for line in text.splitlines():
            if line.startswith('Pss_Anon:'):
                total += int(line.split()[1]) * 1024
    return total
