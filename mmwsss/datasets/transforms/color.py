"""Colour jitter of 8-bit images, at a tenth of the cost of mmpretrain's."""

import cv2
import numpy as np
from mmpretrain.datasets.transforms import ColorJitter

from mmwsss.registry import TRANSFORMS

_GRAY_BGR = (0.114, 0.587, 0.299)


def _blend_lut(factor: float, gray: float) -> np.ndarray:
    """Return the table of ``factor * x + (1 - factor) * gray`` for x in 0..255, uint8 (256,)."""
    values = np.arange(256, dtype=np.float32) * factor + (1 - factor) * gray
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def adjust_brightness(img: np.ndarray, factor: float) -> np.ndarray:
    """Scale the brightness of an image.

    Args:
        img (np.ndarray): Image, uint8 (H, W, 3).
        factor (float): Factor, 1 for no change.

    Returns:
        np.ndarray: Image, uint8 (H, W, 3).
    """
    return cv2.LUT(img, _blend_lut(factor, 0.0))


def adjust_contrast(img: np.ndarray, factor: float) -> np.ndarray:
    """Blend an image with the mean of its luminance.

    Args:
        img (np.ndarray): BGR image, uint8 (H, W, 3).
        factor (float): Weight of the image, 1 for no change.

    Returns:
        np.ndarray: BGR image, uint8 (H, W, 3).
    """
    mean = float(np.dot(cv2.mean(img)[:3], _GRAY_BGR))
    return cv2.LUT(img, _blend_lut(factor, mean))


def adjust_saturation(img: np.ndarray, factor: float) -> np.ndarray:
    """Blend an image with its luminance.

    Args:
        img (np.ndarray): BGR image, uint8 (H, W, 3).
        factor (float): Weight of the image, 1 for no change.

    Returns:
        np.ndarray: BGR image, uint8 (H, W, 3).
    """
    matrix = factor * np.eye(3) + (1 - factor) * np.tile(_GRAY_BGR, (3, 1))
    return cv2.transform(img, matrix)


def adjust_hue(img: np.ndarray, shift: float) -> np.ndarray:
    """Turn the hue of an image.

    Args:
        img (np.ndarray): BGR image, uint8 (H, W, 3).
        shift (float): Turn as a share of the full circle, 0 for no change.

    Returns:
        np.ndarray: BGR image, uint8 (H, W, 3).
    """
    hsv = cv2.cvtColor(img, cv2.COLOR_BGR2HSV_FULL)
    # OpenCV writes the full circle as 256 steps, but reads it back as 255.
    turned = (np.arange(256) + shift * 256) % 256 * (255 / 256)
    hsv[..., 0] = cv2.LUT(hsv[..., 0], np.rint(turned).astype(np.uint8))
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL)


@TRANSFORMS.register_module()
class FastColorJitter(ColorJitter):
    """mmpretrain's ``ColorJitter``, computed by look-up tables and one matrix.

    Arguments, random order and, to the rounding of 8-bit colours, results are the parent's. It
    takes BGR uint8 images.
    """

    def transform(self, results: dict) -> dict:
        """Jitter the colours.

        Args:
            results (dict): The sample.

        Returns:
            dict: The sample with other ``img``.
        """
        order, *amounts = self._rand_params()
        steps = (adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue)
        # A flipped view would be copied by every step.
        img = np.ascontiguousarray(results['img'])
        for index in order:
            if amounts[index] is not None:
                img = steps[index](img, amounts[index])
        results['img'] = img
        return results
