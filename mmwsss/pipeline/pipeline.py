"""Walk a pipeline's stages: skip what is done, resume what was begun, repeat what changed."""

import json
import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mmengine.config import Config

from mmwsss.folder_lock import FolderLock, locked
from mmwsss.structures.fingerprints import (
    data_fingerprint,
    file_fingerprints,
    fingerprint_of,
    output_fingerprint,
    settings_fingerprint,
)
from mmwsss.structures.tables import write_json
from mmwsss.version import __version__

from .check import PipelineCheck
from .processes import run_tool, tool_command
from .records import RECORD_NAME, StageRecord
from .stage import Stage

BEGUN_NAME = 'begun.json'
RESULTS_NAME = 'results.json'
LOG_NAME = 'tool.log'


@dataclass(frozen=True)
class Pipeline:
    """Stages in their order, and the folder that keeps what they make.

    Attributes:
        stages: by name; each needs only stages before it.
        work_dir: has a folder for each stage.
        seed: of all stages.
        launcher: 'none', 'pytorch' or 'slurm'.
        processes: of a launcher; they share the batches of the configs.
        report: settings of the report, see ``write_report``; None: no report.
        verbose: show the output of the tools, which otherwise goes to ``tool.log`` of the stage.
    """

    stages: Mapping[str, Stage]
    work_dir: Path
    seed: int = 0
    launcher: str = 'none'
    processes: int = 1
    report: Mapping | None = None
    verbose: bool = False

    @classmethod
    def from_config(cls, cfg: Config, **overrides) -> 'Pipeline':
        """Read a pipeline's config, see docs/pipeline.md.

        Args:
            cfg: with ``configs``, ``stages`` and ``work_dir``.
            **overrides: attributes that replace those of the config.

        Raises:
            ValueError: a stage has a wrong setting, or needs one that does not come before it.
        """
        for key in ('stages', 'work_dir'):
            if key not in cfg:
                raise ValueError(f'{cfg.filename}: has no {key}; inherit a config of pipelines/')
        configs = dict(cfg.get('configs', {}))
        given = {name: settings for name, settings in cfg.stages.items() if settings is not None}
        stages = {name: Stage.parse(name, one, configs) for name, one in given.items()}
        before: list[str] = []
        for stage in stages.values():
            unknown = [name for name in stage.needs if name not in before]
            if unknown:
                raise ValueError(
                    f'stage {stage.name!r} needs {unknown[0]!r}, which is no stage before it'
                )
            before.append(stage.name)
        report = _report_settings(cfg.get('report'), cfg.stages.keys() - stages.keys())
        pipeline = cls(stages, Path(cfg.work_dir), cfg.get('seed', 0), report=report)
        return replace(pipeline, **overrides)

    @property
    def _workers(self) -> int:
        return 1 if self.launcher == 'none' else self.processes

    def folder(self, stage: Stage) -> Path:
        """Where a stage keeps its files."""
        return self.work_dir / stage.name

    def chosen(self, names: Sequence[str] | None, start: str | None) -> list[str]:
        """Names of the stages to run: those of ``names``, or ``start`` and all after it.

        Raises:
            ValueError: an unknown stage.
        """
        everything = list(self.stages)
        for name in [*(names or ()), *([start] if start else [])]:
            if name not in self.stages:
                raise ValueError(f'no stage {name!r}; there are {", ".join(everything)}')
        if names:
            return [name for name in everything if name in names]
        return everything[everything.index(start) if start else 0 :]

    def check(self, names: Sequence[str] | None = None, decode: bool = False) -> None:
        """Build what the stages will build, before hours of training; docs/pipeline.md has a list.

        Args:
            names: of the stages that will run; None: all.
            decode: decode every image and mask, too.

        Raises:
            DataError: faults of the data, or classes that differ.
            OSError, ValueError, ImportError: what else is wrong; names the stage.
        """
        check = PipelineCheck(decode, self._workers)
        for name in self.chosen(names, None):
            check.add_stage(self.stages[name])
        if self.report is not None:
            check.add_report(self.report, self.stages)
        check.raise_faults()

    def fingerprint(self, stage: Stage, cfg: Config, done: Mapping[str, StageRecord]) -> str:
        """Fingerprint of all that a stage's output depends on.

        Args:
            stage: whose.
            cfg: its config without the outputs of other stages.
            done: records of the stages that it needs.
        """
        cfg = stage.with_inputs_named(cfg)
        parts = [__version__, stage.tool, settings_fingerprint(stage.relevant(cfg))]
        # Labels have nothing random.
        parts += [f'seed {self.seed}'] if stage.tool in ('train', 'test') else []
        parts += [data_fingerprint(stage.datasets(cfg), stage.mask_folders(cfg))]
        parts += [stage.checkpoint_file or '', *file_fingerprints(stage.initial_weights(cfg))]
        for name in stage.needs:
            parts += [name, done[name].output_fingerprint]
        return fingerprint_of(parts)

    def run(
        self,
        names: Sequence[str] | None = None,
        start: str | None = None,
        again: bool = False,
        say: Callable[[str], None] = print,
    ) -> list[StageRecord]:
        """Run stages; those that are done with the same inputs are skipped.

        Args:
            names: of the stages to run; None: all. Others are taken as they are.
            start: run this stage and all after it.
            again: run the chosen stages even if they are done.
            say: takes a line on what happens.

        Returns:
            what all finished stages have left, in order.

        Raises:
            StageError: a tool failed.
            ValueError: a chosen stage needs one that has not run.
            RuntimeError: another run works in the same folder.
        """
        chosen = self.chosen(names, start)
        done: dict[str, StageRecord] = {}
        with locked(self.work_dir) as lock:
            for name, stage in self.stages.items():
                if name in chosen:
                    done[name] = self._advance(stage, done, lock, again, say)
                elif record := StageRecord.read(self.folder(stage)):
                    done[name] = record
            write_json(self.work_dir / RESULTS_NAME, [record.summary() for record in done.values()])
        return list(done.values())

    def _advance(
        self,
        stage: Stage,
        done: Mapping[str, StageRecord],
        lock: FolderLock,
        again: bool,
        say: Callable[[str], None],
    ) -> StageRecord:
        missing = [name for name in stage.needs if name not in done]
        if missing:
            raise ValueError(f'stage {stage.name!r} needs {missing[0]!r}, which has not run yet')
        cfg = stage.load_config()
        fingerprint = self.fingerprint(stage, cfg, done)
        folder = self.folder(stage)
        record = StageRecord.read(folder)
        if record and not again and _is_current(record, fingerprint):
            say(f'== {stage.title}: done before ({record.result()})')
            return self._renamed(record, stage)
        resumed = record is None and not again and _has_begun(folder, fingerprint)
        reason = 'goes on' if resumed else 'begins' if record is None else 'begins again'
        say(
            f'== {stage.title}: {reason}'
            + ('' if self.verbose else f', log in {folder / LOG_NAME}')
        )
        if resumed:
            _clear_results(stage, folder)
        else:
            _clear(folder)
            write_json(folder / BEGUN_NAME, {'fingerprint': fingerprint})
        begin = time.monotonic()
        stage.runnable_config(cfg, folder, done, self.seed, self._workers)
        cfg.dump(str(folder / 'config.py'))
        command = tool_command(stage.arguments(folder, done), self.launcher, self._workers)
        run_tool(command, lock, None if self.verbose else folder / LOG_NAME)
        record = self._finish(stage, cfg, fingerprint, time.monotonic() - begin, resumed)
        say(f'== {stage.title}: {record.result()}')
        return record

    def _finish(
        self, stage: Stage, cfg: Config, fingerprint: str, seconds: float, resumed: bool
    ) -> StageRecord:
        folder = self.folder(stage)
        output, kind = stage.output(folder, cfg)
        metrics, class_iou = stage.measured(folder)
        record = StageRecord(
            name=stage.name,
            tool=stage.tool,
            title=stage.title,
            config=stage.config,
            output=output,
            kind=kind,
            seconds=seconds,
            fingerprint=fingerprint,
            output_fingerprint=output_fingerprint(output),
            metrics=metrics,
            class_iou=class_iou,
            reference=stage.reference,
            resumed=resumed,
        )
        record.write(folder)
        return record

    def _renamed(self, record: StageRecord, stage: Stage) -> StageRecord:
        """The record with the names that the config has now."""
        renamed = replace(record, title=stage.title, reference=stage.reference)
        if renamed != record:
            renamed.write(self.folder(stage))
        return renamed


