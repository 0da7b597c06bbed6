"""Loading of images and index masks, with errors that name the file."""

import io
import warnings

import cv2
import mmcv
import numpy as np
from mmcv.transforms import BaseTransform, LoadImageFromFile
from mmengine import fileio
from mmseg.datasets.transforms import LoadImageFromNDArray
from mmseg.datasets.transforms.loading import InferencerLoader
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from mmwsss.datasets.exif import is_turned
from mmwsss.datasets.heif import decode_heif, is_heif
from mmwsss.datasets.masks import mask_values, read_mask
from mmwsss.datasets.png import check_png
from mmwsss.registry import TRANSFORMS
from mmwsss.structures import MAX_PIXELS, DataError, DataWarning

# What opens a file without Pillow's limit on the number of pixels: only its header is read.
_OPENERS = {b'\xff\xd8': JpegImageFile, b'\x89PNG': PngImageFile}
# The high bytes of an image of 14 bits in 16 are below 64, those of 12 bits below 16.
_DARK = 64
_ANY_DEPTH = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR
REDUCED = {
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


@TRANSFORMS.register_module(name=['LoadImage', 'LoadImageFromFile'])
class LoadImage(LoadImageFromFile):
    """Load an image as BGR uint8, shape (H, W, 3), whatever its mode.

    Gray becomes three equal channels, alpha is dropped, CMYK is converted, 16 bits keep their high
    byte, and the EXIF orientation is applied: the image is what a viewer shows. An image that is
    unreadable, truncated or of more than 2^28 pixels is an error that names it: where a transform
    returns ``None`` instead, mmengine silently draws another sample. An image of 16 bits whose high
    bytes are nearly all black is a warning. Of a sample with ``image_bits``, which datasets of this
    package take from ``metainfo``, images of 16 bits keep the highest 8 of that many, such as 12.

    In scope ``mmwsss`` and in the datasets of this package it is also what ``LoadImageFromFile``
    names: mmseg's and mmpretrain's functions for inference look for a step of that name, which they
    replace by a loader of arrays.

    Args:
        shrink_to (int, optional): Smallest long side in pixels to which an image may be reduced
            while it is decoded, at 1/2, 1/4 or 1/8 of its size: several times faster on large
            JPEGs. ``ori_shape`` stays that of the file. Defaults to None: never reduced.
        **kwargs: Arguments of :class:`mmcv.transforms.LoadImageFromFile`.
    """

    def __init__(self, shrink_to: int | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.shrink_to = shrink_to

    def transform(self, results: dict) -> dict:
        """Load the image.

        Args:
            results (dict): The sample, with ``img_path`` and perhaps ``image_bits``.

        Returns:
            dict: The sample with ``img``, ``img_shape`` and ``ori_shape`` (H, W), which is the
            size at which a viewer shows the file.

        Raises:
            DataError: If the image cannot be read.
        """
        path, bits = results['img_path'], results.get('image_bits')
        try:
            content = fileio.get(path, backend_args=self.backend_args)
            check_png(content)
            size = _header_size(content)
            _check_size(path, size)
            factor = self._factor(size)
            flag = REDUCED[factor] if factor > 1 else self.color_type
            img = self._decode(content, flag, bits)
        except DataError:
            raise
        except ImportError as error:
            raise DataError(f'{path}: {error}') from None
        except Exception as error:  # OpenCV and Pillow raise nearly anything on damaged bytes
            raise DataError(_unreadable(path, ' '.join(str(error).split()))) from error
        if img is None:
            raise DataError(_unreadable(path, 'truncated, or no known format'))
        _check_size(path, img.shape[1::-1])
        if bits is None and img.max() < _DARK and _is_deep(content):
            _warn_low_bits(path)
        results['img'] = img
        results['img_shape'] = results['ori_shape'] = img.shape[:2]
        if factor > 1 and size is not None:
            results['ori_shape'] = _displayed_shape(size, img.shape[:2], factor, content)
        return results

    def _factor(self, size: tuple[int, int] | None) -> int:
        """Return the strongest reduction that ``shrink_to`` allows."""
        if self.shrink_to is None or size is None:
            return 1
        return max((x for x in REDUCED if max(size) >= x * self.shrink_to), default=1)

    def _decode(self, content: bytes, flag: int | str, bits: int | None) -> np.ndarray | None:
        if bits is not None and _is_deep(content):
            deep = mmcv.imfrombytes(content, _ANY_DEPTH, backend='cv2')
            return np.minimum(deep >> (bits - 8), 255).astype(np.uint8)
        img = mmcv.imfrombytes(content, flag=flag, backend=self.imdecode_backend)
        return decode_heif(content) if img is None and is_heif(content) else img


def _displayed_shape(
    size: tuple[int, int], shape: tuple[int, ...], factor: int, content: bytes
) -> tuple[int, int]:
    """Return height and width as displayed of a file that was decoded smaller, to ``shape``."""
    stored, turned = size[::-1], size
    fitting = [
        one
        for one in (stored, turned)
        # Decoders round up or down.
        if all(abs(side / factor - reduced) < 1 for side, reduced in zip(one, shape))
    ]
    if not fitting:  # of a format that is never decoded smaller
        return shape[0], shape[1]
    if len(fitting) == 1:
        return fitting[0]
    with _open(content) as image:
        return turned if is_turned(image) else stored


def read_rgb(path: str, image_bits: int | None = None) -> np.ndarray:
    """Read an image as the networks see it.

    Args:
        path (str): The image file.
        image_bits (int, optional): See :class:`LoadImage`. Defaults to None: all 16.

    Returns:
        np.ndarray: The image, uint8 (H, W, 3), RGB.

    Raises:
        DataError: If the image cannot be read.
    """
    return LoadImage()({'img_path': path, 'image_bits': image_bits})['img'][..., ::-1]


def _is_deep(content: bytes) -> bool:
    """Return whether a file has 16 bits for each value."""
    img = mmcv.imfrombytes(content, _ANY_DEPTH, backend='cv2')
    return img is not None and img.dtype == np.uint16


def _warn_low_bits(path: str) -> None:
    warnings.warn(
        f'{path}: 16 bits, of which the high ones are empty: the image is nearly black; save it '
        'with 8 bits, or set the bits that it has in every dataset, metainfo=dict(image_bits=12)',
        DataWarning,
        stacklevel=3,
    )


def _header_size(content: bytes) -> tuple[int, int] | None:
    """Return the width and the height in a file's header; None if Pillow does not know them."""
    try:
        with _open(content) as image:
            return image.size
    except Exception:  # the decoder tells what is wrong, or reads it
        return None


def _open(content: bytes) -> Image.Image:
    opener = next((x for start, x in _OPENERS.items() if content.startswith(start)), Image.open)
    return opener(io.BytesIO(content))


def _check_size(path: str, size: tuple[int, int] | None) -> None:
    if size is not None and size[0] * size[1] > MAX_PIXELS:
        raise DataError(
            f'{path}: {size[0]}x{size[1]} are more than {MAX_PIXELS} pixels; cut it into smaller '
            'images, or save it smaller'
        )


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
