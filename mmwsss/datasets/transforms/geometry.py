"""Random scale and crop of the thesis's training."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform, RandomResize
from mmcv.transforms.utils import cache_randomness

from mmwsss.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomResizeLongSide(RandomResize):
    """Resize the long side to a random length, keeping the ratio.

    Args:
        lengths: Smallest and largest length, both possible.
        interpolation: Interpolation of :class:`mmcv.transforms.Resize`.
    """

    def __init__(
        self, lengths: tuple[int, int] = (256, 512), interpolation: str = 'bicubic'
    ) -> None:
        if not 0 < lengths[0] <= lengths[1]:
            raise ValueError(f'lengths must be (smallest, largest), got {lengths}')
        self.lengths = lengths
        super().__init__(scale=lengths, keep_ratio=True, interpolation=interpolation)

    @cache_randomness
    def _random_scale(self) -> tuple[int, int]:
        length = int(np.random.randint(self.lengths[0], self.lengths[1] + 1))
        return length, length


@TRANSFORMS.register_module()
class RandomCropPad(BaseTransform):
    """Crop a square at a random place; a side that is too short is padded, at a random place too.

    The result is float32 and the padding is ``pad_value``: give the mean that the data
    preprocessor subtracts, so that the padding is exactly 0 after normalisation. With whole
    numbers the picture stays uint8.

    Args:
        size: Side of the crop.
        pad_value: Value of the padding, one for each channel, in the picture's order (BGR).
    """

    def __init__(self, size: int, pad_value: Sequence[float]) -> None:
        if len(pad_value) != 3 or not all(0 <= value <= 255 for value in pad_value):
            raise ValueError(f'pad_value must be three numbers in [0, 255], got {pad_value}')
        self.size = size
        self.pad_value = tuple(pad_value)
        whole = all(float(value).is_integer() for value in pad_value)
        self.dtype = np.uint8 if whole else np.float32

    @cache_randomness
    def _random_offset(self, slack: int) -> int:
        return int(np.random.randint(abs(slack) + 1))

    def transform(self, results: dict) -> dict:
        """Modify ``img`` and ``img_shape``."""
        img = results['img']
        crop = np.empty((self.size, self.size, 3), self.dtype)
        crop[:] = self.pad_value
        (top, source_rows), (left, source_cols) = (self._place(side) for side in img.shape[:2])
        part = img[source_rows, source_cols]
        crop[top : top + part.shape[0], left : left + part.shape[1]] = part
        results['img'] = crop
        results['img_shape'] = crop.shape[:2]
        return results

    def _place(self, side: int) -> tuple[int, slice]:
        """Return where one side of the picture starts in the crop, and its part to take."""
        offset = self._random_offset(self.size - side)
        if side <= self.size:
            return offset, slice(None)
        return 0, slice(offset, offset + self.size)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, pad_value={self.pad_value})'
