"""Photos, label maps and response maps as files that a browser shows."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from mmwsss.pseudo_labels.images import load_rgb
from mmwsss.structures import IGNORED, ResponseMap, resize_scores
from mmwsss.visualization import color_labels, color_scores, label_outlines, overlay_labels
from mmwsss.visualization.labels import Palette

SIDE, THUMB_SIDE = 1280, 192


def fitted(shape: Sequence[int], side: int) -> tuple[int, int]:
    """Return the size of an image that is shown in a square, never enlarged.

    Args:
        shape (Sequence[int]): Its height and width.
        side (int): Longest side that is wanted.

    Returns:
        tuple[int, int]: Height and width, at least 1 each.
    """
    height, width = shape[:2]
    scale = min(1.0, side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def draw_photo(path: str, side: int = SIDE) -> bytes:
    """Draw a photo.

    Args:
        path (str): The file.
        side (int): Longest side of the drawing. Defaults to 1280.

    Returns:
        bytes: JPEG.
    """
    return _encoded(load_rgb(path, side)[0], 'JPEG')


def draw_thumb(path: str, labels: np.ndarray | None, palette: Palette) -> bytes:
    """Draw a photo under its label map, small.

    Args:
        path (str): File of the photo.
        labels (np.ndarray, optional): Label map, uint8 (H, W); None: the photo alone.
        palette (Palette): RGB colour of each class.

    Returns:
        bytes: JPEG.
    """
    photo = load_rgb(path, THUMB_SIDE)[0]
    if labels is not None:
        photo = overlay_labels(
            photo, _resized(labels, (photo.shape[0], photo.shape[1])), 0.5, palette
        )
    return _encoded(photo, 'JPEG')


def draw_labels(labels: np.ndarray, palette: Palette) -> bytes:
    """Draw a label map; background is transparent, ignored pixels are hatched, outlines white.

    Args:
        labels (np.ndarray): Label map, uint8 (H, W): 0 background, i + 1 class i, 255 ignored.
        palette (Palette): RGB colour of each class.

    Returns:
        bytes: PNG with transparency.
    """
    labels = _resized(labels, fitted(labels.shape, SIDE))
    diagonal = np.add.outer(np.arange(labels.shape[0]), np.arange(labels.shape[1]))
    opaque = (labels > 0) & ((labels != IGNORED) | (diagonal % 8 < 3))
    alpha = np.where(opaque, 255, 0).astype(np.uint8)
    colours = color_labels(labels, palette)
    colours[label_outlines(labels)] = 255
    return _encoded(np.dstack([colours, alpha]), 'PNG')


def draw_response(response: ResponseMap, index: int) -> bytes:
    """Draw the response map of a class as a heat map.

    Args:
        response (ResponseMap): Response maps of a photo.
        index (int): The class.

    Returns:
        bytes: PNG.

    Raises:
        ValueError: If the photo does not show the class.
    """
    position = response.classes.tolist().index(index)
    scores = resize_scores(response.scores[[position]], fitted(response.ori_shape, SIDE))
    return _encoded(color_scores(scores[0].numpy()), 'PNG')


def _resized(labels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    size = shape[::-1]
    return np.asarray(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST))


def _encoded(image: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    settings = {'quality': 88} if kind == 'JPEG' else {'compress_level': 1}
    Image.fromarray(np.ascontiguousarray(image)).save(file, kind, **settings)
    return file.getvalue()
