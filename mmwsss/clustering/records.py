"""Files that a training run keeps of each round's sub-categories: written and read here alone.

A round r has ``sub_categories/round_<r>.csv`` in the run's work dir, a line for each pair of an
image and one of its classes, and ``sub_categories/round_<r>.json``, the statistics of each class.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmwsss.structures import DataError, read_json
from mmwsss.structures.tables import write_csv, write_json

from .per_class import ClassClusters

FOLDER = 'sub_categories'
FILE_NAME = 'round_{}.csv'
HEADER = ('img_id', 'class', 'subcategory', 'distance')
_REMEDY = 'name another round with --rounds, or train again'


@dataclass(frozen=True)
class Member:
    """An image of a class, and its sub-category.

    Attributes:
        img_id (str): Id of the image.
        subcategory (int): Number of the sub-category within the class, from 0.
        distance (float): Distance of the image's features to the mean of the sub-category.
    """

    img_id: str
    subcategory: int
    distance: float


@dataclass(frozen=True)
class Round:
    """Sub-categories of a round, as they were read from its files.

    Attributes:
        number (int): Number of the round.
        members (dict[str, list[Member]]): Images of each class by the class's name, in the order
            of the file.
        statistics (dict[str, dict]): Statistics of each class by the class's name, see
            :func:`mmwsss.clustering.summary.summarize`.
    """

    number: int
    members: dict[str, list[Member]]
    statistics: dict[str, dict]

    def cluster(self, name: str, subcategory: int) -> list[Member]:
        """Return the images of a sub-category, those nearest to its mean first.

        Args:
            name (str): Name of the class.
            subcategory (int): Number of the sub-category within the class.

        Returns:
            list[Member]: The images.
        """
        members = [one for one in self.members[name] if one.subcategory == subcategory]
        return sorted(members, key=lambda one: (one.distance, one.img_id))

    def co_occurring_classes(self, name: str, subcategory: int) -> Counter[str]:
        """Count the other classes that the images of a sub-category show as well.

        Args:
            name (str): Name of the class.
            subcategory (int): Number of the sub-category within the class.

        Returns:
            Counter[str]: Number of the sub-category's images that show a class, by its name;
            classes that none of them shows are left out.
        """
        images = {one.img_id for one in self.cluster(name, subcategory)}
        shared = {
            other: sum(one.img_id in images for one in members)
            for other, members in self.members.items()
            if other != name
        }
        return Counter({other: count for other, count in shared.items() if count})


def write_round(
    work_dir: str | Path,
    number: int,
    summary: Mapping,
    clusters: Sequence[ClassClusters],
    names: Sequence[str],
    img_ids: Sequence[str],
) -> None:
    """Write the files of a round, each whole or not at all.

    Args:
        work_dir (str | Path): Work dir of the run.
        number (int): Number of the round.
        summary (Mapping): Content of the JSON file: ``classes`` as
            :func:`mmwsss.clustering.summary.summarize` returns it, and whatever else is worth
            keeping.
        clusters (Sequence[ClassClusters]): Sub-categories of each class.
        names (Sequence[str]): Name of each class.
        img_ids (Sequence[str]): Id of each image of the dataset.
    """
    file = Path(work_dir, FOLDER, FILE_NAME.format(number))
    rows = [
        dict(zip(HEADER, (img_ids[row], name, int(label), f'{distance:.6g}')))
        for name, one in zip(names, clusters)
        for row, label, distance in zip(one.rows, one.labels, one.distances)
    ]
    write_json(file.with_suffix('.json'), summary)
    write_csv(file, rows, HEADER)


def read_round(work_dir: str | Path, number: int) -> Round:
    """Read the files of a round.

    Args:
        work_dir (str | Path): Work dir of the run.
        number (int): Number of the round.

    Returns:
        Round: The sub-categories.

    Raises:
        FileNotFoundError: If the run has no such round. Names those it has.
        DataError: If the files are not as :func:`write_round` writes them. Names the file, of CSV
            the line.
    """
    file = Path(work_dir, FOLDER, FILE_NAME.format(number))
    if not file.is_file():
        others = sorted(other.name for other in file.parent.glob(FILE_NAME.format('*')))
        raise FileNotFoundError(
            f'{file}: there is no such round, but {", ".join(others) or "none"}: name others with '
            '--rounds'
        )
    statistics = read_json(
        file.with_suffix('.json'), _REMEDY, lambda x: {row['name']: row for row in x['classes']}
    )
    return Round(number, _read_members(file, list(statistics)), statistics)


def _read_members(file: Path, names: Sequence[str]) -> dict[str, list[Member]]:
    members: dict[str, list[Member]] = {name: [] for name in names}
    try:
        with file.open(newline='', encoding='utf-8') as stream:
            rows = csv.reader(stream)
            if next(rows, None) != list(HEADER):
                raise DataError(f'{file}:1: the header is not {",".join(HEADER)}; {_REMEDY}')
            for row in rows:
                name, member = _parse_row(row, f'{file}:{rows.line_num}', names)
                members[name].append(member)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f'{file}: damaged ({error}); {_REMEDY}') from None
    return members


def _parse_row(row: Sequence[str], where: str, names: Sequence[str]) -> tuple[str, Member]:
    try:
        img_id, name, subcategory, distance = row
        member = Member(img_id, int(subcategory), float(distance))
    except ValueError:
        member, name = None, ''
    if member is None or name not in names:
        raise DataError(
            f'{where}: expected {",".join(HEADER)} of a known class, found {",".join(row)!r}; '
            f'{_REMEDY}'
        )
    return name, member
