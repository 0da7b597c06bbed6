"""Transforms of affinity labels: load, pad with the image, pool to cells."""

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_random_params

from mmwsss.registry import TRANSFORMS
from mmwsss.structures import IGNORED, DataError

from ..masks import mask_values, read_mask
from .geometry import RandomPad


@TRANSFORMS.register_module()
class LoadAffinityLabel(BaseTransform):
    """Load the affinity label as ``gt_seg_map``, uint8 (H, W), which crops and flips follow.

    A label of another size than the image, or of a class that the image does not show, is an
    error naming it. Needs ``affinity_label_path``, ``img`` and ``gt_label``.
    """

    def transform(self, results: dict) -> dict:
        """Load the label.

        Args:
            results (dict): The sample.

        Returns:
            dict: The sample with ``gt_seg_map``, which is named in ``seg_fields``.

        Raises:
            DataError: If the label cannot be read or does not belong to the image.
        """
        path = results['affinity_label_path']
        labels = read_mask(path)
        if labels.shape != results['img'].shape[:2]:
            height, width = results['img'].shape[:2]
            raise DataError(
                f'{path}: the label is {labels.shape[1]}x{labels.shape[0]}, its image '
                f'{width}x{height}; make the affinity labels again'
            )
        present = {0, IGNORED, *(label + 1 for label in results['gt_label'])}
        values = mask_values(labels, results['num_classes'], path)
        absent = [value for value in values.tolist() if value not in present]
        if absent:
            raise DataError(
                f'{path}: labels class {absent[0] - 1}, which the image does not show according '
                'to its image-level labels; make the affinity labels again'
            )
        results['gt_seg_map'] = labels
        results['seg_fields'] = ['gt_seg_map']
        return results


@TRANSFORMS.register_module()
class PadWithLabels(RandomPad):
    """:class:`RandomPad` of image and ``gt_seg_map`` together; labels are padded with 255."""

    def transform(self, results: dict) -> dict:
        """Pad image and labels.

        Args:
            results (dict): The sample.

        Returns:
            dict: The sample with other ``img``, ``img_shape`` and ``gt_seg_map``.
        """
        labels = results['gt_seg_map']
        height, width = results['img'].shape[:2]
        with cache_random_params(self):
            results = super().transform(results)
            top, left = self._random_place(height, width)
        square = np.full((self.size, self.size), IGNORED, labels.dtype)
        square[top : top + height, left : left + width] = labels
        results['gt_seg_map'] = square
        return results


def pool_labels(labels: np.ndarray, stride: int) -> np.ndarray:
    """Pool labels to cells: a cell gets the label of more than half of its pixels, else 255.

    The published code averages the CRF's scores over the cell before it takes the highest. With
    votes of pixels in place of scores and one present class that is exactly this rule; with
    several classes it is a little stricter. Padding counts as 255.

    Args:
        labels (np.ndarray): Label of each pixel, uint8 (H, W), sides divisible by ``stride``.
        stride (int): Side of a cell in pixels.

    Returns:
        np.ndarray: Label of each cell, uint8 (H / stride, W / stride).

    Raises:
        ValueError: If the sides are not divisible.
    """
    height, width = labels.shape
    if height % stride or width % stride:
        raise ValueError(
            f'{width}x{height} labels do not divide into cells of {stride}: set the crop size to a '
            f'multiple of {stride}'
        )
    cells = labels.reshape(height // stride, stride, width // stride, stride)
    pooled = np.full((height // stride, width // stride), IGNORED, np.uint8)
    for value in np.flatnonzero(np.bincount(labels.ravel(), minlength=256)[:IGNORED]):
        pooled[2 * (cells == value).sum((1, 3)) > stride * stride] = value
    return pooled


@TRANSFORMS.register_module()
class PoolAffinityLabel(BaseTransform):
    """Make ``gt_affinity_label``, a uint8 tensor of cells, out of ``gt_seg_map``.

    Args:
        stride (int): Side of a cell in pixels: the stride of the finest feature map that the
            affinity head uses. Defaults to 8.
    """

    def __init__(self, stride: int = 8) -> None:
        self.stride = stride

    def transform(self, results: dict) -> dict:
        """Pool the labels, see :func:`pool_labels`.

        Args:
            results (dict): The sample, with ``gt_seg_map``.

        Returns:
            dict: The sample with ``gt_affinity_label``.
        """
        pooled = pool_labels(results['gt_seg_map'], self.stride)
        results['gt_affinity_label'] = torch.from_numpy(pooled)
        return results
