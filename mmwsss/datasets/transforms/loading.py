"""Loading of images and index masks, with errors that name the file."""

import io

import cv2
import mmcv
import numpy as np
from mmcv.transforms import BaseTransform, LoadImageFromFile
from mmengine import fileio
from mmseg.datasets.transforms import LoadImageFromNDArray
from mmseg.datasets.transforms.loading import InferencerLoader
from PIL import Image

from mmwsss.datasets.masks import mask_values, read_mask
from mmwsss.datasets.png import check_png
from mmwsss.registry import TRANSFORMS
from mmwsss.structures import DataError

REDUCED = {
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


@TRANSFORMS.register_module(name=['LoadImage', 'LoadImageFromFile'])
class LoadImage(LoadImageFromFile):
    """Load an image as BGR uint8, shape (H, W, 3), whatever its mode.

    Gray becomes three equal channels, alpha is dropped, CMYK is converted, 16 bits keep their high
    byte, and the EXIF orientation is applied: the image is what a viewer shows. An unreadable or
    truncated image is an error that names it: where a transform returns ``None`` instead,
    mmengine silently draws another sample.

    In scope ``mmwsss`` and in the datasets of this package it is also what ``LoadImageFromFile``
    names: mmseg's and mmpretrain's functions for inference look for a step of that name, which they
    replace by a loader of arrays.

    Args:
        shrink_to (int, optional): Smallest long side in pixels to which an image may be reduced
            while it is decoded, at 1/2, 1/4 or 1/8 of its size: several times faster on large
            JPEGs, for training only (``ori_shape`` is that of the reduced image). Defaults to
            None: never reduced.
        **kwargs: Arguments of :class:`mmcv.transforms.LoadImageFromFile`.
    """

    def __init__(self, shrink_to: int | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.shrink_to = shrink_to

    def transform(self, results: dict) -> dict:
        """Load the image.

        Args:
            results (dict): The sample, with ``img_path``.

        Returns:
            dict: The sample with ``img``, ``img_shape`` and ``ori_shape`` (H, W).

        Raises:
            DataError: If the image cannot be read.
        """
        path = results['img_path']
        try:
            content = fileio.get(path, backend_args=self.backend_args)
            check_png(content)
            img = mmcv.imfrombytes(content, flag=self._flag(content), backend=self.imdecode_backend)
        except (OSError, SyntaxError, cv2.error) as error:
            reason = ' '.join(str(error).split())
            raise DataError(_unreadable(path, reason)) from error
        if img is None:
            raise DataError(_unreadable(path, 'truncated, or no known format'))
        results['img'] = img
        results['img_shape'] = results['ori_shape'] = img.shape[:2]
        return results

    def _flag(self, content: bytes) -> int | str:
        """Return the decoder's flag of the strongest reduction that ``shrink_to`` allows."""
        if self.shrink_to is None:
            return self.color_type
        with Image.open(io.BytesIO(content)) as image:
            long_side = max(image.size)
        factors = [factor for factor in REDUCED if long_side >= factor * self.shrink_to]
        return REDUCED[max(factors)] if factors else self.color_type


# What mmseg's functions for inference put in the place of LoadImageFromFile, also in a config that
# inherits 'mmwsss::…' and so stands in scope mmwsss.
TRANSFORMS.register_module(module=InferencerLoader)
TRANSFORMS.register_module(module=LoadImageFromNDArray)


def _unreadable(path: str, reason: str) -> str:
    return f'{path}: unreadable image ({reason}); replace it, or remove it from the split'


@TRANSFORMS.register_module()
class LoadSegMap(BaseTransform):
    """Load an index mask as ``gt_seg_map``, uint8, shape (H, W) of the image.

    A mask of another size, or with a value that is no class, is an error naming it. Needs
    ``seg_map_path``, ``ori_shape`` and ``num_classes``. An image without ``num_classes`` comes from
    no dataset but was handed to a function for inference: it has no mask, and passes unchanged.
    """

    def transform(self, results: dict) -> dict:
        """Load the mask.

        Args:
            results (dict): The sample.

        Returns:
            dict: The sample with ``gt_seg_map``, unless it comes from no dataset.

        Raises:
            DataError: If there is no mask, or it cannot be read or does not belong to the image.
        """
        if 'num_classes' not in results:
            return results
        path = results.get('seg_map_path')
        if path is None:
            raise DataError(
                f'{results["img_path"]}: no mask is given; name the masks in data_prefix '
                '(seg_map_path), or drop LoadSegMap from the pipeline'
            )
        mask = read_mask(path)
        height, width = results['ori_shape']
        if mask.shape != (height, width):
            raise DataError(
                f'{path}: the mask is {mask.shape[1]}x{mask.shape[0]}, its image '
                f'{width}x{height} as displayed (EXIF orientation applied); save both alike'
            )
        mask_values(mask, results['num_classes'], path)
        results['gt_seg_map'] = np.ascontiguousarray(mask)
        return results
