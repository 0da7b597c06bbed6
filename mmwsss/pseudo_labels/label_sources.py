"""What label maps are made from, and so which of them are there already and which out of date."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.label_folder import read_notes, save_png
from mmwsss.refinement.refiners import ScoredImage
from mmwsss.structures import CAMStore, img_id_path
from mmwsss.structures.fingerprints import file_fingerprint

from .label_jobs import TaggedImage, gather_lines, my_share


def made_from(store: CAMStore, img_id: str, labels: Iterable[int]) -> dict[str, str]:
    """What an image's label is made from, as notes for its file.

    Args:
        store: response maps, those of the image among them.
        img_id: of the image.
        labels: indices of the classes that it shows.
    """
    maps = file_fingerprint(store.path(img_id))
    return {'response_maps': maps, 'image_labels': ' '.join(str(label) for label in labels)}


def pending_images(
    images: Sequence[TaggedImage],
    folder: LabelFolder,
    store: CAMStore,
    is_done: Callable[[str, Mapping[str, str]], bool] | None = None,
) -> list[TaggedImage]:
    """Images of this process that have no label yet.

    Args:
        images: of the whole dataset.
        folder: the labels.
        store: the response maps that they are made from.
        is_done: takes the id of an image with a label, and what that is made from; whether all
            else that belongs to the label is there.

    Raises:
        ValueError: on every process, if labels are made from other response maps or image-level
            labels than those that are there now; names the first ones.
    """
    pending, stale = [], []
    for image in my_share(images):
        notes = folder.notes(image.img_id)
        # Without response maps the label fails, which names them.
        if notes is None or image.img_id not in store:
            pending.append(image)
            continue
        now = made_from(store, image.img_id, image.labels)
        if reason := _difference(notes, now, store.path(image.img_id), store.classes):
            stale.append(f'{folder.path(image.img_id)}: {reason}')
        elif is_done and not is_done(image.img_id, now):
            pending.append(image)
    count, lines = gather_lines(stale)
    if count:
        raise ValueError(
            f'{count} of {len(images)} labels are out of date; delete them, or the whole folder, '
            f'to make them again, or take another folder:\n{lines}'
        )
    return pending


def _difference(
    before: Mapping[str, str], now: Mapping[str, str], maps: os.PathLike, classes: Sequence[str]
) -> str | None:
    """How what a label was made from differs from what is there now, if it does."""
    if not now.keys() <= before.keys():
        return 'does not say what it was made from'
    if before['image_labels'] != now['image_labels']:
        was, is_now = (
            ', '.join(classes[int(label)] for label in notes['image_labels'].split()) or 'none'
            for notes in (before, now)
        )
        return f'image-level labels were {was}, are {is_now}'
    if before['response_maps'] != now['response_maps']:
        return f'made from other response maps than {maps}'
    return None


def refuse_shared_files(
    out_dir: str | os.PathLike, weight_dir: str | os.PathLike, images: Sequence[TaggedImage]
) -> None:
    """Refuse folders where an image's weights would be written over a label.

    Raises:
        ValueError: names the first such file.
    """
    labels, weights = (
        [img_id_path(os.path.realpath(root), image.img_id, '.png') for image in images]
        for root in (out_dir, weight_dir)
    )
    taken = set(labels)
    shared = next((path for path in weights if path in taken), None)
    if shared is not None:
        raise ValueError(
            f'weight_dir {weight_dir} and out_dir {out_dir} share {shared}, so that weights would '
            'overwrite labels: take another weight_dir'
        )


@dataclass(frozen=True)
class WeightFolder:
    """Confidences of pseudo-labels: ``<root>/<img_id>.png``, 8-bit gray, 255 for certainty.

    Attributes:
        root: the folder.
        settings: fingerprint of those of the labels.
    """

    root: str
    settings: str

    def write(self, image: ScoredImage, source: Mapping[str, str]) -> None:
        """Write an image's confidence, with a note of what its label is made from."""
        weights = (255 * image.confidence()).round().astype(np.uint8)
        save_png(self._path(image.img_id), Image.fromarray(weights), self._notes(source))

    def has(self, img_id: str, source: Mapping[str, str]) -> bool:
        """Whether there is a whole file of the label that is made from this."""
        return read_notes(self._path(img_id)) == self._notes(source)

    def _path(self, img_id: str) -> Path:
        return img_id_path(self.root, img_id, '.png')

    def _notes(self, source: Mapping[str, str]) -> dict[str, str]:
        return {**source, 'settings': self.settings}
