"""A comparison along a value: number of sub-categories (Figure 3.4), weights of losses (2.5)."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mmwsss.pipeline.comparison.rows import Comparison, Row, comparison_table, read_scores
from mmwsss.structures.tables import write_text
from mmwsss.visualization.curves import Curve, draw_curves

BASELINE = 'baseline'


def sweep_rows(
    points: Sequence[str],
    key: str | None = None,
    values: Sequence[str] = (),
    baseline: str | None = None,
) -> dict[str, Row]:
    """Rows of a sweep, by the value.

    Args:
        points: ``VALUE=CONFIG[@CHECKPOINT][ KEY=VALUE …]``, see :meth:`Row.parse`, or
            ``CONFIG[@CHECKPOINT]`` for a row of each of ``values``.
        key: The setting that takes the values, nested keys and places in lists by dots.
        values: As they would stand in ``--cfg-options``.
        baseline: ``CONFIG[@CHECKPOINT]`` without the value.

    Raises:
        ValueError: If a value comes twice, or a config alone comes without key and values.
    """
    rows: list[tuple[str, Row]] = []
    for point in points:
        value, sign, config = point.partition('=')
        if sign:
            rows.append((value, Row.parse(config)))
            continue
        if not key or not values:
            raise ValueError(
                f'{point} has no value: write VALUE={point}, or give --key and --values'
            )
        row = Row.parse(point)
        rows += [(v, replace(row, options=(f'{key}={v}',))) for v in values]
    if baseline:
        rows.append((BASELINE, Row.parse(baseline)))
    named = dict(rows)
    if len(named) < len(rows):
        raise ValueError(f'a value comes twice in {", ".join(value for value, _ in rows)}')
    return named


def write_sweep(comparison: Comparison, name: str, out: Path, score: str = 'mIoU') -> list[Path]:
    """Write a figure (PNG), a line for each run (CSV) and a table (Markdown).

    Args:
        comparison: Complete; its rows are named by the values, in the order of the axis. One named
            :data:`BASELINE` becomes a dashed line.
        name: Of the value, for the axis.
        out: Path of the files without their suffix.
        score: One of the scores of a comparison.

    Returns:
        list[Path]: The files.

    Raises:
        ValueError: If there is no row besides the baseline.
    """
    values = [value for value in comparison.rows if value != BASELINE]
    if not values:
        raise ValueError('a sweep needs at least one value besides the baseline')
    scores = {
        (value, split): read_scores(comparison, value, split, score)
        for value in comparison.rows
        for split in comparison.splits
    }
    curves = {
        split: Curve([scores[value, split] for value in values], scores.get((BASELINE, split)))
        for split in comparison.splits
    }
    table = comparison_table(comparison, [score]).replace('| method |', f'| {name} |', 1)
    figure, runs, text = (out.with_name(f'{out.name}.{kind}') for kind in ('png', 'csv', 'md'))
    draw_curves(values, curves, name, f'{score} in %', figure)
    write_text(runs, _runs(comparison, scores, name, score))
    write_text(text, table)
    return [figure, runs, text]


def _runs(
    comparison: Comparison,
    scores: dict[tuple[str, str], list[float]],
    name: str,
    score: str,
) -> str:
    """A line for each value, split and seed."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([name, 'split', 'seed', score, 'threshold'])
    for (value, split), of_seeds in scores.items():
        thresholds = read_scores(comparison, value, split, 'threshold')
        for seed, one, threshold in zip(comparison.seeds, of_seeds, thresholds):
            writer.writerow([value, split, seed, f'{one:.4f}', f'{threshold:g}'])
    return text.getvalue()
