"""Confusion matrices of response maps at every threshold, from one pass over the pixels.

The foreground class of a pixel (argmax) and its score do not depend on the background threshold.
One histogram over (number of thresholds below the score, foreground class, true class) therefore
holds the confusion matrix of every threshold: a cumulative sum gives them all.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmwsss.structures import IGNORED, ResponseMap, strongest

_LABELS = 256


# Non-zero cells of one image's histogram: flat indices and counts, int32. A plain tuple,
# because mmengine rebuilds tuples when it collects results.
SparseHistogram = tuple[np.ndarray, np.ndarray]


def threshold_histogram(
    response: ResponseMap,
    truth: Tensor,
    thresholds: Tensor,
    num_classes: int,
    ignore_index: int = IGNORED,
) -> SparseHistogram:
    """Count one image's pixels by score bin, strongest class and true class.

    Bin b holds the scores that exceed exactly b thresholds: every threshold is exact, ties count
    as background.

    Args:
        response (ResponseMap): Response maps of the image.
        truth (Tensor): True mask at the original size, uint8 (H, W): 0 background, i + 1 class i.
        thresholds (Tensor): Thresholds, ascending, shape (T,), float32.
        num_classes (int): Number C of foreground classes.
        ignore_index (int): Label of pixels that do not count. Defaults to 255.

    Returns:
        SparseHistogram: The histogram of shape (T + 1, C, C + 1), sparse.

    Raises:
        ValueError: If the shape or the labels of the mask, or the classes do not fit.
    """
    _check(response, truth, num_classes)
    score, which = strongest(response.resized())
    bins = len(thresholds) + 1
    maps = max(len(response.classes), 1)
    cell = torch.bucketize(score, thresholds.to(score), out_int32=True).mul_(_LABELS)
    cell.add_(truth.to(score.device)).add_(which.to(torch.int32), alpha=bins * _LABELS)
    counts = torch.bincount(cell.flatten(), minlength=maps * bins * _LABELS).cpu().numpy()
    counts = counts.reshape(maps, bins, _LABELS)
    if 0 <= ignore_index < _LABELS:
        counts[..., ignore_index] = 0
    map_index, bin_, label = np.nonzero(counts)
    if label.size and label.max() > num_classes:
        raise ValueError(
            f'mask of {response.img_id!r} holds label {label.max()} but there are only '
            f'{num_classes} classes + background: check metainfo classes and ignore_index'
        )
    classes = response.classes.cpu().numpy() if len(response.classes) else np.zeros(1, np.int64)
    index = (bin_ * num_classes + classes[map_index]) * (num_classes + 1) + label
    return index.astype(np.int32), counts[map_index, bin_, label].astype(np.int32)


def _check(response: ResponseMap, truth: Tensor, num_classes: int) -> None:
    """Refuse a mask or classes that cannot belong to the image."""
    if truth.dtype != torch.uint8:
        raise ValueError(f'mask of {response.img_id!r} is {truth.dtype}, expected uint8 labels')
    if tuple(truth.shape) != response.ori_shape:
        raise ValueError(
            f'mask of {response.img_id!r} has shape {tuple(truth.shape)} but the image '
            f'{response.ori_shape}: give the mask at original size, one channel'
        )
    if len(response.classes) and int(response.classes[-1]) >= num_classes:
        raise ValueError(
            f'response maps of {response.img_id!r} name class {int(response.classes[-1])} of only '
            f'{num_classes}: model and dataset disagree on num_classes'
        )


def sum_histograms(
    parts: list[SparseHistogram], num_thresholds: int, num_classes: int
) -> np.ndarray:
    """Sum up the histograms of images.

    Args:
        parts (list[SparseHistogram]): Histogram of each image.
        num_thresholds (int): Number T of thresholds.
        num_classes (int): Number C of foreground classes.

    Returns:
        np.ndarray: Dense histogram, shape (T + 1, C, C + 1), int64.
    """
    shape = (num_thresholds + 1, num_classes, num_classes + 1)
    total = np.zeros(int(np.prod(shape)), np.int64)
    for index, count in parts:
        total[index] += count
    return total.reshape(shape)


def confusion_matrices(histogram: np.ndarray) -> np.ndarray:
    """Turn a histogram into the confusion matrices of all thresholds.

    Args:
        histogram (np.ndarray): Histogram of :func:`sum_histograms`, shape (T + 1, C, C + 1),
            int64.

    Returns:
        np.ndarray: Confusion matrices, shape (T, C + 1, C + 1), int64: rows are the truth, columns
        the prediction, index 0 the background.
    """
    total = histogram.sum(0)
    below = histogram.cumsum(0)[:-1]
    foreground = (total - below).transpose(0, 2, 1)
    background = below.sum(1)[..., None]
    return np.concatenate([background, foreground], axis=2)


class Scores(NamedTuple):
    """Scores of classes in [0, 1], background first; NaN where undefined.

    Attributes:
        iou (np.ndarray): Intersection over union, shape (..., C + 1).
        precision (np.ndarray): Precision, shape (..., C + 1).
        recall (np.ndarray): Recall, shape (..., C + 1).
        f_score (np.ndarray): F-score, shape (..., C + 1).
    """

    iou: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f_score: np.ndarray


def class_scores(confusion: np.ndarray) -> Scores:
    """Compute IoU, precision, recall and F-score of every class.

    A class without any true or predicted pixel has no IoU and F-score (NaN), one without predicted
    pixels no precision, one without true pixels no recall; the means leave NaN out, as VOC and
    mmseg do. A class that is predicted but never true has IoU 0.

    Args:
        confusion (np.ndarray): Confusion matrices, shape (..., C + 1, C + 1), int: rows are the
            truth, columns the prediction.

    Returns:
        Scores: Scores of every class.
    """
    hit = np.diagonal(confusion, axis1=-2, axis2=-1)
    true = confusion.sum(-1)
    predicted = confusion.sum(-2)
    with np.errstate(invalid='ignore', divide='ignore'):
        return Scores(
            hit / (true + predicted - hit),
            hit / predicted,
            hit / true,
            2 * hit / (true + predicted),
        )
