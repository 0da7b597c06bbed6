"""Some rows of a feature matrix, read a chunk at a time instead of copied."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# Rows that are worked on at once; of 4096-d features they fit a core's cache.
_CHUNK = 256


@dataclass(frozen=True)
class FeatureRows:
    """Rows of a feature matrix.

    Attributes:
        features: Shape (N, D), float16 or float32.
        rows: Shape (n,), int64: which rows, in which order.
    """

    features: np.ndarray
    rows: np.ndarray

    @classmethod
    def whole(cls, features: np.ndarray) -> 'FeatureRows':
        """All rows of a matrix."""
        return cls(features, np.arange(len(features)))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        """D."""
        return self.features.shape[1]

    def dense(self) -> np.ndarray:
        """A copy of the rows, (n, D) float32."""
        return np.ascontiguousarray(self.features[self.rows], np.float32)

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Places among the rows, and those rows as float32."""
        for start in range(0, len(self), _CHUNK):
            rows = self.rows[start : start + _CHUNK]
            chunk = self.features[rows].astype(np.float32, copy=False)
            yield slice(start, start + len(rows)), chunk


def group_sums(rows: FeatureRows, labels: np.ndarray, count: int) -> np.ndarray:
    """Sum of the rows of every label below ``count``, (count, D) float32."""
    sums = np.zeros((count, rows.width), np.float32)
    for place, chunk in rows.chunks():
        sums += one_hot(labels[place], count) @ chunk
    return sums


def group_means(rows: FeatureRows, labels: np.ndarray, count: int) -> np.ndarray:
    """Mean of the rows of every label below ``count``, (count, D) float32; of none 0."""
    sizes = np.bincount(labels, minlength=count)
    return group_sums(rows, labels, count) / np.maximum(sizes, 1)[:, None].astype(np.float32)


def one_hot(labels: np.ndarray, count: int) -> np.ndarray:
    """Which row has which label, (count, n) float32."""
    return (labels == np.arange(count)[:, None]).astype(np.float32)
