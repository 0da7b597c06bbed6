"""Threads of OpenMP that wait for each other without spinning, for the sake of busy cores.

The OpenMP library of PyTorch's wheels (libgomp) lets a thread that waits spin for milliseconds.
Where data loaders or other programs use the cores too, the thread that it waits for then has no
core: a training step took 44 s in place of 5. A thread that sleeps costs 13 µs more to wake where
the cores are free. The library reads its settings when it is loaded: they must be set before.
"""

import sys
from collections.abc import Container, MutableMapping

# Settings of the library, and of Intel's and LLVM's, that say how threads wait.
CHOICES = ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT', 'KMP_BLOCKTIME')


def wait_without_spinning(
    environment: MutableMapping[str, str], loaded: Container[str] = sys.modules
) -> None:
    """Let threads wait passively, unless the user chose or it is too late.

    Args:
        environment (MutableMapping[str, str]): Variables of this process, which are changed.
        loaded (Container[str]): Names of the modules that are loaded. Defaults to those of this
            process.
    """
    if 'torch' not in loaded and not any(name in environment for name in CHOICES):
        environment['OMP_WAIT_POLICY'] = 'PASSIVE'
