"""One's own images: a folder for each class, or one folder and a CSV of tags."""

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmwsss.datasets.labels import LabelTable, read_label_csv
from mmwsss.datasets.names import BACKGROUND, check_classes, require_known, similar_names
from mmwsss.structures import DataError

from .image_search import search_images
from .tag_forms import read_tags
from .written_files import write_conversion


@dataclass(frozen=True)
class Conversion:
    """Tags and split of one's own images.

    Attributes:
        classes (tuple[str, ...]): Names of the classes, in their order.
        labels (dict[str, tuple[str, ...]]): Names of the classes that an image shows, by its path.
        train (tuple[str, ...]): Images to train on.
        val (tuple[str, ...]): Images to validate on.
        untagged (tuple[str, ...]): Images that have no tag.
        root (Path | None): Folder of the images. Defaults to None: not known.
        left_out (tuple[str, ...]): Lines on what else lies below it.
    """

    classes: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]
    train: tuple[str, ...]
    val: tuple[str, ...]
    untagged: tuple[str, ...]
    root: Path | None = None
    left_out: tuple[str, ...] = ()

    def report(self) -> str:
        """Return a table of the number of images of each class and split."""
        counts = {
            name: Counter(tag for key in keys for tag in self.labels[key])
            for name, keys in (('train', self.train), ('val', self.val))
        }
        width = max(len('images'), *map(len, self.classes))
        lines = [f'{"class":{width}}  train    val']
        lines += [
            f'{name:{width}} {counts["train"][name]:6} {counts["val"][name]:6}'
            for name in self.classes
        ]
        lines.append(f'{"images":{width}} {len(self.train):6} {len(self.val):6}')
        mean = np.mean([len(tags) for tags in self.labels.values()])
        lines.append(f'{mean:.2f} classes per image')
        if self.untagged:
            lines.append(f'{len(self.untagged)} images have no tag, first {self.untagged[0]}')
        if not self.val:
            lines.append('no val.txt: no image is held out; pipelines leave out what needs one')
        return '\n'.join([*lines, *self.left_out, *self.doubts()])

    def doubts(self) -> list[str]:
        """Return a line for each name of a class that is perhaps not meant."""
        lines = [
            f'{" and ".join(map(repr, names))} are {len(names)} classes: spell them alike if they '
            'are one'
            for names in similar_names(self.classes)
        ]
        lines += [
            f"{name!r} is one class: join tags by ';' if it means several"
            for name in self.classes
            if any(sign in name for sign in ',|')
        ]
        return lines


def tags_from_folders(images: Mapping[str, str], root: Path) -> LabelTable:
    """Tag every image with the name of the top folder that it lies in, which is a class.

    Args:
        images (Mapping[str, str]): Path of each image below the root, by its id.
        root (Path): Folder of the folders.

    Returns:
        LabelTable: The tags.

    Raises:
        DataError: If an image lies in no such folder, or in one that is no class.
    """
    table, _ = read_tags(root, images, root)
    for tag in table.tags.values():
        if BACKGROUND in tag.names:
            raise DataError(
                f'{tag.where}: {BACKGROUND!r} is no class (masks have it as 0); move the images '
                'that show none of the classes elsewhere, or rename the folder'
            )
    return table


def tags_from_csv(
    images: Mapping[str, str], root: Path, csv_path: Path
) -> tuple[LabelTable, tuple[str, ...]]:
    """Read tags from a CSV with the header ``image,labels``.

    Args:
        images (Mapping[str, str]): Path of each image below the root, by its id.
        root (Path): Folder of the images.
        csv_path (Path): The CSV.

    Returns:
        tuple[LabelTable, tuple[str, ...]]: The tags, and the images that the CSV does not name.

    Raises:
        DataError: If the CSV has a fault or names an image that does not exist.
    """
    table = LabelTable()
    for img_id, tags in read_label_csv(csv_path).tags.items():
        if img_id not in images:
            raise DataError(f'{tags.where}: no image {tags.key!r} below {root}; add or remove it')
        table.add(images[img_id], tags.names, tags.where)
    return table, tuple(path for img_id, path in images.items() if img_id not in table.tags)


