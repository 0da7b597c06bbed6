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

from rich.progress import track

TOOLS = Path(__file__).resolve().parents[1] / '.mim' / 'tools'


@dataclass(frozen=True)
class Comparison:
    """What is compared and where its results go.

    Attributes:
        configs: Name in the table → config file.
        seeds: Seeds of every config.
        splits: Name in the table → split file, replacing ``test_dataloader.dataset.ann_file``.
        root: Directory of the runs; a run that is complete there is not repeated.
        jobs: Runs at a time; they share the cores.
        options: Further ``key=value`` settings of every run.
        store: Whether to keep the response maps, see :func:`store_dir`.
    """

    configs: Mapping[str, str]
    seeds: Sequence[int]
    splits: Mapping[str, str]
    root: Path
    jobs: int = 1
    options: Sequence[str] = field(default_factory=tuple)
    store: bool = False


def run_comparison(comparison: Comparison) -> None:
    """Train and test whatever is not there yet.

    Raises:
        RuntimeError: If a run fails; names its log.
    """
    runs = [(name, seed) for seed in comparison.seeds for name in comparison.configs]
    with ThreadPoolExecutor(comparison.jobs) as pool:
        done = pool.map(lambda run: _run(comparison, *run), runs)
        for _ in track(done, 'runs', total=len(runs)):
            pass  # the results are files


def _run(comparison: Comparison, name: str, seed: int) -> None:
    config, work_dir = comparison.configs[name], run_dir(comparison, name, seed)
    pending = [s for s in comparison.splits if not result_file(work_dir, s).exists()]
    if not pending:
        return
    options = [*comparison.options, f'randomness.seed={seed}']
    checkpoint = work_dir / 'last_checkpoint'
    if not (work_dir / 'trained').exists():
        _say(f'{name}, seed {seed}: training, log in {work_dir}/train.out')
        _call(comparison, work_dir, 'train.py', config, ['--resume', '--no-validate'], options)
        (work_dir / 'trained').touch()
    for split in pending:
        measured = [
            *options,
            f'test_dataloader.dataset.ann_file={comparison.splits[split]}',
            f'test_evaluator.curve_file={result_file(work_dir, split)}',
        ]
        arguments = [checkpoint.read_text().strip()]
        if comparison.store:
            # An interrupted test left some pictures there.
            shutil.rmtree(store_dir(work_dir, split), ignore_errors=True)
            arguments += ['--out', str(store_dir(work_dir, split))]
        _say(f'{name}, seed {seed}: measuring {split}')
        _call(comparison, work_dir, 'test.py', config, arguments, measured)


def _say(line: str) -> None:
    # In one piece: several runs write at a time.
    print(f'{line}\n', end='', flush=True)


def run_dir(comparison: Comparison, name: str, seed: int) -> Path:
    """Where the run of a config with a seed keeps its files."""
    return comparison.root / Path(comparison.configs[name]).stem / f'seed_{seed}'


def result_file(work_dir: Path, split: str) -> Path:
    """Where a run keeps its scores on a split, see ``CAMMetric.curve_file``."""
    return work_dir / f'cam_{split}.json'


def store_dir(work_dir: Path, split: str) -> Path:
    """Where a run keeps its response maps of a split, a ``CAMStore``."""
    return work_dir / f'cam_{split}'


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
    """A figure of a config on a split at the threshold of the best mIoU, one value a seed."""
    files = [result_file(run_dir(comparison, name, s), split) for s in comparison.seeds]
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


def comparison_table(comparison: Comparison) -> str:
    """A Markdown table: a row a config; mIoU at its best threshold, mean (± sd) over seeds."""
    columns = [f'{split} {what}' for split in comparison.splits for what in ('mIoU', 'threshold')]
    lines = [f'| method | {" | ".join(columns)} |', '| --- |' + ' --- |' * len(columns)]
    for name in comparison.configs:
        cells = []
        for split in comparison.splits:
            mean, spread = mean_and_deviation(read_scores(comparison, name, split, 'mIoU'))
            threshold, _ = mean_and_deviation(read_scores(comparison, name, split, 'threshold'))
            deviation = '' if math.isnan(spread) else f' ± {spread:.1f}'
            cells += [f'{mean:.1f}{deviation}', f'{threshold:.2f}']
        lines.append(f'| {name} | {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'
