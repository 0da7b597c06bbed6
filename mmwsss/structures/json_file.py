"""Reading JSON that somebody else wrote."""

import json
import os
from pathlib import Path
from typing import Any


def read_json(path: str | os.PathLike) -> Any:
    """Read a JSON file.

    Args:
        path (str | os.PathLike): The file.

    Returns:
        Any: Its content.

    Raises:
        OSError: If there is no such file.
        ValueError: If it is not JSON, or nested too deeply; says where.
    """
    return parse_json(Path(path).read_bytes())


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
