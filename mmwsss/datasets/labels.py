"""Readers of image-level labels.

Every reader raises :class:`DataError` with one line that names the file, the line where there is
one, and the remedy. The formats are described in docs/data.md.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from mmwsss.structures import DataError, is_printable, parse_json

from .names import composed
from .splits import image_id, read_lines, read_text

CSV_HEADER = ('image', 'labels')
_JSON_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:')


class Tags(NamedTuple):
    """Tags of one image.

    Attributes:
        names (tuple[str, ...]): Names of the classes that it shows.
        where (str): Place where they were read, ``file:line``.
        key (str): The image as that file names it.
    """

    names: tuple[str, ...]
    where: str
    key: str


@dataclass
class LabelTable:
    """Content of a label file.

    Attributes:
        tags (dict[str, Tags]): Tags of each image by its id, in the file's order.
        classes (tuple[str, ...], optional): Names of the classes, if the file lists them.
        negatives (bool): Whether an image may be named without a tag: it shows none of the classes.
            Otherwise that is an error.
    """

    tags: dict[str, Tags] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None
    negatives: bool = False

    def add(self, key: str, names: Iterable[str], where: str) -> None:
        """Add the tags of an image.

        Args:
            key (str): The image as the file names it.
            names (Iterable[str]): Names of the classes that it shows.
            where (str): Place where they were read, ``file:line``.

        Raises:
            DataError: If the image was added before, or has no tags and negatives are not allowed.
        """
        names = tuple(dict.fromkeys(composed(name.strip()) for name in names if name.strip()))
        img_id = image_id(key, where)
        _check_names(names, where)
        if not (names or self.negatives):
            raise DataError(f'{where}: image {key!r} has no label; add one or remove the image')
        if img_id in self.tags:
            raise DataError(
                f'{where}: duplicate image {key!r}, first at {self.tags[img_id].where}; '
                'keep one entry with all its labels'
            )
        self.tags[img_id] = Tags(names, where, key)


def _check_names(names: Iterable[str], where: str) -> None:
    wrong = [name for name in names if not is_printable(name)]
    if wrong:
        raise DataError(
            f'{where}: the class name {wrong[0]!a} has control characters or halves of characters; '
            'take them out'
        )


def read_label_file(path: str | Path, negatives: bool = False) -> LabelTable:
    """Read image-level labels from a ``.txt``, ``.csv`` or ``.json`` file.

    Args:
        path (str | Path): The file.
        negatives (bool): See :class:`LabelTable`. Defaults to False.

    Returns:
        LabelTable: Its content.

    Raises:
        DataError: If it cannot be read, has another form or no image.
    """
    readers = {'.txt': read_label_txt, '.csv': read_label_csv, '.json': read_label_json}
    suffix = Path(path).suffix.lower()
    if suffix not in readers:
        raise DataError(f'{path}: unknown kind of label file; use one of {", ".join(readers)}')
    table = readers[suffix](path, negatives)
    if not table.tags:
        raise DataError(f'{path}: the file has no image; write images with their labels')
    return table


def read_label_txt(path: str | Path, negatives: bool = False) -> LabelTable:
    """Read lines ``image class class ...`` separated by blanks.

    Args:
        path (str | Path): The file.
        negatives (bool): See :class:`LabelTable`. Defaults to False.

    Returns:
        LabelTable: Its content.

    Raises:
        DataError: If it cannot be read, or a line has a fault.
    """
    table = LabelTable(negatives=negatives)
    for number, line in read_lines(path):
        key, *names = line.split()
        table.add(key, names, f'{path}:{number}')
    return table


def read_label_csv(path: str | Path, negatives: bool = False) -> LabelTable:
    """Read a CSV with the header ``image,labels``; several labels are joined by ``;``.

    Args:
        path (str | Path): The file.
        negatives (bool): See :class:`LabelTable`. Defaults to False.

    Returns:
        LabelTable: Its content.

    Raises:
        DataError: If it cannot be read, has another header, or a line has a fault.
    """
    table = LabelTable(negatives=negatives)
    reader = csv.reader(io.StringIO(read_text(path), newline=''), strict=True)
    try:
        header = tuple(cell.strip() for cell in next(reader, ()))
        if header != CSV_HEADER:
            raise DataError(
                f'{path}:1: the header is {",".join(header)!r}; write {",".join(CSV_HEADER)!r}'
            )
        for row in reader:
            _add_row(table, row, f'{path}:{reader.line_num}')
    except csv.Error as error:
        raise DataError(f'{path}:{reader.line_num}: not CSV ({error}); correct it') from None
    return table


def _add_row(table: LabelTable, row: list[str], where: str) -> None:
    if not any(cell.strip() for cell in row):
        return
    if len(row) != len(CSV_HEADER):
        raise DataError(
            f'{where}: {len(row)} columns instead of {len(CSV_HEADER)}; '
            "join labels by ';' and quote names that have a comma"
        )
    table.add(row[0].strip(), row[1].split(';'), where)


def read_label_json(path: str | Path, negatives: bool = False) -> LabelTable:
    """Read ``{"classes": [name, ...], "labels": {image: [name, ...]}}``; classes is optional.

    Args:
        path (str | Path): The file.
        negatives (bool): See :class:`LabelTable`. Defaults to False.

    Returns:
        LabelTable: Its content.

    Raises:
        DataError: If it cannot be read, has another form, or an entry has a fault.
    """
    lines_of: dict[str, list[int]] = {}
    for number, line in read_lines(path):
        if match := _JSON_KEY.match(line):
            lines_of.setdefault(match[1], []).append(number)

    def place(key: str, occurrence: int) -> str:
        lines = lines_of.get(json.dumps(key, ensure_ascii=False)[1:-1], [])
        return f'{path}:{lines[occurrence]}' if len(lines) > occurrence else f'{path}: key {key!r}'

    def unique(pairs: list[tuple[str, object]]) -> dict:
        content = {}
        for key, value in pairs:
            if key in content:
                raise DataError(f'{place(key, 1)}: duplicate image {key!r}; keep one')
            content[key] = value
        return content

    try:
        content = parse_json(read_text(path), object_pairs_hook=unique)
    except DataError:
        raise
    except json.JSONDecodeError as error:
        raise DataError(f'{path}:{error.lineno}: not JSON ({error.msg}); correct it') from None
    except ValueError as error:
        raise DataError(f'{path}: not JSON ({error}); correct it') from None
    labels = content.get('labels') if isinstance(content, dict) else None
    classes = content.get('classes') if isinstance(content, dict) else None
    if not isinstance(labels, dict) or not (classes is None or _is_names(classes)):
        raise DataError(
            f'{path}: unknown form; write '
            '{"classes": [name, ...], "labels": {image: [name, ...]}}'
        )
    names = None if classes is None else tuple(map(composed, classes))
    _check_names(names or (), str(path))
    table = LabelTable(classes=names, negatives=negatives)
    for key, tags in labels.items():
        where = place(key, 0)
        if not _is_names(tags):
            raise DataError(f'{where}: the labels of {key!r} are no list; write [name, ...]')
        table.add(key, tags, where)
    return table


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def read_xml(path: str | Path, count_difficult: bool = True) -> tuple[str, ...]:
    """Read the names of the objects in a VOC annotation.

    Args:
        path (str | Path): The XML file.
        count_difficult (bool): Whether to count objects marked "difficult" too, as the published
            label files do. Defaults to True.

    Returns:
        tuple[str, ...]: The names, each once.

    Raises:
        DataError: If the file cannot be read, or an object has no name.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except FileNotFoundError:
        raise DataError(f'{path}: no such annotation; add it or remove the split entry') from None
    except ElementTree.ParseError as error:
        raise DataError(f'{path}:{error.position[0]}: not XML ({error}); correct it') from None
    except (OSError, ValueError, LookupError) as error:  # a folder, or an unknown encoding
        raise DataError(f'{path}: unreadable annotation ({error}); correct it') from None
    names = [
        (element.findtext('name') or '').strip()
        for element in root.iter('object')
        if count_difficult or (element.findtext('difficult') or '').strip() != '1'
    ]
    if not all(names):
        raise DataError(f'{path}: an object has no name; add it')
    _check_names(names, str(path))
    return tuple(dict.fromkeys(map(composed, names)))
