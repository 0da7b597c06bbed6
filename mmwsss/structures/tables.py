"""Tables of scores: as text, CSV and JSON."""

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence

from prettytable import PrettyTable

from .atomic import atomic_open

Rows = Sequence[Mapping[str, str | float | None]]


def render_table(rows: Rows, title: str = '') -> str:
    """Format rows as a text table, with one decimal and a line before the last row.

    Args:
        rows (Rows): Rows of equal keys, which head the columns; None becomes '-'.
        title (str): Title of the table. Defaults to ''.

    Returns:
        str: The table.
    """
    table = PrettyTable(list(rows[0]), title=title or None)
    table.align = 'r'
    table.align[next(iter(rows[0]))] = 'l'
    for index, row in enumerate(rows):
        if index == len(rows) - 1:
            table.add_divider()
        table.add_row([_cell(value) for value in row.values()])
    return table.get_string()


def _cell(value: str | float | None) -> str:
    if value is None:
        return '-'
    return value if isinstance(value, str) else f'{value:.1f}'


def write_csv(path: str | os.PathLike, rows: Rows, columns: Sequence[str] | None = None) -> None:
    """Write rows of equal keys as CSV, whole or not at all.

    Args:
        path (str | os.PathLike): The file.
        rows (Rows): The rows; None becomes an empty cell.
        columns (Sequence[str], optional): Keys of the rows, in the order of the columns; needed
            where there may be no row. Defaults to the keys of the first row.
    """
    text = io.StringIO(newline='')
    writer = csv.DictWriter(
        text, list(rows[0] if columns is None else columns), lineterminator='\n'
    )
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_json(path: str | os.PathLike, content: object) -> None:
    """Write JSON, whole or not at all.

    Args:
        path (str | os.PathLike): The file.
        content (object): What JSON can hold.
    """
    write_text(path, json.dumps(content, indent=1))


def write_lines(path: str | os.PathLike, lines: Iterable[str]) -> None:
    """Write lines of a text, such as the images of a split, whole or not at all.

    Args:
        path (str | os.PathLike): The file.
        lines (Iterable[str]): The lines, without their ends.
    """
    write_text(path, ''.join(f'{line}\n' for line in lines))


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a text in UTF-8, whole or not at all.

    Args:
        path (str | os.PathLike): The file.
        text (str): The text.
    """
    with atomic_open(path) as file:
        file.write(text.encode())
