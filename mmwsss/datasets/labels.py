"""Readers of splits and image-level labels: small functions from a file to plain values.

Every reader raises :class:`DataError` with one line that names the file, the line where there is
one, and the remedy.
"""

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from PIL import Image

IMG_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
CSV_HEADER = ('image', 'labels')
IGNORE_INDEX = 255


class DataError(ValueError):
    """A fault in the user's data; the message is one line: where, what, and the remedy."""


class Tags(NamedTuple):
    """Class names of one picture, where they were read (``file:line``), and its name there."""

    names: tuple[str, ...]
    where: str
    key: str = ''


@dataclass
class LabelTable:
    """Tags by picture id (path relative to the image root, without suffix)."""

    tags: dict[str, Tags] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None

    def add(self, key: str, names: Iterable[str], where: str) -> None:
        """Add the tags of a picture; a picture seen before or one without tags is an error."""
        names = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
        if not names:
            raise DataError(f'{where}: picture {key!r} has no label; add one or remove the picture')
        img_id = strip_suffix(key)
        if img_id in self.tags:
            raise DataError(
                f'{where}: duplicate picture {key!r}, first at {self.tags[img_id].where}; '
                'keep one line with all its labels'
            )
        self.tags[img_id] = Tags(names, where, key)


def strip_suffix(key: str) -> str:
    """Return the picture's id: its relative path without a picture's suffix, '/' kept."""
    path = PurePosixPath(key)
    return str(path.with_suffix('') if path.suffix.lower() in IMG_SUFFIXES else path)


