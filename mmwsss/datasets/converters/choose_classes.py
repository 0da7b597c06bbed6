"""Some classes of a dataset in VOC's layout; images that show none of them are negatives."""

import os
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmwsss.datasets.labels import LabelTable, read_label_file
from mmwsss.datasets.masks import indexed_image, mask_values, read_mask, renumber_mask
from mmwsss.datasets.names import BACKGROUND, check_classes, require_known
from mmwsss.datasets.splits import image_id, read_split
from mmwsss.progress import track
from mmwsss.structures import DataError
from mmwsss.structures.atomic import TEMPORARY_PREFIX, atomic_open
from mmwsss.structures.tables import write_lines, write_text

from .written_files import LABELS, TRAIN, VAL, labels_text

IMAGES, MASKS, SPLITS = 'JPEGImages', 'SegmentationClass', Path('ImageSets/Segmentation')
WITH_NEGATIVES = 'train_negatives.txt'


@dataclass(frozen=True)
class Choice:
    """The images of the wanted classes.

    Attributes:
        classes (tuple[str, ...]): Names of the wanted classes, in their order.
        labels (dict[str, list[str]]): Those that each image shows, none of a negative.
        splits (dict[str, list[str]]): Images of each list, by its file's name.
    """

    classes: tuple[str, ...]
    labels: dict[str, list[str]]
    splits: dict[str, list[str]]

    def report(self) -> str:
        """Return how many images there are."""
        wanted, total = len(self.splits[TRAIN]), len(self.splits[WITH_NEGATIVES])
        return (
            f'{", ".join(self.classes)}: {wanted} images to train and {total - wanted} negatives, '
            f'{len(self.splits[VAL])} to measure'
        )


def choose_classes(
    root: str | os.PathLike, out: str | os.PathLike, classes: Sequence[str]
) -> Choice:
    """Write a dataset of VOC's layout that knows only some classes of another one.

    ``train.txt`` and ``val.txt`` list the images that show a wanted class, ``train_negatives.txt``
    all training images. In masks the wanted classes are 1 and up, objects of others background.
    ``JPEGImages`` is a link to that of the other dataset.

    Args:
        root (str | os.PathLike): Folder of the dataset, with ``image_labels.json``.
        out (str | os.PathLike): Folder to write, which appears whole or not at all.
        classes (Sequence[str]): The wanted classes, in their order.

    Returns:
        Choice: What was written.

    Raises:
        DataError: If the folder to write is there already, a class is unknown, no image of a split
            shows one, or a file is missing or has a fault.
    """
    root, out = Path(root), Path(out)
    if os.path.lexists(out):
        raise DataError(f'{out}: is there already; remove it, or name another folder')
    wanted = check_classes(classes, '--classes')
    table = read_label_file(root / LABELS, negatives=True)
    known = check_classes(table.classes, str(root / LABELS))
    require_known(wanted, known, '--classes')
    choice = _choose(root, table, wanted)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=out.parent) as folder:
        whole = Path(folder, out.name)
        _write_masks(root, whole, choice, known)
        for name, keys in choice.splits.items():
            write_lines(whole / SPLITS / name, keys)
        write_text(whole / LABELS, labels_text(wanted, choice.labels))
        write_lines(whole / 'classes.txt', [BACKGROUND, *wanted])
        images = os.path.relpath(root.absolute() / IMAGES, out.parent.resolve() / out.name)
        (whole / IMAGES).symlink_to(images, target_is_directory=True)
        os.rename(whole, out)
    return choice


def _choose(root: Path, table: LabelTable, wanted: tuple[str, ...]) -> Choice:
    labels = {
        tags.key: [name for name in wanted if name in tags.names] for tags in table.tags.values()
    }
    splits = {WITH_NEGATIVES: _read_list(root, TRAIN, table)}
    shown = {img_id for img_id, tags in table.tags.items() if labels[tags.key]}
    splits[TRAIN] = _showing(splits[WITH_NEGATIVES], shown)
    splits[VAL] = _showing(_read_list(root, VAL, table), shown)
    for name in (TRAIN, VAL):
        if not splits[name]:
            raise DataError(
                f'{root / SPLITS / name}: no image shows {", ".join(wanted)}; choose other classes'
            )
    return Choice(wanted, labels, splits)


def _read_list(root: Path, name: str, table: LabelTable) -> list[str]:
    """Return the images of a list, all of which must have an entry in the label file."""
    split = read_split(root / SPLITS / name)
    for key, where in split.items():
        if image_id(key, where) not in table.tags:
            raise DataError(f'{where}: not in {root / LABELS}: add {key!r} there, or remove it')
    return list(split)


def _showing(keys: Sequence[str], shown: Collection[str]) -> list[str]:
    return [key for key in keys if image_id(key, key) in shown]


def _write_masks(root: Path, out: Path, choice: Choice, classes: Sequence[str]) -> None:
    keys = [*choice.splits[WITH_NEGATIVES], *choice.splits[VAL]]
    for key in track(keys, 'masks', len(keys)):
        name = f'{image_id(key, key)}.png'
        mask = read_mask(root / MASKS / name)
        mask_values(mask, len(classes), root / MASKS / name)
        with atomic_open(out / MASKS / name) as file:
            chosen = renumber_mask(mask, classes, choice.classes, others=0)
            indexed_image(chosen).save(file, 'PNG')
