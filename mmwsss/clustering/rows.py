"""Rows of a feature matrix that are read a chunk at a time instead of copied."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# Number of rows in a chunk; with 4096 features each they fit the cache of a core.
_CHUNK = 256


@dataclass(frozen=True)
class FeatureRows:
    """Some rows of a feature matrix, in a given order.

    Attributes:
        features (np.ndarray): The matrix, shape (N, D), float16 or float32.
        rows (np.ndarray): Indices of the rows, shape (n,), int64.
    """

    features: np.ndarray
    rows: np.ndarray

    @classmethod
    def whole(cls, features: np.ndarray) -> 'FeatureRows':
        """Take all rows of a matrix, in its order.

        Args:
            features (np.ndarray): The matrix, shape (N, D).

        Returns:
            FeatureRows: Its N rows.
        """
        return cls(features, np.arange(len(features)))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        """Number D of features in a row."""
        return self.features.shape[1]

    def dense(self) -> np.ndarray:
        """Copy the rows into a matrix of shape (n, D), float32."""
        return np.ascontiguousarray(self.features[self.rows], np.float32)

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Iterate over the rows a chunk at a time.

        Yields:
            tuple[slice, np.ndarray]: Place of the chunk among the n rows, and its rows, float32.
        """
        for start in range(0, len(self), _CHUNK):
            rows = self.rows[start : start + _CHUNK]
            chunk = self.features[rows].astype(np.float32, copy=False)
            yield slice(start, start + len(rows)), chunk


def group_sums(rows: FeatureRows, labels: np.ndarray, count: int) -> np.ndarray:
    """Sum up the rows of every label.

    Args:
        rows (FeatureRows): n rows of width D.
        labels (np.ndarray): Label of each row, shape (n,), in [0, count).
        count (int): Number of labels.

    Returns:
        np.ndarray: Sum of the rows of each label, shape (count, D), float32.
    """
    sums = np.zeros((count, rows.width), np.float32)
    for place, chunk in rows.chunks():
        sums += one_hot(labels[place], count) @ chunk
    return sums


def group_means(rows: FeatureRows, labels: np.ndarray, count: int) -> np.ndarray:
    """Average the rows of every label.

    Args:
        rows (FeatureRows): n rows of width D.
        labels (np.ndarray): Label of each row, shape (n,), in [0, count).
        count (int): Number of labels.

    Returns:
        np.ndarray: Mean of the rows of each label, shape (count, D), float32; 0 for a label that
        no row has.
    """
    sizes = np.bincount(labels, minlength=count)
    return group_sums(rows, labels, count) / np.maximum(sizes, 1)[:, None].astype(np.float32)


def one_hot(labels: np.ndarray, count: int) -> np.ndarray:
    """Encode labels as rows of zeros and ones.

    Args:
        labels (np.ndarray): Label of each row, shape (n,).
        count (int): Number of labels.

    Returns:
        np.ndarray: 1 where a row (second axis) has a label (first axis), shape (count, n), float32.
    """
    return (labels == np.arange(count)[:, None]).astype(np.float32)
