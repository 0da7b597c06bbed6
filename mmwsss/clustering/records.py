"""The sub-categories that a training run left behind, read back."""

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mmwsss.structures import DataError

_HEADER = ['img_id', 'class', 'subcategory', 'distance']


@dataclass(frozen=True)
class Member:
    """An image of a class: its sub-category and the distance to the sub-category's mean."""

    img_id: str
    subcategory: int
    distance: float


@dataclass(frozen=True)
class Round:
    """Sub-categories of a round.

    Attributes:
        number: Of the round.
        members: Class name → its images, in the file's order.
        figures: Class name → sizes, inertia, NMI, ARI and share of images moved.
    """

    number: int
    members: dict[str, list[Member]]
    figures: dict[str, dict]

    def cluster(self, name: str, subcategory: int) -> list[Member]:
        """Images of a sub-category, the nearest to its mean first."""
        members = [one for one in self.members[name] if one.subcategory == subcategory]
        return sorted(members, key=lambda one: (one.distance, one.img_id))

    def company(self, name: str, subcategory: int) -> Counter:
        """How many of a sub-category's images have each other class as well."""
        images = {one.img_id for one in self.cluster(name, subcategory)}
        shared = {
            other: sum(one.img_id in images for one in members)
            for other, members in self.members.items()
            if other != name
        }
        return Counter({other: count for other, count in shared.items() if count})


def read_round(work_dir: Path, number: int) -> Round:
    """Read ``sub_categories/round_<number>.csv`` and ``.json`` of a run.

    Raises:
        FileNotFoundError: If the run has no such round; names those it has.
        DataError: If a line is not as :class:`SubCategoryClusteringHook` writes it.
    """
    file = work_dir / 'sub_categories' / f'round_{number}.csv'
    if not file.is_file():
        others = ', '.join(sorted(other.name for other in file.parent.glob('round_*.csv')))
        raise FileNotFoundError(
            f'{file}: there is no such round, but {others or "none"}: name others with --rounds'
        )
    summary = json.loads(file.with_suffix('.json').read_text())
    figures = {row['name']: row for row in summary['classes']}
    return Round(number, _read_members(file, list(figures)), figures)


def _read_members(file: Path, names: list[str]) -> dict[str, list[Member]]:
    members: dict[str, list[Member]] = {name: [] for name in names}
    with file.open(newline='', encoding='utf-8') as stream:
        rows = csv.reader(stream)
        if next(rows, None) != _HEADER:
            raise DataError(f'{file}:1: the header is not {",".join(_HEADER)}')
        for row in rows:
            try:
                img_id, name, subcategory, distance = row
                members[name].append(Member(img_id, int(subcategory), float(distance)))
            except (ValueError, KeyError):
                raise DataError(
                    f'{file}:{rows.line_num}: expected {",".join(_HEADER)} of a known class, '
                    f'found {",".join(row)!r}'
                ) from None
    return members
