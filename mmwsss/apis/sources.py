"""Images as users hand them over: paths, folders, arrays, lists of them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from mmwsss.datasets.converters.image_search import find_images
from mmwsss.datasets.transforms import read_rgb
from mmwsss.structures import DataError, img_id_fault

ImageLike: TypeAlias = str | os.PathLike | np.ndarray
Images: TypeAlias = ImageLike | Sequence[ImageLike]


class ImageSource(NamedTuple):
    """One image, and the name that its results have.

    Attributes:
        name (str): Path below the folder, or name of the file, without suffix; ``image_<position>``
            of an array.
        image (str | np.ndarray): File, or BGR array, uint8 (H, W, 3).
        tags (tuple[str, ...], optional): Names of the classes that the image shows; None where they
            are not known.
        image_bits (int, optional): Bits that an image of 16 bits really has; None: all of them.
    """

    name: str
    image: str | np.ndarray
    tags: tuple[str, ...] | None = None
    image_bits: int | None = None

    def rgb(self) -> np.ndarray:
        """Load the image.

        Returns:
            np.ndarray: RGB image, uint8 (H, W, 3), as a viewer shows it.
        """
        given = self.image
        rgb = (
            given[..., ::-1] if isinstance(given, np.ndarray) else read_rgb(given, self.image_bits)
        )
        return np.ascontiguousarray(rgb)

    @property
    def path(self) -> str | None:
        """File of the image; None of an array."""
        return self.image if isinstance(self.image, str) else None


def list_sources(images: Images) -> list[ImageSource]:
    """List images.

    Args:
        images (Images): A file, a folder, which is searched with the folders in it, a BGR array
            uint8 (H, W, 3), or a list of files and arrays.

    Returns:
        list[ImageSource]: The images.

    Raises:
        DataError: If a file or folder is not there, an array is no image, or two files have one
            name.
    """
    if isinstance(images, (str, os.PathLike)) and os.path.isdir(images):
        root = Path(images)
        return [ImageSource(name, str(root / path)) for name, path in find_images(root).items()]
    given = [images] if isinstance(images, (str, os.PathLike, np.ndarray)) else list(images)
    if not given:
        raise DataError('no image was given')
    sources = [_source(image, index) for index, image in enumerate(given)]
    first: dict[str, ImageSource] = {}
    for source in sources:
        # The same file twice is the same result.
        other = first.setdefault(source.name, source)
        if other is not source and (source.path is None or source.path != other.path):
            raise DataError(
                f'{source.path}: has the same name as {other.path}; rename one, or give the folder '
                'above both'
            )
    return sources


def _source(image: ImageLike, index: int) -> ImageSource:
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise DataError(
                f'image {index} is {image.dtype}{list(image.shape)}; give BGR, uint8 (H, W, 3)'
            )
        return ImageSource(f'image_{index}', image)
    path = os.fspath(image)
    if not os.path.isfile(path):
        raise DataError(f'{path}: no such image; correct the path')
    name = Path(path).stem
    fault = img_id_fault(name)
    if fault:
        raise DataError(f'{path!r}: {fault}; rename it')
    return ImageSource(name, path)
