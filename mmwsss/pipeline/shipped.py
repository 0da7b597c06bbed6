"""Where the configs and tools that come with this package are, as mim expects them."""

from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[1] / '.mim'
TOOLS = SHIPPED / 'tools'
