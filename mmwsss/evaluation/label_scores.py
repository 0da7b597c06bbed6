"""Scores of label maps that may leave pixels unlabelled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmwsss.structures import IGNORED

from .cam_histogram import class_scores


def label_confusion(labels: np.ndarray, truth: np.ndarray, num_classes: int) -> np.ndarray:
    """Count one image's pixels by true and given label.

    Args:
        labels (np.ndarray): Label map, uint8 (H, W): 0 background, i + 1 class i, 255 unlabelled.
        truth (np.ndarray): True mask, uint8 (H, W), the same; 255 does not count.
        num_classes (int): Number C of foreground classes.

    Returns:
        np.ndarray: Counts, shape (C + 1, C + 2), int64: rows are the truth, columns the given
        label, the last column unlabelled.

    Raises:
        ValueError: If the sizes differ, or a value is no class.
    """
    if labels.shape != truth.shape:
        raise ValueError(f'labels of {labels.shape} pixels but a mask of {truth.shape}')
    pairs = (truth.astype(np.int32) * 256 + labels).ravel()
    counts = np.bincount(pairs, minlength=65536).reshape(256, 256)
    known = [*range(num_classes + 1), IGNORED]
    if counts[np.ix_(known, known)].sum() != labels.size:
        raise ValueError(f'a label or a mask has a value above {num_classes} other than {IGNORED}')
    return counts[: num_classes + 1, known]


@dataclass(frozen=True)
class LabelScores:
    """Scores of label maps in percent, background first; NaN where undefined.

    Attributes:
        iou (np.ndarray): Intersection over union, shape (C + 1,); unlabelled pixels are missing
            from their class.
        precision (np.ndarray): Precision among the labelled pixels, shape (C + 1,).
        recall (np.ndarray): Recall, shape (C + 1,); unlabelled pixels count as missed.
        coverage (np.ndarray): Share of a class's true pixels that have any label, shape (C + 1,).
        total_coverage (float): Share of all pixels that have any label.
        accuracy (float): Share of the labelled pixels that have the true label.
    """

    iou: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    coverage: np.ndarray
    total_coverage: float
    accuracy: float

    @classmethod
    def from_confusion(cls, confusion: np.ndarray) -> 'LabelScores':
        """Compute the scores.

        Args:
            confusion (np.ndarray): Sum of the counts that :func:`label_confusion` returns.

        Returns:
            LabelScores: The scores.
        """
        # As a class of its own that is never true, "unlabelled" is in no class's predictions.
        square = np.concatenate([confusion, np.zeros_like(confusion[:1])])
        scores = class_scores(square)
        labelled, total = confusion[:, :-1].sum(1), confusion.sum(1)
        hits = np.trace(confusion[:, :-1])
        with np.errstate(invalid='ignore', divide='ignore'):
            return cls(
                100 * scores.iou[:-1],
                100 * scores.precision[:-1],
                100 * scores.recall[:-1],
                100 * labelled / total,
                float(100 * labelled.sum() / total.sum()),
                float(100 * hits / labelled.sum()),
            )

    def columns(self) -> dict[str, np.ndarray]:
        """Return the scores of the classes by their headings in a table.

        The coverage is left out where every pixel has a label.
        """
        columns = {'IoU': self.iou, 'precision': self.precision, 'recall': self.recall}
        return columns if self.total_coverage == 100 else {**columns, 'coverage': self.coverage}


def score_rows(
    names: Sequence[str], columns: dict[str, np.ndarray]
) -> list[dict[str, str | float | None]]:
    """Make a table of scores: a row for the background, for every class and for their mean.

    Args:
        names (Sequence[str]): Names of the C foreground classes.
        columns (dict[str, np.ndarray]): Scores of shape (C + 1,) by their heading.

    Returns:
        list[dict[str, str | float | None]]: The rows, with None in place of NaN.
    """
    rows: list[dict[str, str | float | None]] = []
    for index, name in enumerate(('background', *names)):
        rows.append({'class': name} | {key: _plain(x[index]) for key, x in columns.items()})
    means = {key: _mean(values) for key, values in columns.items()}
    return [*rows, {'class': 'mean'} | means]


def _mean(values: np.ndarray) -> float | None:
    return float(np.nanmean(values)) if not np.isnan(values).all() else None


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
