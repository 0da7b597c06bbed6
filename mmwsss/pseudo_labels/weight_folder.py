"""The weight of each pixel of the pseudo-labels in training, on disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mmwsss.datasets.png import read_notes, save_png
from mmwsss.refinement.refiners import ScoredImage
from mmwsss.structures import img_id_path


@dataclass(frozen=True)
class WeightFolder:
    """A folder with the confidence of pseudo-labels at each pixel.

    ``<root>/<img_id>.png`` is an 8-bit grey image, in which 255 means certain.

    Attributes:
        root (str): The folder.
        settings (str): Fingerprint of the settings that the labels are made with.
    """

    root: str
    settings: str

    def write(self, image: ScoredImage) -> None:
        """Write the confidence of an image, with the notes of its label.

        Args:
            image (ScoredImage): The refined image.
        """
        weights = (255 * image.confidence()).round().astype(np.uint8)
        notes = self._with_settings(image.notes)
        save_png(self._path(image.img_id), Image.fromarray(weights), notes)

    def has(self, img_id: str, notes: Mapping[str, str]) -> bool:
        """Tell whether the file that belongs to a label is there, whole and up to date.

        Args:
            img_id (str): Id of the image.
            notes (Mapping[str, str]): The label's notes.

        Returns:
            bool: True if the file is there with the same notes.
        """
        return read_notes(self._path(img_id)) == self._with_settings(notes)

    def _path(self, img_id: str) -> Path:
        return img_id_path(self.root, img_id, '.png')

    def _with_settings(self, notes: Mapping[str, str]) -> dict[str, str]:
        return {**notes, 'settings': self.settings}