def _report_settings(report: Mapping | None, dropped: Collection[str]) -> Mapping | None:
    """A report's settings without the stages that the pipeline inherits, but leaves out."""
    if report is None:
        return None
    columns = {heading: name for heading, name in report.get('columns', {}).items() if name}
    shown = {heading: name for heading, name in columns.items() if name not in dropped}
    bars = [name for name in report.get('bars', ()) if name not in dropped]
    return {**report, 'columns': shown, 'bars': bars}


def _is_current(record: StageRecord, fingerprint: str) -> bool:
    return (
        record.fingerprint == fingerprint
        and Path(record.output).exists()
        and output_fingerprint(record.output) == record.output_fingerprint
    )


def _has_begun(folder: Path, fingerprint: str) -> bool:
    """Whether a run with these inputs left something to go on with."""
    try:
        return json.loads((folder / BEGUN_NAME).read_bytes())['fingerprint'] == fingerprint
    except (OSError, ValueError, KeyError):
        return False


def _clear(folder: Path) -> None:
    """Remove what another run left.

    Raises:
        ValueError: the folder is none of a stage, so that its files are not ours to remove.
    """
    if not folder.exists():
        return
    ours = (folder / BEGUN_NAME).exists() or (folder / RECORD_NAME).exists()
    if not ours and any(folder.iterdir()):
        raise ValueError(f'{folder}: holds files, but not those of a stage; take another work_dir')
    # The records last: an interrupted removal can then be repeated.
    for path in sorted(folder.iterdir(), key=lambda path: path.name in (BEGUN_NAME, RECORD_NAME)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _clear_results(stage: Stage, folder: Path) -> None:
    """Remove what a tool cannot go on with: an interrupted test begins anew."""
    if stage.tool == 'test':
        shutil.rmtree(folder / 'predictions', ignore_errors=True)
