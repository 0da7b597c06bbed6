"""The scores that affinity labels were decided by, on disk beside the labels."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from mmwsss.structures import CAMStore, DataError, ResponseMap

FOLDER = 'scores'


class AffinityScores:
    """Two sets of scores of each image: with a high and with a low score of the background.

    ``<labels>/scores`` is a CAMStore in half precision. Its classes are background and foreground
    classes twice, once for each set.

    Args:
        store (CAMStore): The store.
    """

    def __init__(self, store: CAMStore) -> None:
        self.store = store

    @classmethod
    def create(cls, labels: str | os.PathLike, classes: Sequence[str]) -> 'AffinityScores':
        """Make a store, or go on with the one that is there.

        Args:
            labels (str | os.PathLike): Folder of the affinity labels.
            classes (Sequence[str]): Names of the foreground classes.

        Returns:
            AffinityScores: The store.
        """
        return cls(CAMStore.create(Path(labels, FOLDER), _names(classes), 'float16'))

    @classmethod
    def open(cls, labels: str | os.PathLike) -> 'AffinityScores':
        """Open a store.

        Args:
            labels (str | os.PathLike): Folder of the affinity labels.

        Returns:
            AffinityScores: The store.

        Raises:
            DataError: If there is none.
        """
        try:
            return cls(CAMStore.open(Path(labels, FOLDER)))
        except FileNotFoundError:
            raise DataError(
                f'{Path(labels, FOLDER)}: no scores of affinity labels; make them with '
                'tools/make_affinity_labels.py and affinity_labels.scores=True, or let cells vote: '
                "cell_labels='votes'"
            ) from None

    def write(
        self, img_id: str, sets: Sequence[np.ndarray], names: np.ndarray, size: Sequence[int]
    ) -> None:
        """Write the scores of an image.

        Args:
            img_id (str): Id of the image.
            sets (Sequence[np.ndarray]): The two sets, shape (1 + K, h, w) each, in [0, 1].
            names (np.ndarray): Value of each of the 1 + K maps in a label map, ascending.
            size (Sequence[int]): Height and width of the image.
        """
        indices = np.concatenate([names, names + len(self.store.classes) // 2])
        scores = torch.from_numpy(np.concatenate(sets).clip(0, 1))
        self.store.write(ResponseMap(scores, torch.from_numpy(indices), (size[0], size[1]), img_id))

    def read(self, img_id: str) -> tuple[np.ndarray, np.ndarray]:
        """Read the scores of an image, at its size.

        Args:
            img_id (str): Id of the image.

        Returns:
            tuple[np.ndarray, np.ndarray]: The two sets, shape (H, W, 2, 1 + K), float32, and the
            value of each of the 1 + K maps in a label map.
        """
        response = self.store.read(img_id)
        names = response.classes.numpy()
        maps = response.resized().numpy().reshape(2, len(names) // 2, *response.ori_shape)
        return maps.transpose(2, 3, 0, 1), names[: len(names) // 2]

    def has(self, img_id: str, notes: Mapping[str, str] | None = None) -> bool:
        """Tell whether the scores of an image are there; they are written before its label.

        Args:
            img_id (str): Id of the image.
            notes (Mapping[str, str], optional): The label's notes, which the scores do not have.

        Returns:
            bool: True if the file is there.
        """
        return img_id in self.store


def _names(classes: Sequence[str]) -> list[str]:
    names = ('background', *classes)
    return [f'{name}, {level} background' for level in ('high', 'low') for name in names]
