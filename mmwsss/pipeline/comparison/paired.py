"""Differences between the rows of a comparison, seed by seed."""

import math
from collections.abc import Sequence

from scipy import stats

from .rows import Comparison, mean_and_deviation, read_scores


def paired_p_value(values: Sequence[float], reference: Sequence[float]) -> float:
    """Test whether two methods differ, by a two-sided paired t-test.

    Args:
        values (Sequence[float]): Scores of a method, one for each seed.
        reference (Sequence[float]): Scores of the other, of the same seeds in the same order.

    Returns:
        float: The probability of a mean difference as large as theirs if the methods were equal;
        nan for a single seed, or if no difference varies.
    """
    differences = {a - b for a, b in zip(values, reference, strict=True)}
    if len(differences) < 2:
        return math.nan
    return float(stats.ttest_rel(values, reference).pvalue)


def paired_table(comparison: Comparison, reference: str, scores: Sequence[str] = ('mIoU',)) -> str:
    """Write a Markdown table of the differences to one row, each at its own best threshold.

    Args:
        comparison (Comparison): A comparison that is complete.
        reference (str): Name of the row that the others are compared with.
        scores (Sequence[str]): Scores that are compared. Defaults to mIoU alone.

    Returns:
        str: A line for each other row: mean difference ± sd over the seeds, and p of the paired
        t-test.
    """
    columns = [
        f'{split} {what}'
        for split in comparison.splits
        for score in scores
        for what in (score, 'p')
    ]
    lines = [
        f'| difference to {reference} | {" | ".join(columns)} |',
        '| --- |' + ' --- |' * len(columns),
    ]
    for name in comparison.rows:
        if name == reference:
            continue
        cells = []
        for split in comparison.splits:
            for score in scores:
                values, others = (
                    read_scores(comparison, row, split, score) for row in (name, reference)
                )
                mean, spread = mean_and_deviation(a - b for a, b in zip(values, others))
                p = paired_p_value(values, others)
                cells.append(f'{mean:+.2f}' + ('' if math.isnan(spread) else f' ± {spread:.2f}'))
                cells.append('' if math.isnan(p) else f'{p:.2g}')
        lines.append(f'| {name} | {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'
