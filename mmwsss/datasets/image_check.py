"""Every image of a dataset, taken the way of the training before it starts, and every mask."""

import os
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import BaseDataset, ConcatDataset, RepeatDataset
from torch.utils.data import DataLoader, Dataset

from mmwsss.progress import track
from mmwsss.structures import DataError, DataWarning, img_id_path

from .mask_check import MaskCounts, judge_masks
from .masks import mask_values, read_mask
from .names import BACKGROUND, path_on_disk
from .seeding import SeededIndex
from .transforms import LoadImage, LoadPseudoLabel, LoadSegMap

# Fewer images are read in this process: starting others takes longer.
_FEW = 64


class _Checked(NamedTuple):
    """What was found at one image."""

    fault: str | None = None
    mask: MaskCounts | None = None
    doubts: tuple[str, ...] = ()


class _Checks(Dataset):
    """Runs the transforms of a dataset on each of its images, and counts the values of the mask.

    Args:
        dataset (BaseDataset): The dataset.
    """

    def __init__(self, dataset: BaseDataset) -> None:
        self.dataset = dataset
        steps = dataset.pipeline.transforms
        self.loads_images = any(isinstance(step, LoadImageFromFile) for step in steps)
        self.loads_masks = any(isinstance(step, LoadSegMap) for step in steps)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.dataset)

    def __getitem__(self, index: int) -> _Checked:
        """Check an image.

        Args:
            index (int): Its index in the dataset.

        Returns:
            _Checked: What was found.
        """
        info = self.dataset.get_data_info(index)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always', DataWarning)
            try:
                self.dataset.prepare_data(SeededIndex(index, (0, index)))
                mask = self._read_rest(info)
            except DataError as error:
                return _Checked(str(error))
            except Exception as error:  # of a dataset that does not name its images
                reason = ' '.join(f'{type(error).__name__}: {error}'.split())
                return _Checked(f'{info.get("img_path")}: the transforms fail ({reason})')
        doubts = (str(x.message) for x in caught if issubclass(x.category, DataWarning))
        return _Checked(None, mask, tuple(dict.fromkeys(doubts)))

    def _read_rest(self, info: dict) -> MaskCounts | None:
        """Read what the sample names, but its transforms do not read."""
        masked = 'seg_map_path' in info
        if not self.loads_images or (masked and not self.loads_masks):
            results = LoadImage()(dict(info))
            if masked:
                LoadPseudoLabel()(results)
        if not masked:
            return None
        return _count_mask(info['seg_map_path'], info)


def _count_mask(path: str, info: dict) -> MaskCounts:
    tags = frozenset(info['gt_label']) if 'gt_label' in info else None
    return MaskCounts(path, np.bincount(read_mask(path).ravel(), minlength=256), tags)


def check_images(dataset: BaseDataset, num_workers: int = 2, label: str = 'check') -> list[str]:
    """Run a dataset's own transforms on every image, and judge its masks together.

    The transforms are seeded, so that each check does the same. Of what the sample names
    (``seg_map_path``, ``weight_path``), files are also read that no transform reads.

    Args:
        dataset (BaseDataset): A dataset, or several in mmengine's ``ConcatDataset`` or
            ``RepeatDataset``.
        num_workers (int): Number of processes; 0 works in this one. Defaults to 2.
        label (str): Title of the progress bar, and name of the set in findings about all masks.
            Defaults to 'check'.

    Returns:
        list[str]: The faults, one line each, in the dataset's order; empty where all is well. What
        is only doubtful is a :class:`DataWarning`.
    """
    if isinstance(dataset, ConcatDataset):
        return [x for one in dataset.datasets for x in check_images(one, num_workers, label)]
    if isinstance(dataset, RepeatDataset):
        return check_images(dataset.dataset, num_workers, label)
    if not len(dataset):
        return [f'{label}: the dataset has no image, so that nothing is checked; correct its split']
    workers = num_workers if len(dataset) >= _FEW else 0
    loader = DataLoader(_Checks(dataset), batch_size=None, num_workers=workers)
    found = list(track(loader, label, len(dataset)))
    faults = [one.fault for one in found if one.fault is not None]
    masks = [one.mask for one in found if one.mask is not None]
    doubts = [doubt for one in found for doubt in one.doubts]
    if doubts:
        warnings.warn(f'{label}: {len(doubts)} images, such as {doubts[0]}', DataWarning, 2)
    return faults + _judge(masks, dataset, label)


def _judge(masks: list[MaskCounts], dataset: BaseDataset, label: str) -> list[str]:
    findings = judge_masks(masks, _foreground(dataset), label)
    for warning in findings.warnings:
        warnings.warn(warning, DataWarning, stacklevel=3)
    return findings.faults


def check_mask_dir(dataset: BaseDataset, mask_dir: str, label: str) -> list[str]:
    """Judge the masks that labels will be measured with.

    Args:
        dataset (BaseDataset): Dataset of the images that labels are made for.
        mask_dir (str): Folder of the true masks ``<img_id>.png``; an image may lack one.
        label (str): Name of the set in the findings.

    Returns:
        list[str]: The faults, one line each; empty where all is well.
    """
    faults, masks, found = [], [], False
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        path = path_on_disk(str(img_id_path(mask_dir, info['img_id'], '.png')))
        if os.path.isfile(path):
            found = True
            try:
                mask = read_mask(path)
                mask_values(mask, info['num_classes'], path)
                masks.append(_count_mask(path, info))
            except DataError as error:
                faults.append(str(error))
    if not found:
        return [f'{mask_dir}: no mask of any image; correct mask_dir, or set it to None']
    return faults + _judge(masks, dataset, label)


def _foreground(dataset: BaseDataset) -> Sequence[str]:
    classes = dataset.metainfo.get('classes', ())
    return classes[1:] if classes and classes[0] == BACKGROUND else classes