def read_lines(path: str | Path) -> list[tuple[int, str]]:
    """Return the non-empty lines of a UTF-8 text file as (line number, stripped text)."""
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except FileNotFoundError:
        raise DataError(f'{path}: no such file; check data_root and the config') from None
    except UnicodeDecodeError as error:
        raise DataError(f'{path}: not UTF-8 text ({error.reason}); save it as UTF-8') from None
    return [
        (number, line.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]


def read_split(path: str | Path) -> dict[str, str]:
    """Read a split file, one picture a line: ``{picture key: 'file:line'}`` in the file's order."""
    split: dict[str, str] = {}
    seen: dict[str, str] = {}
    for number, key in read_lines(path):
        where = f'{path}:{number}'
        if len(key.split('\t')) > 1 or re.search(r'\s-?1$', key):
            raise DataError(f'{where}: {key!r} has several columns; a split has one picture a line')
        img_id = strip_suffix(key)
        if img_id in seen:
            raise DataError(
                f'{where}: duplicate picture {key!r}, first at {seen[img_id]}; remove one'
            )
        seen[img_id] = split[key] = where
    if not split:
        raise DataError(f'{path}: the split is empty; write one picture a line')
    return split


def read_label_file(path: str | Path) -> LabelTable:
    """Read image-level labels from a ``.txt``, ``.csv`` or ``.json`` file (see docs/data.md)."""
    readers = {'.txt': read_label_txt, '.csv': read_label_csv, '.json': read_label_json}
    suffix = Path(path).suffix.lower()
    if suffix not in readers:
        raise DataError(f'{path}: unknown label file; use one of {", ".join(readers)}')
    table = readers[suffix](path)
    if not table.tags:
        raise DataError(f'{path}: no picture is labelled; write one picture with its labels a line')
    return table


def read_label_txt(path: str | Path) -> LabelTable:
    """Read lines ``id class class ...`` separated by blanks."""
    table = LabelTable()
    for number, line in read_lines(path):
        key, *names = line.split()
        table.add(key, names, f'{path}:{number}')
    return table


def read_label_csv(path: str | Path) -> LabelTable:
    """Read a CSV with the header ``image,labels``; several labels are joined by ``;``."""
    table = LabelTable()
    read_lines(path)  # a missing file or a wrong encoding is named here
    with open(path, encoding='utf-8-sig', newline='') as file:
        reader = csv.reader(file)
        header = tuple(cell.strip() for cell in next(reader, ()))
        if header != CSV_HEADER:
            raise DataError(
                f'{path}:1: the header is {",".join(header)!r}; it must be {",".join(CSV_HEADER)!r}'
            )
        for row in reader:
            where = f'{path}:{reader.line_num}'
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(CSV_HEADER):
                raise DataError(
                    f'{where}: {len(row)} columns instead of {len(CSV_HEADER)}; '
                    "join labels by ';' and quote names with commas"
                )
            table.add(row[0].strip(), row[1].split(';'), where)
    return table


def _unique_pairs(pairs: list[tuple[str, object]]) -> dict:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        repeated = next(key for i, key in enumerate(keys) if key in keys[:i])
        raise DataError(f'duplicate picture or key {repeated!r}; keep one')
    return dict(pairs)


def read_label_json(path: str | Path) -> LabelTable:
    """Read ``{"classes": [name, ...], "labels": {picture: [name, ...]}}``; classes is optional."""
    lines = read_lines(path)
    text = Path(path).read_text(encoding='utf-8-sig')
    try:
        content = json.loads(text, object_pairs_hook=_unique_pairs)
    except json.JSONDecodeError as error:
        raise DataError(f'{path}:{error.lineno}: not JSON ({error.msg}); correct it') from None
    except DataError as error:
        raise DataError(f'{path}: {error}') from None
    labels = content.get('labels') if isinstance(content, dict) else None
    if not isinstance(labels, dict) or not all(map(_is_names, labels.values())):
        raise DataError(
            f'{path}: unknown form; write '
            '{"classes": [name, ...], "labels": {picture: [name, ...]}}'
        )
    classes = content.get('classes')
    if classes is not None and (not _is_names(classes) or len(set(classes)) < len(classes)):
        raise DataError(f'{path}: "classes" must be a list of different names')
    line_of = {match[1]: number for number, line in lines if (match := _KEY.match(line))}
    table = LabelTable(classes=tuple(classes) if classes is not None else None)
    for key, names in labels.items():
        line = line_of.get(json.dumps(key, ensure_ascii=False)[1:-1])
        table.add(key, names, f'{path}:{line}' if line else f'{path}: "{key}"')
    return table


_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:')


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def read_xml(path: str | Path, count_difficult: bool = True) -> Tags:
    """Read the object names of a VOC annotation.

    Args:
        path: The XML file.
        count_difficult: Also count objects marked "difficult", as the published label files do.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except FileNotFoundError:
        raise DataError(f'{path}: no such annotation; add it or remove the split entry') from None
    except ElementTree.ParseError as error:
        raise DataError(f'{path}:{error.position[0]}: not XML ({error}); correct it') from None
    names = [
        (obj.findtext('name') or '').strip()
        for obj in root.iter('object')
        if count_difficult or (obj.findtext('difficult') or '0').strip() != '1'
    ]
    return Tags(tuple(dict.fromkeys(names)), str(path))


def read_mask(path: str | Path) -> np.ndarray:
    """Read a palette or gray PNG of class indices as uint8, shape (H, W)."""
    try:
        with Image.open(path) as picture:
            mode = picture.mode
            mask = np.asarray(picture) if mode in ('P', 'L') else None
    except FileNotFoundError:
        raise DataError(f'{path}: no such mask; add it or remove the split entry') from None
    except (OSError, SyntaxError) as error:
        raise DataError(f'{path}: unreadable mask ({error}); save it again') from None
    if mask is None:
        raise DataError(
            f'{path}: a mask of mode {mode}; save class indices as a palette or 8-bit gray PNG'
        )
    return mask


def check_mask_values(mask: np.ndarray, num_classes: int, path: str | Path) -> np.ndarray:
    """Return the values of a mask, ascending; one that is no class, 0 or 255 is an error."""
    values = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
    unknown = values[(values > num_classes) & (values != IGNORE_INDEX)]
    if len(unknown):
        raise DataError(
            f'{path}: value {unknown[0]} is no class; allowed are 0 (background), '
            f'1..{num_classes} and {IGNORE_INDEX} (ignore)'
        )
    return values
