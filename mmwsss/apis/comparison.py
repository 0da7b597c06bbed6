"""Train several configs with several seeds, measure each on several splits, make one table."""

import json
import math
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from rich.progress import track

from .shipped import TOOLS

SCORES = ('mIoU', 'precision', 'recall', 'F', 'mFscore')


@dataclass(frozen=True)
class Row:
    """A line of the table: a training run and which of its checkpoints is measured.

    Rows of the same config and options share one training run of each seed.

    Attributes:
        config: Config file.
        checkpoint: Name of a file in the run's directory, such as ``round_1.pth``; None: the last.
        options: ``key=value`` settings of this run, which become part of its directory's name.
    """

    config: str
    checkpoint: str | None = None
    options: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> 'Row':
        """Read ``CONFIG[@CHECKPOINT]``."""
        config, _, checkpoint = text.partition('@')
        return cls(config, checkpoint or None)

    @property
    def run(self) -> str:
        """Name of the directory of its runs."""
        # Values may hold slashes.
        return '__'.join([Path(self.config).stem, *(quote(o, '=,[]()+') for o in self.options)])


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
        owners: dict[str, str] = {}
        for row in self.rows.values():
            owner = owners.setdefault(row.run, row.config)
            if owner != row.config:
                raise ValueError(
                    f'the runs of {owner} and {row.config} would share the directory '
                    f'{self.root / row.run}: rename one of the configs'
                )

    def shared_runs(self) -> list[list[Row]]:
        """The rows, those of one training run together."""
        runs: dict[str, list[Row]] = {}
        for row in self.rows.values():
            rows = runs.setdefault(row.run, [])
            if row not in rows:
                rows.append(row)
        return list(runs.values())


def run_comparison(comparison: Comparison) -> None:
    """Train and test whatever is not there yet.

    Raises:
        RuntimeError: If a run fails; names its log.
        FileNotFoundError: If a run has no such checkpoint.
    """
    runs = [(rows, seed) for seed in comparison.seeds for rows in comparison.shared_runs()]
    with ThreadPoolExecutor(comparison.jobs) as pool:
        done = pool.map(lambda run: _run(comparison, *run), runs)
        for _ in track(done, 'runs', total=len(runs)):
            pass  # the results are files


def _run(comparison: Comparison, rows: Sequence[Row], seed: int) -> None:
    """Train once; measure every row's checkpoint on every split."""
    work_dir = _work_dir(comparison, rows[0], seed)
    pending = [
        (row, split)
        for row in rows
        for split in comparison.splits
        if not result_file(work_dir, split, row.checkpoint).exists()
    ]
    if not pending:
        return
    if not (work_dir / 'trained').exists():
        _say(f'{rows[0].run}, seed {seed}: training, log in {work_dir}/train.out')
        options = _options(comparison, rows[0], seed)
        arguments = ['--resume', '--no-validate']
        _call(comparison, work_dir, 'train.py', rows[0].config, arguments, options)
        (work_dir / 'trained').touch()
    for row, split in pending:
        _measure(comparison, row, seed, split)


def _measure(comparison: Comparison, row: Row, seed: int, split: str) -> None:
    work_dir = _work_dir(comparison, row, seed)
    options = [
        *_options(comparison, row, seed),
        f'test_dataloader.dataset.ann_file={comparison.splits[split]}',
        f'test_evaluator.curve_file={result_file(work_dir, split, row.checkpoint)}',
    ]
    arguments = [str(_checkpoint(work_dir, row))]
    if comparison.store:
        store = store_dir(work_dir, split, row.checkpoint)
        # An interrupted test left some pictures there.
        shutil.rmtree(store, ignore_errors=True)
        arguments += ['--out', str(store)]
    at = f' at {row.checkpoint}' if row.checkpoint else ''
    _say(f'{row.run}, seed {seed}{at}: measuring {split}')
    _call(comparison, work_dir, 'test.py', row.config, arguments, options)


def _checkpoint(work_dir: Path, row: Row) -> Path:
    if row.checkpoint is None:
        return Path((work_dir / 'last_checkpoint').read_text().strip())
    file = work_dir / row.checkpoint
    if not file.is_file():
        others = ', '.join(sorted(other.name for other in work_dir.glob('*.pth')))
        raise FileNotFoundError(f'{file}: there is no such checkpoint, but {others or "none"}')
    return file


def _options(comparison: Comparison, row: Row, seed: int) -> list[str]:
    return [*comparison.options, *row.options, f'randomness.seed={seed}']


def _say(line: str) -> None:
    # In one piece: several runs write at a time.
    print(f'{line}\n', end='', flush=True)


def run_dir(comparison: Comparison, name: str, seed: int) -> Path:
    """Where the run of a row with a seed keeps its files."""
    return _work_dir(comparison, comparison.rows[name], seed)


def _work_dir(comparison: Comparison, row: Row, seed: int) -> Path:
    return comparison.root / row.run / f'seed_{seed}'


def result_file(work_dir: Path, split: str, checkpoint: str | None = None) -> Path:
    """Where a run keeps its scores on a split, see ``CAMMetric.curve_file``."""
    return work_dir / f'{store_dir(work_dir, split, checkpoint).name}.json'


def store_dir(work_dir: Path, split: str, checkpoint: str | None = None) -> Path:
    """Where a run keeps its response maps of a split, a ``CAMStore``."""
    return work_dir / '_'.join(['cam', split, *([Path(checkpoint).stem] if checkpoint else [])])


def _call(
    comparison: Comparison,
    work_dir: Path,
    tool: str,
    config: str,
    arguments: list[str],
    options: list[str],
) -> None:
    work_dir.mkdir(parents=True, exist_ok=True)
    log = work_dir / f'{Path(tool).stem}.out'
    command = [sys.executable, str(TOOLS / tool), config, *arguments]
    command += ['--work-dir', str(work_dir), '--cfg-options', *options]
    threads = max(1, (os.cpu_count() or 1) // comparison.jobs)
    environment = {'OMP_NUM_THREADS': str(threads), **os.environ}
    with log.open('a') as stream:
        code = subprocess.run(command, stdout=stream, stderr=stream, env=environment).returncode
    if code != 0:
        raise RuntimeError(f'{tool} of {config} in {work_dir} failed with {code}: see {log}')


def read_scores(comparison: Comparison, name: str, split: str, key: str) -> list[float]:
    """A figure of a row on a split at the threshold of the best mIoU, one value a seed."""
    checkpoint = comparison.rows[name].checkpoint
    folders = [run_dir(comparison, name, seed) for seed in comparison.seeds]
    files = [result_file(folder, split, checkpoint) for folder in folders]
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
        comparison: Complete, see :func:`run_comparison`.
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
