"""Tags in CSV files: one-hot, one row for each tag, metadata.csv, Label Studio's CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mmwsss.datasets.labels import CSV_HEADER
from mmwsss.datasets.splits import IMG_SUFFIXES, read_text
from mmwsss.structures import DataError, parse_json

from .entry import Entry, plain_path

IMAGE_COLUMNS = (
    'image', 'file_name', 'filename', 'file', 'path', 'image_path', 'img', 'image_name', 'image_id',
    'name', 'id',
)  # fmt: skip
LABEL_COLUMNS = (
    'label', 'labels', 'tag', 'tags', 'class', 'classes', 'category', 'categories', 'class_name',
    'choice', 'choices',
)  # fmt: skip
SEPARATORS = ';|'
_VALUES = {'1': True, '1.0': True, 'true': True, 'yes': True}
_VALUES |= {'0': False, '0.0': False, 'false': False, 'no': False, '': False}


@dataclass(frozen=True)
class CsvTable:
    """Content of a CSV file.

    Attributes:
        path (Path): The file.
        header (tuple[str, ...]): Names of the columns; empty if the first row is an image's.
        rows (tuple[tuple[int, list[str]], ...]): Number of the line and cells of each row.
        image (int): Index of the column that names the image.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]
    image: int

    @property
    def label(self) -> int | None:
        """Index of the column of tags; None if there is no column of tags."""
        lower = [name.lower() for name in self.header]
        named = [lower.index(name) for name in LABEL_COLUMNS if name in lower]
        others = [index for index in range(self._width()) if index != self.image]
        return named[0] if named else others[0] if len(others) == 1 else None

    def _width(self) -> int:
        return len(self.header) or max((len(cells) for _, cells in self.rows), default=0)

    def where(self, line: int) -> str:
        """Name a line of the file."""
        return f'{self.path}:{line}'


def read_csv(path: Path) -> CsvTable:
    """Read a CSV with ',', ';' or tabs between its columns.

    Args:
        path (Path): The file.

    Returns:
        CsvTable: Its content.

    Raises:
        DataError: If it cannot be read, or a row has another number of columns than the first.
    """
    text = read_text(path)
    first = text.partition('\n')[0]
    delimiter = next((sign for sign in ',;\t' if sign in first), ',')
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise DataError(f'{path}:{reader.line_num}: not CSV ({error}); correct it') from None
    if not rows:
        raise DataError(f'{path}: the file is empty; write a line for each image')
    for line, cells in rows:
        if len(cells) != len(rows[0][1]):
            raise DataError(
                f'{path}:{line}: {len(cells)} columns instead of {len(rows[0][1])}; '
                "join labels by ';' and quote names that have a comma"
            )
    if PurePosixPath(rows[0][1][0]).suffix.lower() in IMG_SUFFIXES:
        return CsvTable(path, (), tuple(rows), 0)
    header = tuple(rows[0][1])
    lower = [name.lower() for name in header]
    image = next((lower.index(name) for name in IMAGE_COLUMNS if name in lower), 0)
    return CsvTable(path, header, tuple(rows[1:]), image)


def is_own(table: CsvTable) -> bool:
    """Return whether a CSV has the header ``image,labels``."""
    return table.header == CSV_HEADER


def is_one_hot(table: CsvTable) -> bool:
    """Return whether every column but the image's has 0 or 1 in each row."""
    return (
        len(table.header) > 1
        and bool(table.rows)
        and all(
            cell.lower() in _VALUES
            for _, cells in table.rows
            for index, cell in enumerate(cells)
            if index != table.image
        )
        and any(cells[index] for _, cells in table.rows for index in _others(table))
    )


def _others(table: CsvTable) -> Sequence[int]:
    return [index for index in range(len(table.header)) if index != table.image]


def one_hot(table: CsvTable) -> Iterator[Entry]:
    """Read a column of 0 and 1 for each class; a row of 0 is a negative.

    Args:
        table (CsvTable): The CSV.

    Yields:
        Entry: An image.
    """
    for line, cells in table.rows:
        names = tuple(table.header[i] for i in _others(table) if _VALUES[cells[i].lower()])
        yield Entry(plain_path(cells[table.image]), names, table.where(line))


def has_label_column(table: CsvTable) -> bool:
    """Return whether a CSV has a column of tags."""
    return table.label is not None


def tag_rows(table: CsvTable) -> Iterator[Entry]:
    """Read a row for each tag, or several tags in a cell, joined by ';' or '|'.

    Args:
        table (CsvTable): The CSV. An empty cell is a negative.

    Yields:
        Entry: An image with the tags of one row.
    """
    label = table.label
    assert label is not None
    for line, cells in table.rows:
        names = _split(cells[label], table.where(line))
        yield Entry(plain_path(cells[table.image]), names, table.where(line))


def _split(cell: str, where: str) -> tuple[str, ...]:
    """Return the tags of a cell, which Label Studio writes as JSON where there are several."""
    if cell.startswith(('{"choices"', '["')):
        try:
            content = parse_json(cell)
        except ValueError as error:
            raise DataError(f'{where}: not JSON ({error}); correct it') from None
        names = content['choices'] if isinstance(content, dict) else content
        return tuple(map(str, names))
    for sign in SEPARATORS[1:]:
        cell = cell.replace(sign, SEPARATORS[0])
    return tuple(name.strip() for name in cell.split(SEPARATORS[0]) if name.strip())
