"""What a round of sub-categories leaves behind for people to read."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from mmwsss.clustering import Agreement, ClassClusters
from mmwsss.structures import atomic_open


def summarize(
    clusters: Sequence[ClassClusters],
    names: Sequence[str],
    previous: np.ndarray | None,
) -> dict:
    """Figures of every class and of all together.

    Args:
        clusters: Of each class.
        names: Of the classes.
        previous: Sub-categories of the round before, (N, C), or None.

    Returns:
        dict: ``classes``, a list of dicts, and ``total``; ``inertia`` is the mean squared distance,
        the objective of (3.2). Without a previous round or images, ``nmi``, ``ari`` and ``moved``
        are None. The total's are means over image–class pairs.
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
    return asdict(Agreement.of(before, labels))


def _total(rows: list[dict]) -> dict:
    pairs = sum(row['images'] for row in rows)
    total = dict(pairs=pairs, clusters=sum(row['clusters'] for row in rows))
    for key in ('inertia', 'nmi', 'ari', 'moved'):
        known = [row for row in rows if row[key] is not None]
        count = sum(row['images'] for row in known)
        total[key] = sum(row[key] * row['images'] for row in known) / count if count else None
    return total


def format_summary(summary: dict) -> str:
    """The figures as lines of a log."""
    lines = []
    for row in summary['classes']:
        lines.append(
            f'{row["name"]}: {row["images"]} images in {row["clusters"]} sub-categories '
            f'{row["sizes"]}, {_figures(row)}'
        )
    total = summary['total']
    lines.append(
        f'all: {total["pairs"]} image-class pairs in {total["clusters"]} sub-categories, '
        f'{_figures(total)}'
    )
    return '\n'.join(lines)


def _figures(row: dict) -> str:
    text = f'inertia {row["inertia"] or 0:.4g}'
    if row['nmi'] is not None:
        text += (
            f'; to the last round NMI {row["nmi"]:.3f}, ARI {row["ari"]:.3f}, '
            f'moved {row["moved"]:.1%}'
        )
    return text


def write_summary(path: str | Path, summary: dict) -> None:
    """Write the figures as JSON, whole or not at all."""
    with atomic_open(path) as file:
        file.write(json.dumps(summary, indent=1, ensure_ascii=False).encode())


def write_assignments(
    path: str | Path,
    clusters: Sequence[ClassClusters],
    names: Sequence[str],
    img_ids: Sequence[str],
) -> None:
    """Write a CSV with a line for each image–class pair, whole or not at all.

    Columns: img_id, class, subcategory (its number within the class, from 0) and distance (of the
    image's features to the sub-category's mean).
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(['img_id', 'class', 'subcategory', 'distance'])
    for name, one in zip(names, clusters):
        for row, label, distance in zip(one.rows, one.labels, one.distances):
            writer.writerow([img_ids[row], name, label, f'{distance:.6g}'])
    with atomic_open(path) as file:
        file.write(text.getvalue().encode())
