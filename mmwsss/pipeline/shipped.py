"""Configs and tools that come with this package, where mim expects them."""

from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[1] / '.mim'
TOOLS = SHIPPED / 'tools'


def find_config(path: str) -> str:
    """Find a config: the file of that path, else one that comes with this package.

    Args:
        path (str): Path of a config, such as ``configs/mixup_cam.py``.

    Returns:
        str: The file; ``path`` itself where there is none.
    """
    shipped = SHIPPED / path
    return path if Path(path).is_file() or not shipped.is_file() else str(shipped)
