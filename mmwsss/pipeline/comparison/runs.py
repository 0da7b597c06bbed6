"""Train and measure what a comparison lacks; refuse what another config left in its folders."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DefaultScope
from rich.progress import track

from mmwsss.compat.moved_runs import find_last_checkpoint
from mmwsss.datasets.check import check_num_classes, raise_faults
from mmwsss.engine.initial_weights import fill_seed
from mmwsss.pipeline.shipped import TOOLS
from mmwsss.registry import DATASETS
from mmwsss.structures.fingerprints import settings_fingerprint

from .rows import Comparison, Row, result_file, store_dir
from .run_record import (
    RunRecord,
    checked_record,
    testing_fingerprint,
    training_fingerprints,
    with_options,
)


@dataclass
class _Job:
    """A training run of a seed and what is not there yet of it.

    Attributes:
        folder: Of the run.
        record: Of what is in the folder, and what the training will be.
        options: Settings of the training.
        training: Its config, if it is not finished.
        tests: Row, split, config and fingerprint of what is to be measured.
    """

    folder: Path
    record: RunRecord
    options: list[str]
    training: Config | None
    tests: list[tuple[Row, str, Config, str]]


def run_comparison(comparison: Comparison) -> None:
    """Train and test whatever is not there yet.

    Raises:
        ValueError: If a run's directory holds a run of other settings.
        DataError: If data is missing or wrong; before any training.
        RuntimeError: If a run fails; names its log.
        FileNotFoundError: If there is no such config, nor the checkpoint that a training begins
            with, nor a run that makes it; or a run has no such checkpoint to be measured.
    """
    configs = {
        rows[0].run: with_options(_read_config(rows[0].config), _options(comparison, rows[0]))
        for rows in comparison.shared_runs()
    }
    jobs = [
        _plan(comparison, configs[rows[0].run], rows, seed)
        for seed in comparison.seeds
        for rows in comparison.shared_runs()
    ]
    groups = _ordered(jobs)
    _check_data(jobs)
    with ThreadPoolExecutor(comparison.jobs) as pool:
        for _ in track(_run_all(comparison, groups, pool), 'runs', total=len(jobs)):
            pass  # the results are files


def _read_config(path: str) -> Config:
    if not Path(path).is_file():
        raise FileNotFoundError(f'{path}: there is no such config')
    return Config.fromfile(path)


def _plan(comparison: Comparison, cfg: Config, rows: Sequence[Row], seed: int) -> _Job:
    """Find out what is to be done of a run.

    Args:
        comparison: Whole.
        cfg: Of the rows, but for seed and split.
        rows: All of one training run.
        seed: Of the run.
    """
    folder = comparison.folder(rows[0], seed)
    options = [*_options(comparison, rows[0]), f'randomness.seed={seed}']
    cfg = with_options(cfg, options[-1:])
    wanted = RunRecord(rows[0].config, options, training_fingerprints(cfg))
    record = checked_record(folder, wanted)
    tests = []
    for row in rows:
        for split in comparison.splits:
            test = with_options(cfg, _test_options(comparison, row, split))
            fingerprint = testing_fingerprint(test)
            file = result_file(folder, row, split)
            if not file.exists() or record.results.get(file.name) != fingerprint:
                tests.append((row, split, test, fingerprint))
    trained = not tests or (folder / 'trained').exists()
    return _Job(folder, record, options, None if trained else cfg, tests)


def _ordered(jobs: Sequence[_Job]) -> list[list[_Job]]:
    """Groups to be run one after the other: what begins with another's checkpoint comes later."""
    by_folder = {job.folder.resolve(): job for job in jobs}
    needs = {folder: _needed_run(job, by_folder) for folder, job in by_folder.items()}
    sorter = TopologicalSorter({folder: [run] if run else [] for folder, run in needs.items()})
    sorter.prepare()
    groups = []
    while sorter.is_active():
        ready = sorter.get_ready()
        groups.append([job for folder, job in by_folder.items() if folder in ready])
        sorter.done(*ready)
    return groups


