"""The files of one's own images: written, read back as the datasets do, and only then in place."""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from mmwsss.datasets.image_level import ImageLevelDataset
from mmwsss.datasets.labels import read_label_file
from mmwsss.datasets.splits import read_split
from mmwsss.structures import DataError
from mmwsss.structures.atomic import TEMPORARY_PREFIX

LABELS, TRAIN, VAL = 'image_labels.json', 'train.txt', 'val.txt'


class Tagged(Protocol):
    """What is written, see ``own_images.Conversion``."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names of the classes that an image shows, by its path."""

    @property
    def train(self) -> tuple[str, ...]:
        """Images to train on."""

    @property
    def val(self) -> tuple[str, ...]:
        """Images to validate on."""

    @property
    def root(self) -> Path | None:
        """Folder of the images."""


def write_conversion(conversion: Tagged, out_dir: Path) -> None:
    """Write ``image_labels.json``, ``train.txt`` and, with validation images, ``val.txt``.

    The files are read back before they take their names.

    Args:
        conversion (Tagged): Tags and split.
        out_dir (Path): Folder of the files.

    Raises:
        DataError: If a file cannot be read back as it was meant. Nothing is changed then.
    """
    texts = {LABELS: labels_text(conversion.classes, conversion.labels)}
    splits = {TRAIN: conversion.train, VAL: conversion.val}
    texts |= {name: ''.join(f'{key}\n' for key in keys) for name, keys in splits.items() if keys}
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=out_dir) as folder:
        for name, text in texts.items():
            Path(folder, name).write_bytes(text.encode())
        try:
            _read_back(conversion, Path(folder), texts)
        except DataError as error:
            message = str(error).replace(folder, str(out_dir))
            raise DataError(f'{message} (nothing was written)') from error
        # The splits first: without the labels nothing reads them.
        for name in (*splits, LABELS):
            if name in texts:
                os.replace(Path(folder, name), out_dir / name)
            else:
                (out_dir / name).unlink(missing_ok=True)


def labels_text(classes: Sequence[str], labels: Mapping[str, Sequence[str]]) -> str:
    """Write tags as JSON, one image a line, so that an error can name the line.

    Args:
        classes (Sequence[str]): Names of the classes.
        labels (Mapping[str, Sequence[str]]): Names of the classes that each image shows.

    Returns:
        str: The text.
    """
    rows = ',\n'.join(
        f'    {json.dumps(key, ensure_ascii=False)}: {json.dumps(names, ensure_ascii=False)}'
        for key, names in labels.items()
    )
    names = json.dumps(classes, ensure_ascii=False)
    return f'{{\n  "classes": {names},\n  "labels": {{\n{rows}\n  }}\n}}\n'


def _read_back(conversion: Tagged, folder: Path, texts: dict[str, str]) -> None:
    """Read the files as datasets do, and compare them with what was meant."""
    table = read_label_file(folder / LABELS, negatives=True)
    meant = list(conversion.labels.items())
    if [(tags.key, tags.names) for tags in table.tags.values()] != meant:
        raise DataError(f'{folder / LABELS}: reads as other tags than those written; rename images')
    for name, keys in ((TRAIN, conversion.train), (VAL, conversion.val)):
        if name in texts and list(read_split(folder / name)) != list(keys):
            raise DataError(f'{folder / name}: reads as other images than those written; rename')
        if name in texts and conversion.root is not None:
            ImageLevelDataset(
                data_root=str(folder),
                ann_file=name,
                label_file=LABELS,
                data_prefix=str(conversion.root.absolute()),
                negatives='keep',
            )
