"""Train and measure what a comparison lacks: a pipeline for each method and seed."""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from mmengine.config import DictAction

from mmwsss.compat.moved_runs import find_last_checkpoint
from mmwsss.pipeline.check import PipelineCheck
from mmwsss.pipeline.pipeline import Pipeline
from mmwsss.pipeline.records import StageRecord
from mmwsss.pipeline.run import show as print_line
from mmwsss.pipeline.stage_folder import read_begun, require_own
from mmwsss.pipeline.stages import TrainStage

from .curves import CurveStage
from .rows import Comparison, Row

_TRAIN = 'train'


@dataclass(frozen=True)
class _Run:
    """A training run of a seed with its tests, and what is not there yet of it.

    Attributes:
        pipeline (Pipeline): Training and tests.
        lacking (list[str]): Names of the stages that are to run.
        options (Sequence[str]): ``key=value`` settings of the training.
    """

    pipeline: Pipeline
    lacking: list[str]
    options: Sequence[str]

    @property
    def training(self) -> TrainStage:
        """Stage that trains."""
        stage = self.pipeline.stages[_TRAIN]
        assert isinstance(stage, TrainStage)
        return stage

    def lacking_start(self) -> Path | None:
        """Return the file of ``load_from`` of a training that is yet to begin, if it is missing."""
        if _TRAIN not in self.lacking:
            return None
        load_from = self.training.load_config(self.pipeline.seed).get('load_from')
        if not load_from or '://' in load_from or Path(load_from).expanduser().is_file():
            return None
        has_begun = find_last_checkpoint(str(self.pipeline.folder(self.training) / 'run'))
        return None if has_begun else Path(load_from).expanduser()


def run_comparison(comparison: Comparison, show: Callable[[str], None] = print_line) -> None:
    """Train and test whatever is not there yet.

    Args:
        comparison (Comparison): What is compared.
        show (Callable[[str], None]): Takes a line on what happens, from several threads.

    Raises:
        ValueError: If a run's folder holds a run of other settings.
        DataError: If data is missing or wrong; before any training.
        StageError: If a tool fails; names its log.
        FileNotFoundError: If there is no such config, nor the checkpoint that a training begins
            with, nor a run that makes it; or a run has no such checkpoint to be measured.
    """
    runs = [
        _plan(comparison, rows, seed)
        for seed in comparison.seeds
        for rows in comparison.shared_runs()
    ]
    groups = _ordered([run for run in runs if run.lacking])
    _check(runs)
    with ThreadPoolExecutor(comparison.jobs) as pool:
        for _ in _run_all(groups, pool, show):
            pass  # the results are files


