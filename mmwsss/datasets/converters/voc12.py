"""PASCAL VOC 2012 with the annotations of SBD: the 10,582 images of train_aug."""

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from mmwsss.datasets.labels import read_xml
from mmwsss.datasets.masks import indexed_image, mask_labels, mask_values
from mmwsss.datasets.splits import read_split
from mmwsss.datasets.voc import VOC_CLASSES
from mmwsss.process_pool import ordered_map
from mmwsss.structures import DataError
from mmwsss.structures.atomic import atomic_open, copy_file
from mmwsss.structures.tables import write_lines

COUNTS = {'train': 1464, 'val': 1449, 'train_aug': 10582}


def read_splits(voc_root: Path, sbd_root: Path) -> dict[str, list[str]]:
    """Read the splits ``train``, ``val`` and ``train_aug``.

    train_aug is VOC's train and all of SBD, without VOC's val.

    Args:
        voc_root (Path): Folder ``VOCdevkit/VOC2012``.
        sbd_root (Path): Folder ``benchmark_RELEASE/dataset``.

    Returns:
        dict[str, list[str]]: Ids of the images of each split.

    Raises:
        DataError: If a split file is missing or has a fault.
    """
    voc = {name: list(read_split(_split_path(voc_root, name))) for name in ('train', 'val')}
    sbd = {img_id for name in ('train', 'val') for img_id in read_split(sbd_root / f'{name}.txt')}
    return {**voc, 'train_aug': sorted((sbd | set(voc['train'])) - set(voc['val']))}


def check_counts(splits: dict[str, list[str]]) -> None:
    """Compare the numbers of images with the published ones.

    Args:
        splits (dict[str, list[str]]): Ids of the images of each split.

    Raises:
        DataError: If a number differs.
    """
    for name, published in COUNTS.items():
        if len(splits[name]) != published:
            raise DataError(
                f'{name} has {len(splits[name])} images instead of {published}; '
                'extract both archives anew, or skip this check'
            )


def read_sbd_mask(path: Path) -> np.ndarray:
    """Read the class mask in an SBD file ``cls/*.mat``.

    Args:
        path (Path): The file.

    Returns:
        np.ndarray: The mask, uint8 (H, W).

    Raises:
        DataError: If the file cannot be read or holds something else.
    """
    if not path.is_file():
        raise DataError(f'{path}: no such file; extract SBD anew')
    try:
        content = loadmat(path, variable_names=['GTcls'], simplify_cells=True)
        mask = np.asarray(content['GTcls']['Segmentation'])
    except Exception as error:  # scipy names no common class for damaged files
        raise DataError(f'{path}: no class mask ({error!r}); extract SBD anew') from None
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise DataError(f'{path}: a mask of shape {mask.shape}, {mask.dtype}; extract SBD anew')
    mask_values(mask, len(VOC_CLASSES), path)
    return mask


def write_mask(img_id: str, voc_root: Path, sbd_root: Path) -> None:
    """Write ``SegmentationClassAug/ID.png``: VOC's mask where there is one, else SBD's.

    A file that is there already is kept.

    Args:
        img_id (str): Id of the image.
        voc_root (Path): Folder ``VOCdevkit/VOC2012``.
        sbd_root (Path): Folder ``benchmark_RELEASE/dataset``.

    Raises:
        DataError: If SBD's mask cannot be read.
    """
    target = voc_root / 'SegmentationClassAug' / f'{img_id}.png'
    if target.exists():
        return
    voc_mask = voc_root / 'SegmentationClass' / f'{img_id}.png'
    if voc_mask.exists():
        copy_file(voc_mask, target)
        return
    with atomic_open(target) as file:
        indexed_image(read_sbd_mask(sbd_root / 'cls' / f'{img_id}.mat')).save(file, 'PNG')


def label_lines(img_ids: Iterable[str], voc_root: Path, source: str = 'xml') -> list[str]:
    """Make the lines ``id class class ...`` of a label file, classes in VOC's order.

    Args:
        img_ids (Iterable[str]): Ids of the images.
        voc_root (Path): Folder ``VOCdevkit/VOC2012``.
        source (str): 'xml' for the boxes of VOC with the difficult ones, from which the published
            label files are made, or 'mask' for ``SegmentationClassAug`` and
            ``SegmentationClass``. Defaults to 'xml'.

    Returns:
        list[str]: Line of each image.

    Raises:
        DataError: If an annotation cannot be read or names no class.
    """
    lines = []
    for img_id in img_ids:
        if source == 'xml':
            names = set(read_xml(voc_root / 'Annotations' / f'{img_id}.xml'))
        else:
            aug = voc_root / 'SegmentationClassAug' / f'{img_id}.png'
            mask = aug if aug.exists() else voc_root / 'SegmentationClass' / f'{img_id}.png'
            names = {VOC_CLASSES[index] for index in mask_labels(mask, len(VOC_CLASSES))}
        present = [name for name in VOC_CLASSES if name in names]
        if not present:
            raise DataError(f'{img_id}: no class of VOC in its {source}; extract VOC anew')
        lines.append(' '.join([img_id, *present]))
    return lines


def convert(
    voc_root: str | os.PathLike,
    sbd_root: str | os.PathLike,
    label_source: str = 'xml',
    num_workers: int = 2,
    verify_counts: bool = True,
) -> dict[str, int]:
    """Write the split, the masks and the label files of train_aug into VOC's folder.

    Args:
        voc_root (str | os.PathLike): Folder ``VOCdevkit/VOC2012``.
        sbd_root (str | os.PathLike): Folder ``benchmark_RELEASE/dataset``.
        label_source (str): 'xml' or 'mask', see :func:`label_lines`. Defaults to 'xml'.
        num_workers (int): Number of processes that convert masks; 0 works in this one. Defaults
            to 2.
        verify_counts (bool): Whether to insist on the published numbers of images. Defaults to
            True.

    Returns:
        dict[str, int]: Number of images of each split.

    Raises:
        DataError: If a file is missing or has a fault.
        ImageError: If a mask cannot be converted. Names the image.
    """
    voc_root, sbd_root = Path(voc_root), Path(sbd_root)
    splits = read_splits(voc_root, sbd_root)
    if verify_counts:
        check_counts(splits)
    for img_id in splits['train_aug']:
        if not (voc_root / 'JPEGImages' / f'{img_id}.jpg').is_file():
            raise DataError(f'{voc_root}/JPEGImages/{img_id}.jpg: missing; extract VOC anew')
    job = partial(write_mask, voc_root=voc_root, sbd_root=sbd_root)
    for _ in ordered_map(job, splits['train_aug'], workers=num_workers, description='masks'):
        pass
    write_lines(_split_path(voc_root, 'train_aug'), splits['train_aug'])
    labels = {
        name: label_lines(img_ids, voc_root, label_source) for name, img_ids in splits.items()
    }
    # All images in one file: a config that names it needs only another split for another set.
    labels['trainval_aug'] = [*labels['train_aug'], *labels['val']]
    for name, lines in labels.items():
        write_lines(voc_root / 'image_labels' / f'{name}.txt', lines)
    return {name: len(img_ids) for name, img_ids in splits.items()}


def _split_path(voc_root: Path, name: str) -> Path:
    return voc_root / 'ImageSets' / 'Segmentation' / f'{name}.txt'
