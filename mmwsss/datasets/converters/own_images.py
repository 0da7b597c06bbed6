"""One's own images: a folder for each class, or one folder and a CSV of tags."""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmwsss.datasets.labels import (
    IMG_SUFFIXES,
    DataError,
    LabelTable,
    image_id,
    read_label_csv,
)
from mmwsss.structures.atomic import atomic_open


@dataclass(frozen=True)
class Conversion:
    """What was found: classes, tags by image, the split, and images that nobody tagged."""

    classes: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]
    train: tuple[str, ...]
    val: tuple[str, ...]
    untagged: tuple[str, ...]

    def report(self) -> str:
        """Return a table of images per class and split."""
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
        return '\n'.join(lines)


def find_images(root: Path) -> dict[str, str]:
    """Return the images below ``root`` as ``{id: path}``, in order; hidden files are left out."""
    images: dict[str, str] = {}
    if not root.is_dir():
        raise DataError(f'{root}: no such folder; correct the path')
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        for name in sorted(files):
            if name.startswith('.') or Path(name).suffix.lower() not in IMG_SUFFIXES:
                continue
            path = (Path(folder) / name).relative_to(root).as_posix()
            img_id = image_id(path, str(root))
            if img_id in images:
                raise DataError(
                    f'{root / path}: same name as {images[img_id]} but for the suffix; rename it'
                )
            images[img_id] = path
    if not images:
        raise DataError(f'{root}: no image ({", ".join(IMG_SUFFIXES)}); correct the path')
    return images


def tags_from_folders(root: Path) -> LabelTable:
    """Tag every image with the name of the top folder that it lies in."""
    table = LabelTable()
    for path in find_images(root).values():
        folder, _, rest = path.partition('/')
        if not rest:
            raise DataError(f'{root / path}: lies in no class folder; move it into one')
        table.add(path, [folder], str(root / path))
    return table


def tags_from_csv(root: Path, csv_path: Path) -> tuple[LabelTable, tuple[str, ...]]:
    """Read tags from a CSV (header ``image,labels``) and find the images below ``root``.

    Returns:
        The tags by the images' real paths, and the images that the CSV does not name.
    """
    images = find_images(root)
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
        labels: Class names by image.
        val_fraction: Share of the validation images, in [0, 1).
        seed: Seed of the draw.

    Returns:
        Images to train and to validate, each in the order of ``labels``; every class has at
        least one image to train.
    """
    if not 0 <= val_fraction < 1:
        raise ValueError(f'val_fraction must be in [0, 1), got {val_fraction}')
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

    Args:
        root: Folder of the images; without ``csv_path`` its folders name the classes.
        csv_path: CSV of tags with the header ``image,labels``.
        out_dir: Where to write; default ``root``.
        classes: The classes and their order; a tag that is not among them is an error. Default:
            the tags that occur, sorted.
        val_fraction: Share of the validation images.
        seed: Seed of the split.
    """
    root = Path(root)
    if csv_path is None:
        table, untagged = tags_from_folders(root), ()
    else:
        table, untagged = tags_from_csv(root, Path(csv_path))
    found = sorted({name for tags in table.tags.values() for name in tags.names})
    classes = tuple(classes or found)
    for tags in table.tags.values():
        unknown = [name for name in tags.names if name not in classes]
        if unknown:
            raise DataError(
                f'{tags.where}: unknown class {unknown[0]!r}; the classes are {", ".join(classes)}'
            )
    labels = {tags.key: tags.names for tags in table.tags.values()}
    train, val = split_images(labels, val_fraction, seed)
    conversion = Conversion(classes, labels, train, val, untagged)
    _write(conversion, Path(out_dir) if out_dir else root)
    return conversion


def _write(conversion: Conversion, out_dir: Path) -> None:
    # One image a line, so that an error can name the line.
    rows = ',\n'.join(
        f'    {json.dumps(key, ensure_ascii=False)}: {json.dumps(names, ensure_ascii=False)}'
        for key, names in conversion.labels.items()
    )
    classes = json.dumps(conversion.classes, ensure_ascii=False)
    content = f'{{\n  "classes": {classes},\n  "labels": {{\n{rows}\n  }}\n}}\n'
    for name, text in (
        ('train.txt', ''.join(f'{key}\n' for key in conversion.train)),
        ('val.txt', ''.join(f'{key}\n' for key in conversion.val)),
        ('image_labels.json', content),
    ):
        with atomic_open(out_dir / name) as file:
            file.write(text.encode())
