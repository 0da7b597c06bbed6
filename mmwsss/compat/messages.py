"""Messages that are meant for developers, which would be printed at every start.

Condition: mmengine's ``print_log`` without a logger has nothing to ask for the level and prints
every message. The OneDL distributions of mmsegmentation and mmpretrain thereby print «Could not
import OneDL», of level DEBUG, once each: the client of a service that nothing here uses.

Remedy: without a logger, messages of level DEBUG are left out, as every logger of mmengine does.
"""

import logging
from functools import wraps

import mmengine.logging


def leave_out_debug_messages() -> None:
    """Let ``mmengine.logging.print_log`` print no message of level DEBUG without a logger."""
    print_log = mmengine.logging.print_log
    if getattr(print_log, 'leaves_out_debug', False):
        return

    @wraps(print_log)
    def print_from_info(
        msg: object, logger: logging.Logger | str | None = None, level: int = logging.INFO
    ) -> None:
        if logger is not None or level > logging.DEBUG:
            print_log(msg, logger, level)

    print_from_info.leaves_out_debug = True  # type: ignore[attr-defined]
    mmengine.logging.print_log = print_from_info
