"""How a tool ends that its user interrupts."""

import sys
from collections.abc import Callable
from functools import wraps

INTERRUPTED = 130  # as shells count: 128 and the number of SIGINT


def end_on_interrupt(main: Callable[[], None]) -> Callable[[], None]:
    """Let Ctrl-C end a tool with one line.

    Args:
        main (Callable): Main function of the tool.

    Returns:
        Callable: The same, which ends the process with status 130 when it is interrupted.
    """

    @wraps(main)
    def run() -> None:
        try:
            main()
        except KeyboardInterrupt:
            print('interrupted; docs/pipeline.md says how to go on', file=sys.stderr)
            sys.exit(INTERRUPTED)

    return run