def parse_options(options: Sequence[str]) -> dict[str, Any]:
    """Read ``key=value`` options as the tools read ``--cfg-options``.

    Args:
        options (Sequence[str]): The options.

    Returns:
        dict[str, Any]: Dotted key → value.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='*', action=DictAction, default={})
    return parser.parse_args(['--cfg-options', *options]).cfg_options


def _plan(comparison: Comparison, rows: Sequence[Row], seed: int) -> _Run:
    """Find out what is to be done of a run.

    Args:
        comparison (Comparison): What is compared.
        rows (Sequence[Row]): All rows of one training run.
        seed (int): Seed of the run.
    """
    options = [*comparison.options, *rows[0].options]
    config, name = rows[0].config, f'{rows[0].run}, seed {seed}'
    training = TrainStage(
        name=_TRAIN, config=config, title=f'{name}: training', cfg_options=parse_options(options)
    )
    tests = [
        CurveStage(
            name=row.measured(split),
            config=config,
            title=f'{name}: {row.measured(split)}',
            cfg_options=parse_options(
                [*options, *row.test_options, _split_option(comparison, split)]
            ),
            checkpoint=_TRAIN,
            checkpoint_file=row.checkpoint,
            keep_maps=comparison.store,
        )
        for row in rows
        for split in comparison.splits
    ]
    stages = {stage.name: stage for stage in [training, *tests]}
    folder = comparison.folder(rows[0], seed)
    pipeline = Pipeline(stages, folder, seed, jobs=comparison.jobs)
    _refuse_other_training(pipeline, training, options)
    # Results are kept though the checkpoints are gone that they were measured with.
    trained = StageRecord.read(pipeline.folder(training))
    done = {_TRAIN: trained} if trained else {}
    lacking = [test.name for test in tests if not (done and pipeline.is_done(test, done))]
    return _Run(pipeline, lacking if done or not lacking else [_TRAIN, *lacking], options)


def _split_option(comparison: Comparison, split: str) -> str:
    return f'test_dataloader.dataset.ann_file={comparison.splits[split]}'


def _refuse_other_training(
    pipeline: Pipeline, training: TrainStage, options: Sequence[str]
) -> None:
    """Check that what a run's folder holds was trained with the settings that are wanted.

    Raises:
        ValueError: If it was trained with others, or nothing tells which; names the remedy.
    """
    folder = pipeline.folder(training)
    require_own(folder)
    record = StageRecord.read(folder)
    made_from = record.made_from if record else read_begun(folder)
    if made_from is None or not any((folder / 'run').glob('*.pth')):
        return
    cfg = training.load_config(pipeline.seed)
    changes = made_from.changes(training.dependencies(cfg, pipeline.seed, {}))
    if changes:
        source = record.config if record else 'a run that was interrupted'
        raise ValueError(
            f'{pipeline.work_dir}: was trained by {source}, which differs from '
            f'{" ".join([training.config, *options])} as it is now in {", ".join(changes)}: take '
            f'another --work-dir, or delete {pipeline.work_dir}'
        )


def _ordered(runs: Sequence[_Run]) -> list[list[_Run]]:
    """Group runs to be run one after the other: what begins with another's checkpoint is later."""
    by_folder = {run.pipeline.work_dir.resolve(): run for run in runs}
    needs = {folder: _needed_run(run, by_folder) for folder, run in by_folder.items()}
    sorter = TopologicalSorter({folder: [run] if run else [] for folder, run in needs.items()})
    sorter.prepare()
    groups = []
    while sorter.is_active():
        ready = sorter.get_ready()
        groups.append([run for folder, run in by_folder.items() if folder in ready])
        sorter.done(*ready)
    return groups


def _needed_run(run: _Run, by_folder: Mapping[Path, _Run]) -> Path | None:
    """Return the folder of the run that has yet to make the checkpoint a training begins with."""
    file = run.lacking_start()
    if file is None:
        return None
    for folder in file.resolve().parents:
        other = by_folder.get(folder)
        if other is not None and other is not run and _TRAIN in other.lacking:
            return folder
    raise _no_start(run, file)


def _no_start(run: _Run, file: Path) -> FileNotFoundError:
    return FileNotFoundError(
        f'{run.training.config}: there is no {file}, which load_from names, and no run of this '
        'comparison that makes it: add its row, or set load_from'
    )


def _check(runs: Sequence[_Run]) -> None:
    """Build what the runs will build, rather than fail after hours of training."""
    check = PipelineCheck()
    for run in runs:
        for name in run.lacking:
            stage = run.pipeline.stages[name]
            if name == _TRAIN:
                # Another run may make the checkpoint that it begins with: see _needed_run.
                stage = replace(stage, inputs={'load_from': 'another run'})
            check.add_stage(stage, f'{stage.config}, stage {name!r}')
    check.raise_faults()


def _run_all(
    groups: Sequence[Sequence[_Run]], pool: ThreadPoolExecutor, show: Callable[[str], None]
) -> Iterator[None]:
    for runs in groups:
        yield from pool.map(lambda run: _run(run, show), runs)


def _run(run: _Run, show: Callable[[str], None]) -> None:
    if file := run.lacking_start():
        raise _no_start(run, file)
    run.pipeline.run(run.lacking, show=show)
