"""A comparison along a value: number of sub-categories (Figure 3.4), weights of losses (2.5)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mmwsss.pipeline.comparison.rows import Comparison, Row, comparison_table, read_scores
from mmwsss.structures.tables import write_csv, write_text
from mmwsss.visualization.curves import Curve, draw_curves

BASELINE = 'baseline'


def sweep_rows(
    points: Sequence[str],
    key: str | None = None,
    values: Sequence[str] = (),
    baseline: str | None = None,
) -> dict[str, Row]:
    """Put together the rows of a sweep.

    Args:
        points (Sequence[str]): ``VALUE=CONFIG[@CHECKPOINT][ KEY=VALUE …]``, see :meth:`Row.parse`,
            or ``CONFIG[@CHECKPOINT]`` for a row of each of ``values``.
        key (str, optional): Setting that takes the values, with nested keys and places in lists
            joined by dots. Defaults to None.
        values (Sequence[str]): Values, as they would stand in ``--cfg-options``. Defaults to none.
        baseline (str, optional): ``CONFIG[@CHECKPOINT]`` without the value. Defaults to None.

    Returns:
        dict[str, Row]: Value → row; that of the baseline is named :data:`BASELINE`.

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
        comparison (Comparison): A comparison that has run; its rows are named by the values, in
            the order of the axis. One named :data:`BASELINE` becomes a dashed line.
        name (str): Name of the value, for the axis.
        out (Path): Path of the files without their suffix.
        score (str): One of the scores of a comparison. Defaults to 'mIoU'.

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
    write_csv(runs, _runs(comparison, scores, name, score))
    write_text(text, table)
    return [figure, runs, text]


def _runs(
    comparison: Comparison,
    scores: dict[tuple[str, str], list[float]],
    name: str,
    score: str,
) -> list[dict[str, str]]:
    """Put together a line for each value, split and seed."""
    lines = []
    for (value, split), of_seeds in scores.items():
        thresholds = read_scores(comparison, value, split, 'threshold')
        for seed, one, threshold in zip(comparison.seeds, of_seeds, thresholds):
            line = {name: value, 'split': split, 'seed': str(seed), score: f'{one:.4f}'}
            lines.append({**line, 'threshold': f'{threshold:g}'})
    return lines
