"""A few classes and images of PASCAL VOC 2012 with SBD, by lists of this package."""

import os
from pathlib import Path

from mmwsss.datasets.masks import indexed_image, read_mask, renumber_mask
from mmwsss.datasets.splits import read_split
from mmwsss.datasets.voc import VOC_CLASSES
from mmwsss.progress import track
from mmwsss.structures import IGNORED, DataError
from mmwsss.structures.atomic import atomic_open, copy_file
from mmwsss.structures.tables import write_lines, write_text

from .voc12 import label_lines, read_sbd_mask
from .written_files import LABELS, labels_text

SPLITS = Path(__file__).parents[1] / 'splits'


def subset_names() -> list[str]:
    """List the subsets that this package has lists of.

    Returns:
        list[str]: Their names, sorted.
    """
    return sorted(folder.name for folder in SPLITS.iterdir() if folder.is_dir())


def convert_subset(
    voc_root: str | os.PathLike,
    sbd_root: str | os.PathLike,
    out: str | os.PathLike,
    lists: str | os.PathLike,
) -> dict[str, int]:
    """Write a subset in VOC's layout: images, masks, lists and labels.

    A mask is VOC's own where there is one, else SBD's; its other classes become 255, those of the
    subset 1 and up. Labels are those of VOC's boxes, as in the published label files. A file that
    is there already is kept.

    Args:
        voc_root (str | os.PathLike): Folder ``VOCdevkit/VOC2012``.
        sbd_root (str | os.PathLike): Folder ``benchmark_RELEASE/dataset``.
        out (str | os.PathLike): Folder to write.
        lists (str | os.PathLike): Folder of ``classes.txt``, ``train.txt`` and ``val.txt``, such as
            those in :data:`SPLITS`.

    Returns:
        dict[str, int]: The number of images of each split.

    Raises:
        DataError: If a file is missing, or an image shows none of the classes.
    """
    voc_root, sbd_root, out, lists = map(Path, (voc_root, sbd_root, out, lists))
    classes = (lists / 'classes.txt').read_text().split()
    splits = {name: list(read_split(lists / f'{name}.txt')) for name in ('train', 'val')}
    img_ids = [img_id for split in splits.values() for img_id in split]
    for img_id in track(img_ids, 'images and masks', len(img_ids)):
        _copy_image(img_id, voc_root, out)
        _write_mask(img_id, classes, voc_root, sbd_root, out)
    labels = {}
    for line in label_lines(img_ids, voc_root):
        img_id, *names = line.split()
        labels[img_id] = [name for name in classes if name in names]
    unlabelled = [img_id for img_id, names in labels.items() if not names]
    if unlabelled:
        raise DataError(f'{unlabelled[0]}: none of {", ".join(classes)}; extract VOC anew')
    write_text(out / LABELS, labels_text(classes, labels))
    write_lines(out / 'classes.txt', ['background', *classes])
    for name, split in splits.items():
        write_lines(out / 'ImageSets/Segmentation' / f'{name}.txt', split)
    return {name: len(split) for name, split in splits.items()}


def _copy_image(img_id: str, voc_root: Path, out: Path) -> None:
    source, target = (root / 'JPEGImages' / f'{img_id}.jpg' for root in (voc_root, out))
    if target.exists():
        return
    if not source.is_file():
        raise DataError(f'{source}: missing; extract VOC anew')
    copy_file(source, target)


def _write_mask(img_id: str, classes: list[str], voc_root: Path, sbd_root: Path, out: Path) -> None:
    target = out / 'SegmentationClass' / f'{img_id}.png'
    if target.exists():
        return
    own = voc_root / 'SegmentationClass' / f'{img_id}.png'
    mask = read_mask(own) if own.exists() else read_sbd_mask(sbd_root / 'cls' / f'{img_id}.mat')
    with atomic_open(target) as file:
        indexed_image(renumber_mask(mask, VOC_CLASSES, classes, IGNORED)).save(file, 'PNG')