def split_images(
    labels: dict[str, tuple[str, ...]], val_fraction: float, seed: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split images at random, in like shares of every combination of classes.

    Args:
        labels (dict[str, tuple[str, ...]]): Names of the classes that each image shows.
        val_fraction (float): Share of the validation images, in [0, 1).
        seed (int): Seed of the random choice.

    Returns:
        tuple[tuple[str, ...], tuple[str, ...]]: Images to train and to validate on, each in the
        order of ``labels``; every class has at least one image to train on.

    Raises:
        ValueError: If ``val_fraction`` is not in [0, 1), or the seed is negative.
    """
    if not 0 <= val_fraction < 1:
        raise ValueError(f'val_fraction must be in [0, 1), got {val_fraction}')
    if seed < 0:
        raise ValueError(f'seed must not be negative, got {seed}')
    groups = defaultdict(list)
    for key, names in labels.items():
        groups[tuple(sorted(names))].append(key)
    rng = np.random.default_rng(seed)
    val: set[str] = set()
    owed = 0.5  # what a group's rounding leaves goes to the next
    for _, keys in sorted(groups.items()):
        owed += val_fraction * len(keys)
        val.update(keys[index] for index in rng.permutation(len(keys))[: int(owed)])
        owed -= int(owed)
    return settle_split(labels, val)


def settle_split(
    labels: Mapping[str, Sequence[str]], held_out: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide images, so that every class has at least one image to train on.

    Args:
        labels (Mapping[str, Sequence[str]]): Names of the classes that each image shows.
        held_out (Collection[str]): Images to validate on, as far as training can spare them.

    Returns:
        tuple[tuple[str, ...], tuple[str, ...]]: Images to train and to validate on, each in the
        order of ``labels``.
    """
    val = set(held_out)
    trained: set[str] = set()
    for key, names in labels.items():
        if key not in val:
            trained.update(names)
    for key, names in labels.items():
        if not trained.issuperset(names):
            val.discard(key)
            trained.update(names)
    return tuple(key for key in labels if key not in val), tuple(k for k in labels if k in val)


def convert(
    root: str | os.PathLike,
    csv_path: str | os.PathLike | None = None,
    out_dir: str | os.PathLike | None = None,
    classes: Sequence[str] | None = None,
    val_fraction: float = 0.2,
    seed: int = 0,
) -> Conversion:
    """Write ``image_labels.json``, ``train.txt`` and ``val.txt`` for one's own images.

    Without a validation image there is no ``val.txt``.

    Args:
        root (str | os.PathLike): Folder of the images; without ``csv_path`` its folders name the
            classes.
        csv_path (str | os.PathLike, optional): CSV of tags with the header ``image,labels``.
        out_dir (str | os.PathLike, optional): Folder of the files. Defaults to ``root``.
        classes (Sequence[str], optional): The classes in their order; a tag that is not among them
            is an error. Defaults to the tags that occur, sorted.
        val_fraction (float): Share of the validation images. Defaults to 0.2.
        seed (int): Seed of the split. Defaults to 0.

    Returns:
        Conversion: What was written.

    Raises:
        DataError: If images or tags have a fault.
    """
    root = Path(root)
    search = search_images(root)
    untagged: tuple[str, ...] = ()
    if csv_path is None:
        table = tags_from_folders(search.images, root)
    else:
        table, untagged = tags_from_csv(search.images, root, Path(csv_path))
    found = sorted({name for tags in table.tags.values() for name in tags.names})
    where = '--classes' if classes else str(csv_path or root)
    classes = check_classes(classes or found, where)
    for tags in table.tags.values():
        require_known(tags.names, classes, tags.where)
    labels = {tags.key: tags.names for tags in table.tags.values()}
    train, val = split_images(labels, val_fraction, seed)
    account = tuple(search.account())
    conversion = Conversion(classes, labels, train, val, untagged, root, account)
    write_conversion(conversion, Path(out_dir) if out_dir else root)
    return conversion
