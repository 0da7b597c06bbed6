"""Random scale of the thesis's training, and padding that normalisation turns into zero."""

import copy
from collections.abc import Sequence

import cv2
import mmcv
import numpy as np
from mmcv.transforms import BaseTransform, RandomResize
from mmcv.transforms.utils import cache_randomness
from mmseg.datasets.transforms import Resize as MMSegResize

from mmwsss.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Resize(MMSegResize):
    """mmseg's ``Resize`` with labels by PIL's nearest neighbour and sides of at least one pixel.

    Labels take the pixel at the centre of each new one, as in the published code. OpenCV's nearest
    neighbour, which mmseg uses, takes the corner and so moves labels against the image. The ratio
    of an image of 3000x2 pixels would leave none of its two rows, which OpenCV refuses.
    """

    def transform(self, results: dict) -> dict:
        """Resize the image, and the maps that ``seg_fields`` names.

        Args:
            results (dict): The sample.

        Returns:
            dict: The sample with other ``img`` and ``img_shape``.
        """
        height, width = results['img'].shape[:2]
        size = self._size(width, height)
        if min(size) >= 1:
            return super().transform(results)
        exact = copy.copy(self)
        exact.scale = tuple(max(1, side) for side in size)
        exact.keep_ratio = False
        return exact.transform(results)

    def _resize_seg(self, results: dict) -> None:
        height, width = results['img'].shape[:2]
        for key in results.get('seg_fields', []):
            maps = results[key]  # labels (H, W), or scores with further axes, which OpenCV joins
            resized = cv2.resize(
                maps.reshape(*maps.shape[:2], -1),
                (width, height),
                interpolation=cv2.INTER_NEAREST_EXACT,
            )
            results[key] = resized.reshape(height, width, *maps.shape[2:])

    def _size(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and the height that the parent resizes to."""
        scale = self.scale
        if scale is None:
            scale = tuple(int(a * b + 0.5) for a, b in zip((width, height), self.scale_factor))
        if self.keep_ratio and min(scale) >= 1:
            scale = mmcv.rescale_size((width, height), scale)
        return scale


@TRANSFORMS.register_module()
class LimitSize(Resize):
    """Shrink a large image, and the maps that ``seg_fields`` names, keeping the ratio.

    Images average over areas. One that is small enough passes unchanged.

    Args:
        max_size (int): Largest number of pixels on the long side.
    """

    def __init__(self, max_size: int) -> None:
        if max_size < 1:
            raise ValueError(f'max_size must be positive, not {max_size}')
        super().__init__(scale=(max_size, max_size), keep_ratio=True, interpolation='area')
        self.max_size = max_size

    def transform(self, results: dict) -> dict:
        """Shrink the image.

        Args:
            results (dict): The sample.

        Returns:
            dict: The sample, with other ``img`` and ``img_shape`` where the image is large.
        """
        shape = results['img'].shape[:2]
        if max(shape) > self.max_size:
            return super().transform(results)
        # A map of an image that was decoded smaller has the file's size still.
        if any(results[key].shape[:2] != shape for key in results.get('seg_fields', [])):
            self._resize_seg(results)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(max_size={self.max_size})'


@TRANSFORMS.register_module()
class RandomResizeLongSide(RandomResize):
    """Resize the long side to a random length, keeping the ratio.

    Bicubic as in the published code; an image that shrinks below half its size is averaged over
    areas instead, since OpenCV's bicubic skips pixels there.

    Args:
        lengths (tuple[int, int]): Smallest and largest length in pixels, both possible. Defaults
            to (256, 512).
    """

    def __init__(self, lengths: tuple[int, int] = (256, 512)) -> None:
        if not 0 < lengths[0] <= lengths[1]:
            raise ValueError(f'lengths must be (smallest, largest), got {lengths}')
        self.lengths = tuple(lengths)
        super().__init__(scale=self.lengths)
        self.resize = Resize(scale=self.lengths, keep_ratio=True)

    @cache_randomness
    def _random_scale(self) -> tuple[int, int]:
        length = int(np.random.randint(self.lengths[0], self.lengths[1] + 1))
        return length, length

    def transform(self, results: dict) -> dict:
        """Resize the image.

        Args:
            results (dict): The sample.

        Returns:
            dict: The sample with other ``img`` and ``img_shape``.
        """
        length, _ = results['scale'] = self.resize.scale = self._random_scale()
        shrinks = 2 * length < max(results['img'].shape[:2])
        self.resize.interpolation = 'area' if shrinks else 'bicubic'
        return self.resize(results)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(lengths={self.lengths})'


@TRANSFORMS.register_module()
class RandomPad(BaseTransform):
    """Pad an image to a square, at a random place, with the value that normalises to zero.

    If the value is made of whole numbers, the image stays uint8, else it becomes float32.

    Args:
        size (int): Side of the square in pixels; no side of the image may be longer.
        pad_value (Sequence[float]): Mean that the data preprocessor subtracts, in the image's
            order of channels (BGR).
    """

    def __init__(self, size: int, pad_value: Sequence[float]) -> None:
        if len(pad_value) != 3 or not all(0 <= value <= 255 for value in pad_value):
            raise ValueError(f'pad_value must be three numbers in [0, 255], got {pad_value}')
        self.size = size
        self.pad_value = tuple(pad_value)
        whole = all(float(value).is_integer() for value in pad_value)
        self.dtype = np.uint8 if whole else np.float32

    @cache_randomness
    def _random_place(self, height: int, width: int) -> tuple[int, int]:
        """Return the row and the column of the image in the square."""
        top = np.random.randint(self.size - height + 1)
        return int(top), int(np.random.randint(self.size - width + 1))

    def transform(self, results: dict) -> dict:
        """Pad the image.

        Args:
            results (dict): The sample.

        Returns:
            dict: The sample with other ``img`` and ``img_shape``.

        Raises:
            ValueError: If the image is larger than the square.
        """
        img = results['img']
        height, width = img.shape[:2]
        if max(height, width) > self.size:
            raise ValueError(f'{width}x{height} does not fit into {self.size}; crop before padding')
        top, left = self._random_place(height, width)
        if (height, width) == (self.size, self.size):
            square = np.ascontiguousarray(img, self.dtype)
        else:
            square = np.empty((self.size, self.size, 3), self.dtype)
            square[:] = np.array(self.pad_value, self.dtype)
            square[top : top + height, left : left + width] = img
        results['img'] = square
        results['img_shape'] = square.shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, pad_value={self.pad_value})'
