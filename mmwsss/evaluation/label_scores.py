"""Scores of label maps that may leave pixels unlabelled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmwsss.structures import IGNORED

from .cam_histogram import class_scores


def label_confusion(labels: np.ndarray, truth: np.ndarray, num_classes: int) -> np.ndarray:
    """Count one image's pixels by true and given label.

    Args:
        labels: uint8 (H, W): 0 background, i + 1 class i, 255 unlabelled.
        truth: uint8 (H, W), the same; 255 does not count.
        num_classes: number C of foreground classes.

    Returns:
        int64 (C + 1, C + 2), rows the truth, columns the given label, the last one unlabelled.

    Raises:
        ValueError: the sizes differ, or a value is no class.
    """
    if labels.shape != truth.shape:
        raise ValueError(f'labels of {labels.shape} pixels but a mask of {truth.shape}')
    counts = np.bincount((truth.astype(np.int32) * 256 + labels).ravel(), minlength=65536)
    counts = counts.reshape(256, 256)
    known = [*range(num_classes + 1), IGNORED]
    if counts[np.ix_(known, known)].sum() != labels.size:
        raise ValueError(f'a label or a mask has a value above {num_classes} other than {IGNORED}')
    return counts[: num_classes + 1, known]


@dataclass(frozen=True)
class LabelScores:
    """Scores in percent, each (C + 1,), background first; NaN where undefined.

    Attributes:
        iou: unlabelled pixels are missing from their class.
        precision: of the labelled pixels.
        recall: unlabelled pixels count as missed.
        coverage: share of a class's true pixels that have any label.
    """

    iou: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    coverage: np.ndarray
    total_coverage: float
    accuracy: float

    @classmethod
    def from_confusion(cls, confusion: np.ndarray) -> 'LabelScores':
        """Compute them from a sum of :func:`label_confusion`."""
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
        """The scores of the classes by name."""
        return {
            'IoU': self.iou,
            'precision': self.precision,
            'recall': self.recall,
            'coverage': self.coverage,
        }


def score_rows(
    names: Sequence[str], columns: dict[str, np.ndarray]
) -> list[dict[str, str | float | None]]:
    """One row for the background and every class, and their mean; None in place of NaN.

    Args:
        names: names of the foreground classes.
        columns: scores (C + 1,) by heading.
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
