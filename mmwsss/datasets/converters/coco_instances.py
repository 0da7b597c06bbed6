"""Instances of MS COCO: the objects of each image, and masks of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from mmwsss.structures import IGNORED, DataError

from .tag_forms.json_forms import is_coco, read_json_text

_EXTRACT = 'extract annotations_trainval2014.zip anew'
_INSTALL = 'pycocotools, which reads the masks of COCO, is not installed: pip install pycocotools'


@dataclass(frozen=True)
class CocoObject:
    """An object of an image.

    Attributes:
        label (int): Index of its class.
        area (float): Area in pixels, as COCO states it.
        crowd (bool): Whether it stands for several objects of the class.
        segmentation (list | dict): Polygons, or a run-length code.
    """

    label: int
    area: float
    crowd: bool
    segmentation: list | dict

    @property
    def value(self) -> int:
        """What its pixels are in a mask."""
        return IGNORED if self.crowd else self.label + 1


@dataclass(frozen=True)
class CocoImage:
    """An image.

    Attributes:
        file_name (str): Name of its file.
        shape (tuple[int, int]): Height and width.
        objects (tuple[CocoObject, ...]): Its objects, in the file's order.
    """

    file_name: str
    shape: tuple[int, int]
    objects: tuple[CocoObject, ...]

    @property
    def stem(self) -> str:
        """Name of its file without suffix."""
        return PurePosixPath(self.file_name).stem

    @property
    def labels(self) -> list[int]:
        """Indices of the classes that it shows, ascending, those of crowds too."""
        return sorted({one.label for one in self.objects})


def read_instances(path: Path) -> tuple[tuple[str, ...], list[CocoImage]]:
    """Read a file ``instances_*.json``.

    Args:
        path (Path): The file.

    Returns:
        tuple[tuple[str, ...], list[CocoImage]]: Names of the classes, by ascending category id, and
        the images, by name.

    Raises:
        DataError: If the file is missing or has a fault.
    """
    if not path.is_file():
        raise DataError(f'{path}: no such file; {_EXTRACT}')
    content = read_json_text(path)
    if not is_coco(content):
        raise DataError(f'{path}: without images, annotations and categories; {_EXTRACT}')
    try:
        return _read(content)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f'{path}: an entry is incomplete ({error!r}); {_EXTRACT}') from None


def _read(content: Any) -> tuple[tuple[str, ...], list[CocoImage]]:
    names = {one['id']: str(one['name']) for one in content['categories']}
    label_of = {category: label for label, category in enumerate(sorted(names))}
    objects: dict[int, list[CocoObject]] = {one['id']: [] for one in content['images']}
    for one in content['annotations']:
        objects[one['image_id']].append(
            CocoObject(
                label=label_of[one['category_id']],
                area=float(one['area']),
                crowd=bool(one['iscrowd']),
                segmentation=one['segmentation'],
            )
        )
    images = [
        CocoImage(
            str(one['file_name']),
            (int(one['height']), int(one['width'])),
            tuple(objects[one['id']]),
        )
        for one in content['images']
    ]
    classes = tuple(names[category] for category in sorted(names))
    return classes, sorted(images, key=lambda image: image.file_name)


def draw_mask(image: CocoImage) -> np.ndarray:
    """Draw the objects of an image, larger ones below smaller ones, crowds as 255.

    The order is that of coco2voc, by which ToCo, AFA and others made their masks; there, crowds
    are drawn as their class.

    Args:
        image (CocoImage): The image.

    Returns:
        np.ndarray: Index mask, uint8 (H, W).

    Raises:
        DataError: If a code or polygon has a fault. Names the image.
    """
    mask = np.zeros(image.shape, np.uint8)
    # Of equal areas the first one is drawn last.
    for one in sorted(image.objects, key=lambda one: one.area)[::-1]:
        try:
            covered = _pixels(one.segmentation, image.shape)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f'{image.file_name}: damaged outline ({error}); {_EXTRACT}') from None
        mask[covered] = one.value
    return mask


def _pixels(segmentation: list | dict, shape: Sequence[int]) -> np.ndarray:
    """Return which pixels an object covers, bool (H, W)."""
    coco_mask = mask_functions()
    if isinstance(segmentation, list):
        # pycocotools takes four numbers for a box.
        polygons = [polygon for polygon in segmentation if len(polygon) >= 6]
        if not polygons:
            return np.zeros(shape, bool)
        code = coco_mask.merge(coco_mask.frPyObjects(polygons, *shape))
    elif isinstance(segmentation['counts'], list):
        if sum(segmentation['counts']) != shape[0] * shape[1]:
            raise ValueError('its counts are of another size')
        code = coco_mask.frPyObjects(segmentation, *shape)
    else:
        code = segmentation
    if list(code['size']) != list(shape):
        raise ValueError(f'of {code["size"]} pixels in an image of {list(shape)}')
    return coco_mask.decode(code).astype(bool)


def mask_functions() -> Any:
    """Import pycocotools' functions of masks.

    Returns:
        Any: The module.

    Raises:
        ImportError: If pycocotools is missing. Says how to install it.
    """
    try:
        from pycocotools import mask
    except ImportError as error:
        raise ImportError(_INSTALL) from error
    return mask
