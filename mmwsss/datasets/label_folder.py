"""Label maps on disk: an indexed PNG for each image, and a file that tells how they were made."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from mmwsss.structures import DataError, atomic_open, img_id_path, read_json

from .masks import indexed_image, mask_values, read_mask
from .png import read_notes, save_png

META_NAME = 'label_folder.json'
FORMAT = 'mmwsss.LabelFolder'
VERSION = 1


class LabelFolder:
    """A folder of label maps that were all made alike.

    ``<root>/<img_id>.png`` is an indexed PNG with VOC's colours: 0 is background, i + 1 is class i,
    255 is ignored. ``<root>/label_folder.json`` names format, kind, classes and the settings that
    made them. The text chunks of a PNG hold notes on this label map alone. Files appear whole or
    not at all, so that several processes may write into one folder. Make one with :meth:`create`
    or :meth:`open`.

    Args:
        root (str | os.PathLike): The folder.
        kind (str): Kind of the labels: 'affinity', 'pseudo' or 'prediction'.
        classes (Sequence[str]): Names of the foreground classes.
    """

    def __init__(self, root: str | os.PathLike, kind: str, classes: Sequence[str]) -> None:
        self.root = Path(root)
        self.kind = kind
        self.classes = tuple(classes)

    @classmethod
    def create(
        cls, root: str | os.PathLike, kind: str, classes: Sequence[str], settings: Mapping
    ) -> 'LabelFolder':
        """Make a folder, or go on with the one that is there if it was made alike.

        Args:
            root (str | os.PathLike): A new or empty folder, or one of label maps.
            kind (str): Kind of the labels, 'affinity' or 'pseudo'.
            classes (Sequence[str]): Names of the foreground classes, 254 at most.
            settings (Mapping): Settings that the labels depend on, as JSON can hold them.

        Returns:
            LabelFolder: The folder.

        Raises:
            ValueError: If the folder holds something else, or labels of another kind or other
                settings.
        """
        if len(classes) > 254:
            raise ValueError(f'{root}: {len(classes)} classes, but a mask holds 254 at most')
        path = Path(root) / META_NAME
        meta = {
            'format': FORMAT,
            'version': VERSION,
            'kind': kind,
            'classes': list(classes),
            'settings': dict(settings),
        }
        if path.is_file():
            _check_same(path, _read_meta(path), json.loads(json.dumps(meta)))
        elif others := _foreign_files(Path(root)):
            raise ValueError(
                f'{root}: holds files ({others[0]}) but no {META_NAME}: take another folder'
            )
        else:
            with atomic_open(path) as file:
                file.write(json.dumps(meta, indent=1).encode())
        return cls(root, kind, classes)

    @classmethod
    def open(
        cls, root: str | os.PathLike, kind: str, classes: Sequence[str] | None = None
    ) -> 'LabelFolder':
        """Open a folder.

        Args:
            root (str | os.PathLike): The folder.
            kind (str): Kind that the labels must be of.
            classes (Sequence[str], optional): Names of the foreground classes that the labels must
                be of. Defaults to None: any.

        Returns:
            LabelFolder: The folder.

        Raises:
            DataError: If there is no such folder, or it is of another kind or of other classes.
        """
        path = Path(root) / META_NAME
        if not path.is_file():
            raise DataError(
                f'{path}: no such file, so no {kind} labels; make them with '
                f'tools/make_{kind}_labels.py'
            )
        meta = _read_meta(path)
        if meta['kind'] != kind:
            raise DataError(f'{path}: {meta["kind"]} labels, not {kind} labels; take their folder')
        if classes is not None and list(classes) != meta['classes']:
            raise DataError(
                f'{path}: made for the classes {", ".join(meta["classes"])}, not '
                f'{", ".join(classes)}; take the labels of this dataset'
            )
        return cls(root, kind, meta['classes'])

    def path(self, img_id: str) -> Path:
        """Return the path of an image's label map.

        Args:
            img_id (str): Id of the image.

        Returns:
            Path: The path, where the file may be missing.

        Raises:
            ValueError: If the id would leave the folder.
        """
        return img_id_path(self.root, img_id, '.png')

    def write(
        self, img_id: str, labels: np.ndarray, notes: Mapping[str, str] | None = None
    ) -> Path:
        """Write the label map of an image, whole or not at all.

        Args:
            img_id (str): Id of the image.
            labels (np.ndarray): Label map, uint8 (H, W).
            notes (Mapping[str, str], optional): Texts that :meth:`notes` returns.

        Returns:
            Path: The file.

        Raises:
            ValueError: If the labels have another type or shape.
            DataError: If a label is no class.
        """
        if labels.dtype != np.uint8 or labels.ndim != 2:
            raise ValueError(
                f'labels of {img_id!r} are {labels.dtype}{list(labels.shape)}, not uint8 (H, W)'
            )
        path = self.path(img_id)
        mask_values(labels, len(self.classes), path)
        save_png(path, indexed_image(labels), notes or {})
        return path

    def read(self, img_id: str) -> np.ndarray:
        """Read the label map of an image.

        Args:
            img_id (str): Id of the image.

        Returns:
            np.ndarray: Label map, uint8 (H, W).

        Raises:
            DataError: If the file is missing or damaged, or holds a value that is no class.
        """
        path = self.path(img_id)
        labels = read_mask(path)
        mask_values(labels, len(self.classes), path)
        return labels

    def __contains__(self, img_id: str) -> bool:
        """Return whether the image's file is there, whole and undamaged."""
        return read_notes(self.path(img_id)) is not None

    def notes(self, img_id: str) -> dict[str, str] | None:
        """Read the notes in an image's file.

        Args:
            img_id (str): Id of the image.

        Returns:
            dict[str, str] | None: The notes; None if there is no whole file.
        """
        return read_notes(self.path(img_id))

    def ids(self) -> Iterator[str]:
        """Iterate over the images that have a file.

        Yields:
            str: Id of the image, in ascending order.
        """
        for path in sorted(self.root.rglob('*.png')):
            yield path.relative_to(self.root).as_posix()[: -len('.png')]


def _foreign_files(root: Path) -> list[str]:
    """List what a folder holds that is not hidden, as locks and unfinished files are."""
    names = os.listdir(root) if root.is_dir() else []
    return sorted(name for name in names if not name.startswith('.'))


def _read_meta(path: Path) -> dict:
    meta = read_json(path, 'make the labels again')
    known = isinstance(meta, dict) and meta.get('format') == FORMAT
    if not known or meta.get('version') != VERSION or not _has_types(meta):
        raise DataError(f'{path}: does not describe a folder of labels; make them again')
    return meta


def _has_types(meta: dict) -> bool:
    classes = meta.get('classes')
    return (
        isinstance(meta.get('kind'), str)
        and isinstance(classes, list)
        and all(isinstance(name, str) for name in classes)
        and isinstance(meta.get('settings'), dict)
    )


def _check_same(path: Path, found: dict, wanted: dict) -> None:
    """Refuse to mix labels that were made in different ways."""
    for key in ('kind', 'classes'):
        if found[key] != wanted[key]:
            raise ValueError(
                f'{path}: {key} {found[key]!r}, not {wanted[key]!r}: take another folder'
            )
    before, now = found['settings'], wanted['settings']
    changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    if changed:
        changes = '; '.join(
            f'{key} was {before.get(key)!r}, is {now.get(key)!r}' for key in changed
        )
        raise ValueError(f'{path}: made with other settings ({changes}): take another folder')
