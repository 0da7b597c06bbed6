"""An image and its label map, as exporters take them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class LabelledImage(NamedTuple):
    """An image and its label map.

    Attributes:
        key (str): Path of the image below the image folder, with ``/`` and with suffix.
        labels (np.ndarray): Label map, uint8 (H, W), of the image's size as it is displayed: 0 is
            background, i + 1 is class i, 255 is ignored and belongs to no class.
    """

    key: str
    labels: np.ndarray

    def class_masks(self, num_classes: int) -> Iterator[tuple[int, np.ndarray]]:
        """Iterate over the classes that the label map shows.

        Args:
            num_classes (int): Number of foreground classes.

        Yields:
            tuple[int, np.ndarray]: Index of a class, from 0, ascending, and its mask, bool (H, W).
        """
        counts = np.bincount(self.labels.ravel(), minlength=num_classes + 1)
        for index in range(num_classes):
            if counts[index + 1]:
                yield index, self.labels == index + 1


class Box(NamedTuple):
    """The smallest box around a mask, in pixels.

    Attributes:
        left (int): First column.
        top (int): First row.
        width (int): Number of columns.
        height (int): Number of rows.
    """

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def around(cls, mask: np.ndarray) -> 'Box':
        """Find the box.

        Args:
            mask (np.ndarray): Mask, bool (H, W), with one pixel that is True at least.

        Returns:
            Box: The box.
        """
        columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        left, top = int(columns[0]), int(rows[0])
        return cls(left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)

    def crop(self, mask: np.ndarray) -> np.ndarray:
        """Cut the box out of a mask.

        Args:
            mask (np.ndarray): Mask (H, W).

        Returns:
            np.ndarray: A view of the part (height, width).
        """
        return mask[self.top : self.top + self.height, self.left : self.left + self.width]
