"""Reading JSON that somebody else wrote."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import DataError


def read_json(
    path: str | os.PathLike, remedy: str, take: Callable[[Any], Any] = lambda content: content
) -> Any:
    """Read a JSON file.

    Args:
        path (str | os.PathLike): The file.
        remedy (str): What the user can do where the file is missing or wrong, for the error.
        take (Callable): Takes the content and returns what is wanted of it; may fail in any way
            that another content causes. Defaults to all of it.

    Returns:
        Any: What ``take`` returns.

    Raises:
        FileNotFoundError: If there is no such file.
        DataError: If it is not JSON, is nested too deeply, or has another form than ``take`` needs.
    """
    try:
        content = parse_json(Path(path).read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(f'{path}: no such file; {remedy}') from None
    except ValueError as error:
        raise DataError(f'{path}: not JSON ({error}); {remedy}') from None
    try:
        return take(content)
    except DataError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = ' '.join(f'{type(error).__name__}: {error}'.split())
        raise DataError(f'{path}: has another form than it is read in ({reason}); {remedy}') from (
            error
        )


def parse_json(content: str | bytes, **kwargs: Any) -> Any:
    """Read JSON out of a text.

    Args:
        content (str | bytes): The text.
        **kwargs (Any): Arguments of ``json.loads``.

    Returns:
        Any: Its content.

    Raises:
        ValueError: If it is not JSON, or nested too deeply; says where.
    """
    try:
        return json.loads(content, **kwargs)
    except RecursionError:
        raise ValueError('nested too deeply') from None
