"""IoU of each class beside published figures: Tables 2.3 and 3.3 of the thesis."""

import csv
import os
from collections.abc import Mapping, Sequence

from mmwsss.pipeline.stages.testing import class_metrics, named_metrics
from mmwsss.structures import DataError

MEAN = 'mIoU'
_OURS = {'': '{}', ' w/ CRF': 'crf/{}'}
Columns = dict[str, dict[str, str]]


def read_published(path: str | os.PathLike) -> Columns:
    """Read published figures: a CSV with ``class``, and a column for each row of the table.

    Args:
        path (str | os.PathLike): The CSV.

    Returns:
        dict[str, dict[str, str]]: Figure of each class, by the heading of the column.

    Raises:
        DataError: If it cannot be read or has no column ``class``.
    """
    try:
        with open(path, encoding='utf-8', newline='') as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f'{path}: unreadable table ({error}); correct the path') from None
    if not rows or 'class' not in rows[0]:
        raise DataError(f'{path}: no column named class; write one')
    headings = [heading for heading in rows[0] if heading != 'class']
    return {heading: {row['class']: row[heading] for row in rows} for heading in headings}


def read_measured(name: str, path: str | os.PathLike) -> Columns:
    """Read what a test measured of each class, without and with CRF.

    Args:
        name (str): Heading of the columns.
        path (str | os.PathLike): ``metrics.json`` of a pipeline's test, or of
            :class:`MetricsFileHook`.

    Returns:
        dict[str, dict[str, str]]: IoU of each class with one decimal, by the heading of the column.

    Raises:
        DataError: If the file cannot be read or has no class.
    """
    metrics = named_metrics(path, 'test with classwise=True')
    found: Columns = {}
    for suffix, pattern in _OURS.items():
        column = class_metrics(metrics, pattern.format('IoU/'))
        if column:
            column[MEAN] = metrics.get(pattern.format(MEAN))
            found[name + suffix] = {key: _figure(value) for key, value in column.items()}
    if not found:
        raise DataError(f'{path}: no IoU of classes; test with classwise=True in test_evaluator')
    return found


def class_table(columns: Mapping[str, Mapping[str, str]]) -> str:
    """Lay out columns of the same classes as Markdown, the mean last.

    Args:
        columns (Mapping[str, Mapping[str, str]]): Figure of each class, by the heading.

    Returns:
        str: The table; a class that a column lacks has an empty cell.
    """
    classes = list(dict.fromkeys(name for column in columns.values() for name in column))
    classes = [*(name for name in classes if name != MEAN), MEAN]
    lines = [_line(['class', *columns]), _line(['---'] * (1 + len(columns)))]
    lines += [
        _line([name, *(column.get(name, '') for column in columns.values())]) for name in classes
    ]
    return '\n'.join(lines)


def _figure(value: float | None) -> str:
    return '' if value is None else f'{value:.1f}'


def _line(cells: Sequence[str]) -> str:
    return '|' + '|'.join(f' {cell} ' if cell else ' ' for cell in cells) + '|'
