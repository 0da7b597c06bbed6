"""Statistics that describe the sub-categories of a round."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from .agreement import Agreement
from .per_class import ClassClusters


def summarize(
    clusters: Sequence[ClassClusters],
    names: Sequence[str],
    previous: np.ndarray | None,
) -> dict:
    """Compute the statistics of every class and of all classes together.

    Args:
        clusters (Sequence[ClassClusters]): Sub-categories of each class.
        names (Sequence[str]): Name of each class.
        previous (np.ndarray, optional): Sub-categories of the round before, shape (N, C), or None
            if there is no such round.

    Returns:
        dict: ``classes``, a list of dicts with the keys ``name``, ``images``, ``clusters``,
        ``sizes``, ``inertia`` (mean squared distance, the objective of (3.2)), ``nmi``, ``ari`` and
        ``moved`` (see :class:`Agreement`; None without a previous round or images); and ``total``,
        a dict in which ``inertia``, ``nmi``, ``ari`` and ``moved`` are means over all pairs of an
        image and one of its classes.
    """
    rows = []
    for label, (name, one) in enumerate(zip(names, clusters)):
        row = dict(name=name, images=len(one.rows), clusters=int(np.count_nonzero(one.sizes)))
        row |= dict(sizes=one.sizes.tolist(), inertia=one.inertia / max(1, len(one.rows)))
        before = previous[one.rows, label] if previous is not None and len(one.rows) else None
        rows.append(row | _agreement(before, one.labels))
    return dict(total=_total(rows), classes=rows)


def _agreement(before: np.ndarray | None, labels: np.ndarray) -> dict:
    if before is None:
        return dict(nmi=None, ari=None, moved=None)
    return asdict(Agreement.between(before, labels))


def _total(rows: list[dict]) -> dict:
    pairs = sum(row['images'] for row in rows)
    total = dict(pairs=pairs, clusters=sum(row['clusters'] for row in rows))
    for key in ('inertia', 'nmi', 'ari', 'moved'):
        known = [row for row in rows if row[key] is not None]
        count = sum(row['images'] for row in known)
        total[key] = sum(row[key] * row['images'] for row in known) / count if count else None
    return total


def format_summary(summary: dict) -> str:
    """Format the statistics as lines of a log.

    Args:
        summary (dict): Statistics of :func:`summarize`.

    Returns:
        str: A line for each class, and one for all classes together.
    """
    lines = []
    for row in summary['classes']:
        lines.append(
            f'{row["name"]}: {row["images"]} images in {row["clusters"]} sub-categories '
            f'{row["sizes"]}, {_format_statistics(row)}'
        )
    total = summary['total']
    lines.append(
        f'all: {total["pairs"]} image-class pairs in {total["clusters"]} sub-categories, '
        f'{_format_statistics(total)}'
    )
    return '\n'.join(lines)


def _format_statistics(row: dict) -> str:
    text = f'inertia {row["inertia"] or 0:.4g}'
    if row['nmi'] is not None:
        text += (
            f'; to the last round NMI {row["nmi"]:.3f}, ARI {row["ari"]:.3f}, '
            f'moved {row["moved"]:.1%}'
        )
    return text
