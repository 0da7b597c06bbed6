"""Errors that all processes of a distributed job raise together.

A process that raises alone leaves the others waiting for it until the timeout of the backend.
"""

from collections.abc import Callable

from mmengine.dist import all_gather_object, is_main_process


def call_on_main_process(function: Callable[[], object]) -> None:
    """Call a function on the main process; every process raises the error that it meets.

    All processes must call this together.

    Args:
        function (Callable): The function, called without arguments.

    Raises:
        ValueError: On every process, if the function raised an error. The text is that of the
            error; for another error than ``OSError`` and ``ValueError`` its type stands before it.
    """
    error: Exception | None = None
    if is_main_process():
        try:
            function()
        except Exception as caught:  # whatever it is: the others would wait for ever
            error = caught
    expected = isinstance(error, (OSError, ValueError))
    messages = _gather_messages(str(error) if expected else _describe(error))
    if messages:
        raise ValueError(next(iter(messages.values()))) from error


def raise_together(error: Exception | None) -> None:
    """Raise an error on every process if any of them met one.

    All processes must call this together, each after the work that may fail on it alone.

    Args:
        error (Exception, optional): The error that this process met, or None if it met none.

    Raises:
        Exception: ``error`` itself, on a process that met one.
        RuntimeError: On the other processes. Names the first process that failed and its error.
    """
    messages = _gather_messages(_describe(error))
    if error is not None:
        raise error
    for rank, message in messages.items():
        raise RuntimeError(f'process {rank} failed: {message}')


def _describe(error: Exception | None) -> str | None:
    return None if error is None else f'{type(error).__name__}: {error}'


def _gather_messages(message: str | None) -> dict[int, str]:
    """Return the messages of the processes that have one, by rank."""
    gathered = all_gather_object(message)
    return {rank: text for rank, text in enumerate(gathered) if text is not None}
