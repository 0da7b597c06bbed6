"""Keeping freed memory in the process, for networks on CPUs.

glibc gives every freed block of more than 32 MB back to the kernel, so that each large feature map
is faulted in and zeroed again, page by page, for every batch. Kept in the heap, batches of large
images run about twice as fast (``tools/benchmarks/cam_inference.py``). The price is that the
process holds its peak memory to its end.
"""

import ctypes
import platform

_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4


def keep_freed_memory() -> bool:
    """Make malloc keep large freed blocks for reuse instead of giving them back to the kernel.

    Returns:
        bool: Whether that was possible; it takes glibc.
    """
    if platform.libc_ver()[0] != 'glibc':
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, -1))
