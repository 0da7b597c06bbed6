"""Several configs with several seeds, each measured on several splits, in one table."""

import json
import math
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

SCORES = ('mIoU', 'precision', 'recall', 'F', 'mFscore')


@dataclass(frozen=True)
class Row:
    """A line of the table: a training run and which of its checkpoints is measured.

    Rows of the same config and options share one training run of each seed.

    Attributes:
        config: Config file.
        checkpoint: Name of a file in the run's directory, such as ``round_1.pth``; None: the last.
        options: ``key=value`` settings of this run, which become part of its directory's name.
        test_options: ``key=value`` settings of the test alone.
    """

    config: str
    checkpoint: str | None = None
    options: tuple[str, ...] = ()
    test_options: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> 'Row':
        """Read ``CONFIG[@CHECKPOINT][ KEY=VALUE …]``, options of the test."""
        # Paths may hold blanks.
        source, *test_options = re.split(r'\s+(?=[\w.]+=)', text.strip())
        config, _, checkpoint = source.partition('@')
        return cls(config, checkpoint or None, test_options=tuple(test_options))

    @property
    def run(self) -> str:
        """Name of the directory of its runs."""
        return _file_name(Path(self.config).stem, self.options)

    def measured(self, split: str) -> str:
        """Name of what its test on a split leaves, without suffix."""
        parts = ['cam', split, *([Path(self.checkpoint).stem] if self.checkpoint else [])]
        return _file_name('_'.join(parts), self.test_options)


def _file_name(name: str, options: Sequence[str]) -> str:
    # Values may hold slashes.
    return '__'.join([name, *(quote(option, '=,[]()+') for option in options)])


@dataclass(frozen=True)
class Comparison:
    """What is compared and where its results go.

    Attributes:
        rows: Name in the table → what it measures.
        seeds: Seeds of every run.
        splits: Name in the table → split file, replacing ``test_dataloader.dataset.ann_file``.
        root: Directory of the runs; a run that is complete there is not repeated.
        jobs: Runs at a time; they share the cores.
        options: Further ``key=value`` settings of every run.
        store: Whether to keep the response maps, see :func:`store_dir`.

    Raises:
        ValueError: If the runs of different configs would share a directory.
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
        """The rows, those of one training run together."""
        runs: dict[str, list[Row]] = {}
        for row in self.rows.values():
            rows = runs.setdefault(row.run, [])
            if row not in rows:
                rows.append(row)
        return list(runs.values())

    def folder(self, row: Row, seed: int) -> Path:
        """Where the run of a row with a seed keeps its files."""
        return self.root / row.run / f'seed_{seed}'


def refuse_shared_folders(folders: Iterable[tuple[Path, str]]) -> None:
    """Refuse that runs of different configs go to one directory.

    Args:
        folders: Directory and config of every run.

    Raises:
        ValueError: Names two such configs.
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
    """Where a run keeps a row's scores on a split, see ``CAMMetric.curve_file``."""
    return folder / f'{row.measured(split)}.json'


def store_dir(folder: Path, row: Row, split: str) -> Path:
    """Where a run keeps a row's response maps of a split, a ``CAMStore``."""
    return folder / row.measured(split)


def read_scores(comparison: Comparison, name: str, split: str, key: str) -> list[float]:
    """A figure of a row on a split at the threshold of the best mIoU, one value a seed."""
    row = comparison.rows[name]
    folders = [comparison.folder(row, seed) for seed in comparison.seeds]
    files = [result_file(folder, row, split) for folder in folders]
    return [best_score(json.loads(file.read_text()), key) for file in files]


def best_score(curves: Mapping[str, Sequence[float]], key: str) -> float:
    """The value of ``curves[key]`` where mIoU is best, of a file of ``CAMMetric.curve_file``."""
    best = max(range(len(curves['mIoU'])), key=lambda index: curves['mIoU'][index])
    return curves[key][best]


def mean_and_deviation(values: Iterable[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (nan for a single value)."""
    values = list(values)
    spread = statistics.stdev(values) if len(values) > 1 else float('nan')
    return statistics.fmean(values), spread


def comparison_table(comparison: Comparison, scores: Sequence[str] = ('mIoU',)) -> str:
    """A Markdown table, a line a row, mean (± sd) over seeds at the threshold of the best mIoU.

    Args:
        comparison: Complete, see ``run_comparison``.
        scores: Of :data:`SCORES`, the columns of each split; its threshold is the last.
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
    """Mean (± sd, where there are several values) of a table's cell."""
    mean, spread = mean_and_deviation(values)
    return f'{mean:.1f}' if math.isnan(spread) else f'{mean:.1f} ± {spread:.1f}'
