"""Transforms of affinity labels: load, pad with the image, pool to cells."""

from functools import lru_cache

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_random_params

from mmwsss.ops.certain_labels import certain_labels
from mmwsss.registry import TRANSFORMS
from mmwsss.structures import IGNORED, DataError

from ..affinity_scores import AffinityScores
from ..masks import mask_values, read_mask
from .geometry import RandomPad


@TRANSFORMS.register_module()
class LoadAffinityLabel(BaseTransform):
    """Load the affinity label as ``gt_seg_map``, uint8 (H, W), which crops and flips follow.

    A label of another size than the image, or of a class that the image does not show, is an
    error naming it. Needs ``affinity_label_path``, ``ori_shape`` and ``gt_label``. Where the
    dataset names ``affinity_scores_dir``, ``gt_seg_map`` is the scores, float32 (H, W, 2, 1 + K).
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
        height, width = results['ori_shape']
        if labels.shape != (height, width):
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
        if 'affinity_scores_dir' in results:
            labels = _load_scores(results, labels.shape)
        results['gt_seg_map'] = labels
        results['seg_fields'] = ['gt_seg_map']
        return results


_open_scores = lru_cache(AffinityScores.open)  # once a process


def _load_scores(results: dict, shape: tuple[int, ...]) -> np.ndarray:
    scores = _open_scores(results['affinity_scores_dir'])
    maps, names = scores.read(results['img_id'])
    if maps.shape[:2] != shape or names.tolist() != [0, *(x + 1 for x in results['gt_label'])]:
        raise DataError(
            f'{scores.store.path(results["img_id"])}: scores of another size or other classes than '
            'the label; make the affinity labels again'
        )
    return maps


@TRANSFORMS.register_module()
class PadWithLabels(RandomPad):
    """:class:`RandomPad` of image and ``gt_seg_map``; labels are padded with 255, scores with 0."""

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
        fill = IGNORED if labels.ndim == 2 else 0
        square = np.full((self.size, self.size, *labels.shape[2:]), fill, labels.dtype)
        square[top : top + height, left : left + width] = labels
        results['gt_seg_map'] = square
        return results


def pool_labels(labels: np.ndarray, stride: int) -> np.ndarray:
    """Pool labels to cells: a cell gets the label of more than half of its pixels, else 255.

    :func:`pool_scores` is the published rule. With votes of pixels in place of scores and one
    present class both are the same; with several classes this one is a little stricter. Padding
    counts as 255.

    Args:
        labels (np.ndarray): Label of each pixel, uint8 (H, W), sides divisible by ``stride``.
        stride (int): Side of a cell in pixels.

    Returns:
        np.ndarray: Label of each cell, uint8 (H / stride, W / stride).

    Raises:
        ValueError: If the sides are not divisible.
    """
    height, width = _cells(labels, stride)
    cells = labels.reshape(height, stride, width, stride)
    pooled = np.full((height, width), IGNORED, np.uint8)
    for value in np.flatnonzero(np.bincount(labels.ravel(), minlength=256)[:IGNORED]):
        pooled[2 * (cells == value).sum((1, 3)) > stride * stride] = value
    return pooled


def pool_scores(scores: np.ndarray, names: np.ndarray, stride: int) -> np.ndarray:
    """Pool scores to cells, and label each cell by :func:`certain_labels`, as published.

    Args:
        scores (np.ndarray): The two sets of scores of each pixel, shape (H, W, 2, 1 + K), float32,
            sides divisible by ``stride``; 0 in the padding.
        names (np.ndarray): Value of each of the 1 + K maps in a label map.
        stride (int): Side of a cell in pixels.

    Returns:
        np.ndarray: Label of each cell, uint8 (H / stride, W / stride); 255 where a cell has no
        scores.

    Raises:
        ValueError: If the sides are not divisible.
    """
    height, width = _cells(scores, stride)
    cells = scores.reshape(height, stride, width, stride, *scores.shape[2:]).mean((1, 3))
    high, low = cells.transpose(2, 3, 0, 1)
    pooled = certain_labels(high, low, names)
    pooled[cells.max((2, 3)) < 1e-5] = IGNORED
    return pooled


def _cells(labels: np.ndarray, stride: int) -> tuple[int, int]:
    """Return the rows and columns of the cells."""
    height, width = labels.shape[:2]
    if height % stride or width % stride:
        raise ValueError(
            f'{width}x{height} labels do not divide into cells of {stride}: set the crop size to a '
            f'multiple of {stride}'
        )
    return height // stride, width // stride


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
        """Pool the labels, see :func:`pool_labels`, or their scores, see :func:`pool_scores`.

        Args:
            results (dict): The sample, with ``gt_seg_map`` and, for scores, ``gt_label``.

        Returns:
            dict: The sample with ``gt_affinity_label``.
        """
        labels = results['gt_seg_map']
        if labels.ndim == 2:
            pooled = pool_labels(labels, self.stride)
        else:
            names = np.array([0, *(label + 1 for label in results['gt_label'])])
            pooled = pool_scores(labels, names, self.stride)
        results['gt_affinity_label'] = torch.from_numpy(pooled)
        return results
