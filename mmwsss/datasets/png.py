"""PNG files: their texts, and checksums, which neither Pillow nor OpenCV compares on its own."""

import io
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from mmwsss.structures import DataError, atomic_open

_SIGNATURE = b'\x89PNG\r\n\x1a\n'
# Formats that keep indices as they are. Pillow would also open EPS, by running Ghostscript.
_EXACT_FORMATS = ('PNG', 'BMP', 'GIF', 'TIFF')


def check_png(content: bytes) -> None:
    """Compare the checksum of every chunk of a PNG file.

    Pillow's ``Image.verify`` does the same, but for the last chunk and images of any size.

    Args:
        content (bytes): The file; one of another format passes, since it has no checksums.

    Raises:
        OSError: If a checksum is wrong, or the end is missing.
    """
    if not content.startswith(_SIGNATURE):
        return
    kind, start = b'', len(_SIGNATURE)
    while kind != b'IEND':
        size = int.from_bytes(content[start : start + 4], 'big')
        end = start + 8 + size
        if end + 4 > len(content):
            raise OSError('the PNG file is cut off')
        kind = content[start + 4 : start + 8]
        if zlib.crc32(content[start + 4 : end]) != int.from_bytes(content[end : end + 4], 'big'):
            raise OSError(f'the checksum of chunk {kind!r} of the PNG file is wrong')
        start = end + 4


def read_gray(path: str | Path, what: str, modes: tuple[str, ...], remedy: str) -> np.ndarray:
    """Read an image with one value for each pixel.

    Args:
        path (str | Path): The file.
        what (str): What it is, for errors, such as 'a mask'.
        modes (tuple[str, ...]): Modes of Pillow that are accepted, of 8 bits.
        remedy (str): What to do about an image of another mode.

    Returns:
        np.ndarray: The values, uint8 (H, W).

    Raises:
        DataError: If the file is missing or damaged, or an image of another mode.
    """
    noun = what.removeprefix('a ')
    try:
        content = Path(path).read_bytes()
        check_png(content)
        with Image.open(io.BytesIO(content), formats=_EXACT_FORMATS) as image:
            mode, (width, height) = image.mode, image.size
            values = np.array(image) if mode in modes else None
    except FileNotFoundError:
        raise DataError(f'{path}: no such {noun}; add it or remove the split entry') from None
    except Exception as error:  # Pillow raises nearly anything on damaged bytes
        unknown = isinstance(error, UnidentifiedImageError)
        reason = 'no known format' if unknown else ' '.join(str(error).split())
        raise DataError(f'{path}: unreadable {noun} ({reason}); save it again') from error
    if values is None:
        raise DataError(f'{path}: {what} of mode {mode}, {width}x{height}; {remedy}')
    return values


def save_png(path: Path, image: Image.Image, notes: Mapping[str, str]) -> None:
    """Write a PNG file, whole or not at all.

    Args:
        path (Path): The file.
        image (Image.Image): The image.
        notes (Mapping[str, str]): Texts to store in the file.
    """
    texts = PngInfo()
    for name, text in notes.items():
        texts.add_text(name, text)
    with atomic_open(path) as file:
        image.save(file, 'PNG', pnginfo=texts)


def read_notes(path: Path) -> dict[str, str] | None:
    """Read the texts in a PNG file; its checksums are compared, its pixels not decoded.

    Args:
        path (Path): The file.

    Returns:
        dict[str, str] | None: The texts; None if there is no whole and undamaged file.
    """
    try:
        content = path.read_bytes()
        check_png(content)
        with Image.open(io.BytesIO(content), formats=('PNG',)) as image:
            return {
                name: text
                for name, text in image.info.items()
                if isinstance(name, str) and isinstance(text, str)
            }
    except Exception:  # missing, or Pillow raises nearly anything on damaged bytes
        return None
