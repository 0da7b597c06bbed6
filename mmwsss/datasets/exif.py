"""The orientation of an image in its EXIF data."""

from PIL import Image

_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)


def is_turned(image: Image.Image) -> bool:
    """Tell whether a viewer turns an image by a quarter, so that width and height change places.

    Args:
        image (Image.Image): An opened image, decoded or not.

    Returns:
        bool: Whether it does.
    """
    return image.getexif().get(_ORIENTATION) in _TURNED


def displayed_size(image: Image.Image) -> tuple[int, int]:
    """Return the size at which a viewer shows an image.

    Args:
        image (Image.Image): An opened image, decoded or not.

    Returns:
        tuple[int, int]: Width and height in pixels.
    """
    width, height = image.size
    return (height, width) if is_turned(image) else (width, height)
