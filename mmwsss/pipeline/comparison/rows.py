"""Several configs with several seeds, each measured on several splits, in one table."""

import math
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from mmwsss.evaluation.curve_file import read_best

from .curves import CURVES_NAME, MAPS_NAME

SCORES = ('mIoU', 'precision', 'recall', 'F', 'mFscore')


@dataclass(frozen=True)
class Row:
    """A line of the table: a training run and which of its checkpoints is measured.

    Rows of the same config and options share one training run of each seed.

    Attributes:
        config (str): Config file.
        checkpoint (str | None): Name of a checkpoint of the run, such as ``round_1.pth``; None:
            the last.
        options (tuple[str, ...]): ``key=value`` settings of this run, which become part of its
            folder's name.
        test_options (tuple[str, ...]): ``key=value`` settings of the test alone.
    """

    config: str
    checkpoint: str | None = None
    options: tuple[str, ...] = ()
    test_options: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> 'Row':
        """Read a row from a command line.

        Args:
            text (str): ``CONFIG[@CHECKPOINT][ KEY=VALUE …]`` with options of the test.

        Returns:
            Row: The row.
        """
        # Paths may hold blanks.
        source, *test_options = re.split(r'\s+(?=[\w.]+=)', text.strip())
        config, _, checkpoint = source.partition('@')
        return cls(config, checkpoint or None, test_options=tuple(test_options))

    @property
    def run(self) -> str:
        """Name of the folder of its runs."""
        return _file_name(Path(self.config).stem, self.options)

    def measured(self, split: str) -> str:
        """Return the name of the stage that measures the row.

        Args:
            split (str): Name of the split.

        Returns:
            str: The name.
        """
        parts = ['cam', split, *([Path(self.checkpoint).stem] if self.checkpoint else [])]
        return _file_name('_'.join(parts), self.test_options)


def _file_name(name: str, options: Sequence[str]) -> str:
    # Values may hold slashes.
    return '__'.join([name, *(quote(option, '=,[]()+') for option in options)])


@dataclass(frozen=True)
class Comparison:
    """What is compared and where its results go.

    Attributes:
        rows (Mapping[str, Row]): Name in the table → what it measures.
        seeds (Sequence[int]): Seeds of every run.
        splits (Mapping[str, str]): Name in the table → split file, which replaces
            ``test_dataloader.dataset.ann_file``.
        root (Path): Folder of the runs; a run that is complete there is not repeated.
        jobs (int): Runs at a time; they share the cores.
        options (Sequence[str]): Further ``key=value`` settings of every run.
        store (bool): Whether to keep the response maps, see :func:`store_dir`.

    Raises:
        ValueError: If the runs of different configs would share a folder.
    """

    rows: Mapping[str, Row]
    seeds: Sequence[int]
    splits: Mapping[str, str]
    root: Path
    jobs: int = 1
    options: Sequence[str] = field(default_factory=tuple)
    store: bool = False

    def __post_init__(self) -> None:
        refuse_shared_folders((self.root / row.run, row.config) for row in self.rows.values())

    def shared_runs(self) -> list[list[Row]]:
        """List the rows, those of one training run together."""
        runs: dict[str, list[Row]] = {}
        for row in self.rows.values():
            rows = runs.setdefault(row.run, [])
            if row not in rows:
                rows.append(row)
        return list(runs.values())

    def folder(self, row: Row, seed: int) -> Path:
        """Return the folder of a run.

        Args:
            row (Row): A row that the run is measured for.
            seed (int): Seed of the run.

        Returns:
            Path: The folder.
        """
        return self.root / row.run / f'seed_{seed}'


def refuse_shared_folders(folders: Iterable[tuple[Path, str]]) -> None:
    """Refuse that runs of different configs go to one folder.

    Args:
        folders (Iterable[tuple[Path, str]]): Folder and config of every run.

    Raises:
        ValueError: If two configs share a folder; names them.
    """
    owners: dict[Path, str] = {}
    for folder, config in folders:
        owner = owners.setdefault(folder, config)
        if Path(owner).resolve() != Path(config).resolve():
            raise ValueError(
                f'the runs of {owner} and {config} would share the directory {folder}: rename one '
                'of the configs'
            )


def result_file(folder: Path, row: Row, split: str) -> Path:
    """Return the file of a row's scores on a split.

    Args:
        folder (Path): Folder of the run.
        row (Row): The row.
        split (str): Name of the split.

    Returns:
        Path: A file of ``CAMMetric.curve_file``.
    """
    return folder / row.measured(split) / CURVES_NAME


def store_dir(folder: Path, row: Row, split: str) -> Path:
    """Return the folder of a row's response maps of a split.

    Args:
        folder (Path): Folder of the run.
        row (Row): The row.
        split (str): Name of the split.

    Returns:
        Path: A ``CAMStore``.
    """
    return folder / row.measured(split) / MAPS_NAME


def read_scores(comparison: Comparison, name: str, split: str, key: str) -> list[float]:
    """Read a score at the threshold of the best mIoU.

    Args:
        comparison (Comparison): A comparison that has run.
        name (str): Name of the row.
        split (str): Name of the split.
        key (str): The score, one of :data:`SCORES` or 'threshold'.

    Returns:
        list[float]: Its value for each seed.

    Raises:
        DataError: If a file of scores is damaged; names it.
    """
    row = comparison.rows[name]
    folders = [comparison.folder(row, seed) for seed in comparison.seeds]
    files = [result_file(folder, row, split) for folder in folders]
    return [read_best(file, key)[0] for file in files]


def mean_and_deviation(values: Iterable[float]) -> tuple[float, float]:
    """Compute mean and sample standard deviation.

    Args:
        values (Iterable[float]): The values.

    Returns:
        tuple[float, float]: Both; the deviation of a single value is nan.
    """
    values = list(values)
    spread = statistics.stdev(values) if len(values) > 1 else float('nan')
    return statistics.fmean(values), spread


def comparison_table(comparison: Comparison, scores: Sequence[str] = ('mIoU',)) -> str:
    """Write the scores as a table: a line for each row, mean ± sd over the seeds.

    Args:
        comparison (Comparison): A comparison that has run.
        scores (Sequence[str]): Some of :data:`SCORES`, the columns of each split at the threshold
            of the best mIoU, which is a further column. Defaults to mIoU alone.

    Returns:
        str: The table in Markdown.
    """
    columns = [f'{split} {what}' for split in comparison.splits for what in (*scores, 'threshold')]
    lines = [f'| method | {" | ".join(columns)} |', '| --- |' + ' --- |' * len(columns)]
    for name in comparison.rows:
        cells = []
        for split in comparison.splits:
            cells += [score_cell(read_scores(comparison, name, split, key)) for key in scores]
            threshold, _ = mean_and_deviation(read_scores(comparison, name, split, 'threshold'))
            cells.append(f'{threshold:.2f}')
        lines.append(f'| {name} | {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def score_cell(values: Sequence[float]) -> str:
    """Write scores as a cell of a table.

    Args:
        values (Sequence[float]): The score of each seed.

    Returns:
        str: Mean and, of several values, standard deviation.
    """
    mean, spread = mean_and_deviation(values)
    return f'{mean:.1f}' if math.isnan(spread) else f'{mean:.1f} ± {spread:.1f}'
