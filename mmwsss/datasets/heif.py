"""Images in HEIF, the format of phones (``.heic``), read where pillow-heif is installed."""

import io

import numpy as np
from PIL import Image

try:
    from pillow_heif import register_heif_opener
except ImportError:
    HAS_HEIF = False
else:
    register_heif_opener()  # whoever opens images by Pillow then reads HEIF as well
    HAS_HEIF = True

HEIF_SUFFIXES = ('.heic', '.heif')
HEIF_REMEDY = "HEIC needs pillow-heif: pip install 'mmwsss[heif]', or convert it to JPEG"
_BRANDS = (
    b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'hevm', b'hevs', b'mif1', b'msf1',
)  # fmt: skip


def is_heif(content: bytes) -> bool:
    """Return whether a file says that it is HEIF.

    Args:
        content (bytes): Content of the file.

    Returns:
        bool: Whether it does.
    """
    return content[4:8] == b'ftyp' and content[8:12] in _BRANDS


def decode_heif(content: bytes) -> np.ndarray:
    """Decode an image in HEIF, turned as a viewer shows it.

    Args:
        content (bytes): Content of the file.

    Returns:
        np.ndarray: BGR image, uint8 (H, W, 3).

    Raises:
        ImportError: If pillow-heif is missing. Says how to install it.
    """
    if not HAS_HEIF:
        raise ImportError(HEIF_REMEDY)
    with Image.open(io.BytesIO(content), formats=('HEIF',)) as image:
        return np.ascontiguousarray(np.asarray(image.convert('RGB'))[..., ::-1])
