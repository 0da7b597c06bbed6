"""Fonts that have the characters of a text: names of classes may be in any script."""

import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.font_manager import FontEntry

_SHOWN = 8


def font_file(texts: Iterable[str], bold: bool = False) -> Path:
    """Choose the font of a drawing: DejaVu Sans, which matplotlib ships, or one that has all.

    Args:
        texts (Iterable[str]): All texts of the drawing.
        bold (bool): Whether DejaVu Sans is bold. Defaults to False.

    Returns:
        Path: The font's file. Characters that no installed font has are a warning.
    """
    other = fallback_font(' '.join(texts))
    if other is not None:
        return Path(other.fname)
    return _dejavu('DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf')


def fallback_font(text: str) -> 'FontEntry | None':
    """Find an installed font for what DejaVu Sans lacks.

    Args:
        text (str): A text.

    Returns:
        FontEntry | None: The font; None if DejaVu Sans has all characters, or no font has them,
        which is a warning.
    """
    needed = frozenset(sign for sign in text if sign.isprintable() and not sign.isspace())
    missing = needed - _characters(str(_dejavu('DejaVuSans.ttf')))
    if not missing:
        return None
    font = _find(needed) or _find(missing)
    if font is None:
        shown = ''.join(sorted(missing)[:_SHOWN])
        warnings.warn(
            f'no installed font has the characters {shown}: they are drawn as empty boxes; install '
            'one, such as the package fonts-noto-cjk for Chinese, Japanese and Korean',
            stacklevel=2,
        )
    return font


def _dejavu(name: str) -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path(), 'fonts', 'ttf', name)


def _find(needed: frozenset[str]) -> 'FontEntry | None':
    from matplotlib.font_manager import fontManager

    fonts = sorted(fontManager.ttflist, key=lambda font: (font.style != 'normal', font.fname))
    return next((font for font in fonts if needed <= _characters(font.fname)), None)


@cache
def _characters(path: str) -> frozenset[str]:
    """Return the characters of a font's file; none if it cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError):
        return frozenset()
