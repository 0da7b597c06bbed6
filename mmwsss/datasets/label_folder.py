"""Label maps on disk: one small indexed PNG per image, and a note of how they were made."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mmwsss.structures import DataError

from ..structures import atomic_open, img_id_path
from .masks import mask_values, read_mask
from .voc import voc_palette

META_NAME = 'label_folder.json'
FORMAT = 'mmwsss.LabelFolder'
VERSION = 1
_PNG_END = b'\x00\x00\x00\x00IEND\xaeB`\x82'
# Formerly a setting. The store may move; each file's notes say which maps it was made from.
_MOVABLE = {'cam_store'}
_PALETTE = bytes(value for colour in voc_palette(256) for value in colour)


class LabelFolder:
    """A folder of label maps that were all made alike.

    ``<root>/<img_id>.png`` is an indexed PNG with VOC's colours: 0 is background, i + 1 is class i,
    255 is ignored. ``<root>/label_folder.json`` names format, kind, classes and the settings that
    made them; the texts of a PNG are its own notes. Files appear whole or not at all, so that
    several processes may write into one folder. Make one with :meth:`create` or :meth:`open`.
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
            root: a new or empty folder, or one of label maps.
            kind: what they are, 'affinity' or 'pseudo'.
            classes: names of the foreground classes, 254 at most.
            settings: what the labels depend on; JSON can hold it.

        Raises:
            ValueError: the folder holds something else, or labels of another kind or setting.
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
        elif Path(root).is_dir() and any(Path(root).rglob('*.png')):
            raise ValueError(f'{root}: holds images but no {META_NAME}: take another folder')
        else:
            with atomic_open(path) as file:
                file.write(json.dumps(meta, indent=1).encode())
        return cls(root, kind, classes)

    @classmethod
    def open(
        cls, root: str | os.PathLike, kind: str, classes: Sequence[str] | None = None
    ) -> 'LabelFolder':
        """Open a folder of a kind and, if given, of these classes.

        Raises:
            DataError: there is none, or it is of another kind or of other classes.
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
        """Return the image's file; an id that would leave the folder is a ValueError."""
        return img_id_path(self.root, img_id, '.png')

    def write(
        self, img_id: str, labels: np.ndarray, notes: Mapping[str, str] | None = None
    ) -> Path:
        """Write one label map, uint8 (H, W), with notes for :meth:`notes`; return the file."""
        if labels.dtype != np.uint8 or labels.ndim != 2:
            raise ValueError(
                f'labels of {img_id!r} are {labels.dtype}{list(labels.shape)}, not uint8 (H, W)'
            )
        path = self.path(img_id)
        mask_values(labels, len(self.classes), path)
        image = Image.fromarray(labels)
        image.putpalette(_PALETTE)
        save_png(path, image, notes or {})
        return path

    def read(self, img_id: str) -> np.ndarray:
        """Read one label map, uint8 (H, W); a missing, damaged or foreign file is a DataError."""
        path = self.path(img_id)
        labels = read_mask(path)
        mask_values(labels, len(self.classes), path)
        return labels

    def __contains__(self, img_id: str) -> bool:
        """Whether the image's file is there and whole to its last byte."""
        return _is_whole(self.path(img_id))

    def notes(self, img_id: str) -> dict[str, str] | None:
        """Notes in the image's file; None where no whole file is there."""
        return read_notes(self.path(img_id))

    def ids(self) -> Iterator[str]:
        """Ids of the images that have a file, sorted."""
        for path in sorted(self.root.rglob('*.png')):
            yield path.relative_to(self.root).as_posix()[: -len('.png')]


def save_png(path: Path, image: Image.Image, notes: Mapping[str, str]) -> None:
    """Write a PNG file, whole or not at all, with notes as its texts."""
    texts = PngInfo()
    for name, text in notes.items():
        texts.add_text(name, text)
    with atomic_open(path) as file:
        image.save(file, 'PNG', pnginfo=texts)


def read_notes(path: Path) -> dict[str, str] | None:
    """Texts of a PNG file; None where no whole file is there. No pixel is decoded."""
    if not _is_whole(path):
        return None
    try:
        with Image.open(path) as image:
            return {name: text for name, text in image.info.items() if isinstance(text, str)}
    except (OSError, SyntaxError):  # a PNG by its last bytes only
        return None


def _is_whole(path: Path) -> bool:
    try:
        with open(path, 'rb') as file:
            file.seek(-len(_PNG_END), os.SEEK_END)
            return file.read() == _PNG_END
    except OSError:  # no such file, or too short to seek in
        return False


def _read_meta(path: Path) -> dict:
    try:
        meta = json.loads(path.read_bytes())
    except ValueError as error:
        raise DataError(f'{path}: not JSON ({error}); make the labels again') from error
    known = isinstance(meta, dict) and meta.get('format') == FORMAT
    if not known or meta.get('version') != VERSION or not isinstance(meta.get('classes'), list):
        raise DataError(f'{path}: does not describe a folder of labels; make them again')
    return meta


def _check_same(path: Path, found: dict, wanted: dict) -> None:
    """Refuse to mix labels that were made in different ways."""
    for key in ('kind', 'classes'):
        if found.get(key) != wanted[key]:
            raise ValueError(
                f'{path}: {key} {found.get(key)!r}, not {wanted[key]!r}: take another folder'
            )
    before, now = found.get('settings') or {}, wanted['settings']
    keys = (before.keys() | now.keys()) - _MOVABLE
    changed = sorted(key for key in keys if before.get(key) != now.get(key))
    if changed:
        changes = '; '.join(
            f'{key} was {before.get(key)!r}, is {now.get(key)!r}' for key in changed
        )
        raise ValueError(f'{path}: made with other settings ({changes}): take another folder')
