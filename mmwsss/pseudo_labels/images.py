"""The images that labels are made for."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from mmwsss.datasets.names import path_on_disk
from mmwsss.datasets.transforms import LimitSize, LoadImage
from mmwsss.registry import DATASETS
from mmwsss.structures import DataError, img_id_path


class TaggedImage(NamedTuple):
    """The files of an image and its image-level labels.

    Attributes:
        img_id (str): Path of the image below the image folder, without suffix.
        img_path (str): The image file.
        labels (tuple[int, ...]): Ascending indices of the classes that the image-level labels
            name.
        mask_path (str, optional): The file of the true mask, None where there is none.
        image_bits (int, optional): Bits that an image of 16 bits really has; None: all of them.
    """

    img_id: str
    img_path: str
    labels: tuple[int, ...]
    mask_path: str | None
    image_bits: int | None = None


def list_images(dataset: dict, mask_dir: str | None) -> tuple[list[TaggedImage], dict]:
    """Build a dataset with image-level labels and list its images.

    Args:
        dataset (dict): Config of the dataset.
        mask_dir (str, optional): Folder of the true masks ``<img_id>.png``. Not every image
            needs one. None: no image has a mask, and nothing is measured.

    Returns:
        tuple[list[TaggedImage], dict]: The images in the dataset's order, and the dataset's
        metainfo.

    Raises:
        DataError: If the dataset is faulty, or if ``mask_dir`` holds no mask of any image.
    """
    built = DATASETS.build(dataset)
    infos = [built.get_data_info(index) for index in range(len(built))]
    images = [
        TaggedImage(
            info['img_id'],
            info['img_path'],
            tuple(info['gt_label']),
            _find_mask(mask_dir, info),
            info.get('image_bits'),
        )
        for info in infos
    ]
    if mask_dir and not any(image.mask_path for image in images):
        raise DataError(
            f'{mask_dir}: no mask of any image, for example {images[0].img_id}.png; correct '
            'mask_dir, or set it to None to measure nothing'
        )
    return images, built.metainfo


def _find_mask(mask_dir: str | None, info: dict) -> str | None:
    path = ''
    if mask_dir:
        path = path_on_disk(str(img_id_path(mask_dir, info['img_id'], '.png')))
    return path if os.path.isfile(path) else None


def load_rgb(
    img_path: str, max_size: int | None = None, image_bits: int | None = None
) -> tuple[np.ndarray, tuple[int, int]]:
    """Load an image, a large one smaller.

    Args:
        img_path (str): The image file.
        max_size (int, optional): Largest number of pixels on its long side. Defaults to None: any.
        image_bits (int, optional): See :class:`TaggedImage`. Defaults to None.

    Returns:
        tuple[np.ndarray, tuple[int, int]]: The image, shape (H, W, 3), uint8, RGB; height and width
        of the file as displayed.
    """
    results = LoadImage(shrink_to=max_size)({'img_path': img_path, 'image_bits': image_bits})
    if max_size is not None:
        results = LimitSize(max_size)(results)
    return results['img'][..., ::-1], results['ori_shape']


def sort_by_size(images: Iterable[TaggedImage]) -> list[TaggedImage]:
    """Sort images by width and height. Only the headers of the files are read.

    Args:
        images (Iterable[TaggedImage]): The images.

    Returns:
        list[TaggedImage]: The same images; unreadable ones come first.
    """
    return sorted(images, key=_read_size)


def _read_size(tagged: TaggedImage) -> tuple[int, int]:
    try:
        with Image.open(tagged.img_path) as image:
            return image.size
    except Exception:  # PIL raises many kinds; the step that decodes the image names it
        return 0, 0


def refuse_shared_files(
    folders: Mapping[str, str | os.PathLike], images: Sequence[TaggedImage]
) -> None:
    """Refuse folders in which the file of an image would overwrite that of another folder.

    Args:
        folders (Mapping[str, str or os.PathLike]): Setting, such as 'out_dir' → the folder.
        images (Sequence[TaggedImage]): All images of the dataset.

    Raises:
        ValueError: If two have a file in common; names it.
    """
    owners: dict[Path, str] = {}
    for name, folder in folders.items():
        root = os.path.realpath(folder)
        for image in images:
            path = img_id_path(root, image.img_id, '.png')
            first = owners.setdefault(path, name)
            if first != name:
                raise ValueError(
                    f'{name} {folder} and {first} {folders[first]} share {path}, so that '
                    f'one would overwrite the other: take another {name}'
                )