def _needed_run(job: _Job, by_folder: Mapping[Path, _Job]) -> Path | None:
    """Folder of the run that has yet to make the checkpoint that a training begins with."""
    file = _lacking_start(job)
    if file is None:
        return None
    for folder in file.resolve().parents:
        if folder in by_folder and by_folder[folder].training and by_folder[folder] is not job:
            return folder
    raise _no_start(job, file)


def _lacking_start(job: _Job) -> Path | None:
    """The file of ``load_from`` of a training that is yet to begin, if it is not there."""
    if job.training is None:
        return None
    load_from = job.training.get('load_from')
    if not load_from or '://' in load_from or find_last_checkpoint(str(job.folder)):
        return None
    file = Path(fill_seed(load_from, job.training.randomness.seed)).expanduser()
    return None if file.is_file() else file


def _no_start(job: _Job, file: Path) -> FileNotFoundError:
    return FileNotFoundError(
        f'{job.record.config}: there is no {file}, which load_from names, and no run of this '
        'comparison that makes it: add its row, or set load_from'
    )


def _check_data(jobs: Sequence[_Job]) -> None:
    """Build every dataset that the jobs will read, rather than fail after hours of training."""
    wanted = [(job.training, 'train_dataloader') for job in jobs if job.training]
    wanted += [(test, 'test_dataloader') for job in jobs for _, _, test, _ in job.tests]
    datasets: dict[str, BaseDataset] = {}
    faults: dict[str, None] = {}
    for cfg, loader in wanted:
        settings = cfg[loader].dataset
        key = settings_fingerprint(settings)
        if key not in datasets:
            with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmwsss')):
                datasets[key] = DATASETS.build(settings)
        name = f'{cfg.filename}, {loader}'
        faults |= dict.fromkeys(check_num_classes(datasets[key], cfg.model, name))
    raise_faults(list(faults))


def _run_all(
    comparison: Comparison, groups: Sequence[Sequence[_Job]], pool: ThreadPoolExecutor
) -> Iterator[None]:
    for jobs in groups:
        yield from pool.map(lambda job: _run(comparison, job), jobs)


def _run(comparison: Comparison, job: _Job) -> None:
    """Train once; measure every row's checkpoint on every split."""
    record = job.record
    if record != RunRecord.read(job.folder):
        record.write(job.folder)
    if job.training:
        if file := _lacking_start(job):
            raise _no_start(job, file)
        _say(f'{job.folder}: training, log in {job.folder}/train.out')
        arguments = ['--resume', '--no-validate']
        _call(comparison, job.folder, 'train.py', record.config, arguments, job.options)
        (job.folder / 'trained').touch()
    for row, split, _, fingerprint in job.tests:
        _measure(comparison, job, row, split)
        record = record.with_result(result_file(job.folder, row, split).name, fingerprint)
        record.write(job.folder)


def _measure(comparison: Comparison, job: _Job, row: Row, split: str) -> None:
    options = [*job.options, *_test_options(comparison, row, split)]
    options.append(f'test_evaluator.curve_file={result_file(job.folder, row, split)}')
    arguments = [str(_checkpoint(job.folder, row))]
    store = store_dir(job.folder, row, split)
    # Left by an interrupted test, or by one with other settings.
    shutil.rmtree(store, ignore_errors=True)
    if comparison.store:
        arguments += ['--out', str(store)]
    _say(f'{job.folder}: measuring {row.measured(split)}')
    _call(comparison, job.folder, 'test.py', row.config, arguments, options)


def _checkpoint(folder: Path, row: Row) -> Path:
    file = folder / row.checkpoint if row.checkpoint else find_last_checkpoint(str(folder))
    if file is None or not Path(file).is_file():
        wanted = folder / (row.checkpoint or 'last_checkpoint')
        others = ', '.join(sorted(other.name for other in folder.glob('*.pth')))
        raise FileNotFoundError(f'{wanted}: there is no such checkpoint, but {others or "none"}')
    return Path(file)


def _options(comparison: Comparison, row: Row) -> list[str]:
    return [*comparison.options, *row.options]


def _test_options(comparison: Comparison, row: Row, split: str) -> list[str]:
    return [*row.test_options, f'test_dataloader.dataset.ann_file={comparison.splits[split]}']


def _say(line: str) -> None:
    # In one piece: several runs write at a time.
    print(f'{line}\n', end='', flush=True)


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
