"""MS COCO 2014: masks, lists and image-level labels of its 80 classes."""

import os
from collections.abc import Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path

from mmwsss.datasets.masks import indexed_image
from mmwsss.process_pool import ordered_map
from mmwsss.structures import DataError
from mmwsss.structures.atomic import atomic_open
from mmwsss.structures.tables import write_lines, write_text

from .coco_instances import CocoImage, draw_mask, mask_functions, read_instances
from .written_files import LABELS, labels_text

COUNTS = {'train': 82783, 'val': 40504}


def convert(
    root: str | os.PathLike,
    negatives: bool = False,
    num_workers: int = 2,
    verify_counts: bool = True,
) -> dict[str, int]:
    """Write the masks, the lists and the label file of train and val into COCO's folder.

    ``SegmentationClass/{train,val}2014/*.png``, ``ImageSets/Segmentation/{train,val}.txt`` and
    ``image_labels.json``. A mask that is there already is kept.

    Args:
        root (str | os.PathLike): Folder of ``annotations``, ``train2014`` and ``val2014``.
        negatives (bool): Whether images without any class are listed, as negatives; otherwise they
            are left out, as published. Defaults to False.
        num_workers (int): Number of processes that draw masks; 0 works in this one. Defaults to 2.
        verify_counts (bool): Whether to insist on the published numbers of images. Defaults to
            True.

    Returns:
        dict[str, int]: Number of images of each split.

    Raises:
        DataError: If a file is missing or has a fault.
        ImageError: If a mask cannot be drawn. Names the image.
        ImportError: If pycocotools is missing.
    """
    root = Path(root)
    mask_functions()
    classes: tuple[str, ...] = ()
    lists: dict[str, list[str]] = {}
    labels: dict[str, list[str]] = {}
    for split, count in COUNTS.items():  # one after the other: train alone takes 2 GB of memory
        folder = f'{split}2014'
        path = root / 'annotations' / f'instances_{folder}.json'
        names, images = read_instances(path)
        if verify_counts and len(images) != count:
            raise DataError(
                f'{path}: {len(images)} images instead of {count}; extract the archive anew, or '
                'skip this check'
            )
        if classes and names != classes:
            raise DataError(f'{path}: other classes than those of train; extract both anew')
        classes = names
        _check_files(root / folder, images)
        kept = [image for image in images if negatives or image.objects]
        _write_masks(root / 'SegmentationClass' / folder, kept, num_workers, split)
        lists[split] = [f'{folder}/{image.stem}' for image in kept]
        shown = [[classes[label] for label in image.labels] for image in kept]
        labels |= zip(lists[split], shown, strict=True)
    for split, lines in lists.items():
        write_lines(root / 'ImageSets/Segmentation' / f'{split}.txt', lines)
    write_text(root / LABELS, labels_text(classes, labels))
    return {split: len(lines) for split, lines in lists.items()}


def write_mask(image: CocoImage, folder: Path) -> None:
    """Write the mask of an image, whole or not at all.

    Args:
        image (CocoImage): The image.
        folder (Path): Folder of the masks.

    Raises:
        DataError: If an outline has a fault.
    """
    with atomic_open(_mask_path(image, folder)) as file:
        indexed_image(draw_mask(image)).save(file, 'PNG')


def _write_masks(folder: Path, images: Sequence[CocoImage], workers: int, split: str) -> None:
    left = [image for image in images if not _mask_path(image, folder).exists()]
    job = partial(write_mask, folder=folder)
    name_of = attrgetter('file_name')
    for _ in ordered_map(
        job, left, workers=workers, name_of=name_of, description=f'masks, {split}'
    ):
        pass


def _mask_path(image: CocoImage, folder: Path) -> Path:
    return folder / f'{image.stem}.png'


def _check_files(folder: Path, images: Sequence[CocoImage]) -> None:
    there = set(os.listdir(folder)) if folder.is_dir() else set()
    missing = [image.file_name for image in images if image.file_name not in there]
    if missing:
        raise DataError(
            f'{folder / missing[0]}: missing, and {len(missing) - 1} more; extract '
            f'{folder.name}.zip anew'
        )
