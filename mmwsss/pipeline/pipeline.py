"""Run the stages of a pipeline: skip what is done, resume what was begun, repeat what changed."""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmwsss.folder_lock import FolderLock, locked
from mmwsss.structures.tables import write_json

from .check import PipelineCheck
from .processes import run_tool, tool_command
from .records import Dependencies, StageRecord
from .report import without_stages
from .stage_folder import clear, mark_begun, read_begun
from .stages import Stage, parse_stages

RESULTS_NAME = 'results.json'
LOG_NAME = 'tool.log'


@dataclass(frozen=True)
class Pipeline:
    """Stages in their order, and the folder that keeps what they make.

    Attributes:
        stages (Mapping[str, Stage]): Stages by name; each needs only stages before it.
        work_dir (Path): Has a folder for each stage.
        seed (int): Seed of all stages.
        launcher (str): 'none', 'pytorch' or 'slurm'.
        processes (int): Processes of a launcher; they share the batches of the configs.
        report (Mapping | None): Settings of the report, see ``write_report``; None: no report.
        verbose (bool): Whether to show the output of the tools, which otherwise goes to
            ``tool.log`` of the stage.
        jobs (int): Pipelines that run at the same time; they share the cores.
    """

    stages: Mapping[str, Stage]
    work_dir: Path
    seed: int = 0
    launcher: str = 'none'
    processes: int = 1
    report: Mapping | None = None
    verbose: bool = False
    jobs: int = 1

    @classmethod
    def from_config(cls, cfg: Config, **overrides: Any) -> 'Pipeline':
        """Read a pipeline's config, see docs/pipeline.md.

        Args:
            cfg (Config): A config with ``configs``, ``stages`` and ``work_dir``.
            **overrides (Any): Attributes that replace those of the config.

        Returns:
            Pipeline: The pipeline.

        Raises:
            ValueError: If a stage has a wrong setting, or needs one that does not come before it.
        """
        for key in ('stages', 'work_dir'):
            if key not in cfg:
                raise ValueError(f'{cfg.filename}: has no {key}; inherit a config of pipelines/')
        cfg = _without_missing_file(cfg)
        stages = parse_stages(cfg.stages, cfg.get('configs', {}))
        report = without_stages(cfg.get('report'), cfg.stages.keys() - stages.keys())
        pipeline = cls(stages, Path(cfg.work_dir), cfg.get('seed', 0), report=report)
        return replace(pipeline, **overrides)

    @property
    def _processes(self) -> int:
        return 1 if self.launcher == 'none' else self.processes

    def folder(self, stage: Stage) -> Path:
        """Return the folder of a stage.

        Args:
            stage (Stage): The stage.

        Returns:
            Path: The folder, which may not be there yet.
        """
        return self.work_dir / stage.name

    def chosen(self, names: Sequence[str] | None, first: str | None) -> list[str]:
        """List the stages to run.

        Args:
            names (Sequence[str], optional): Their names. None: all.
            first (str, optional): Name of a stage that is run with all after it.

        Returns:
            list[str]: Their names, in the pipeline's order.

        Raises:
            ValueError: If there is no such stage.
        """
        everything = list(self.stages)
        for name in [*(names or ()), *([first] if first else [])]:
            if name not in self.stages:
                raise ValueError(f'no stage {name!r}; there are {", ".join(everything)}')
        if names:
            return [name for name in everything if name in names]
        return everything[everything.index(first) if first else 0 :]

    def check(self, names: Sequence[str] | None = None, decode: bool = False) -> None:
        """Build what the stages will build, before hours of training; docs/pipeline.md has a list.

        Args:
            names (Sequence[str], optional): Names of the stages that will run. Defaults to None:
                all.
            decode (bool): Whether to decode every image and mask, too. Defaults to False.

        Raises:
            DataError: If the data is faulty, or classes differ.
            OSError: If a file is missing; names the stage.
            ValueError: If a setting is wrong; names the stage.
            ImportError: If a library is missing; names all stages that need it.
        """
        check = PipelineCheck(decode, self._processes, self.seed)
        for name in self.chosen(names, None):
            check.add_stage(self.stages[name])
        if self.report is not None:
            check.add_report(self.report, self.stages)
        check.raise_faults()

    def is_done(self, stage: Stage, done: Mapping[str, StageRecord]) -> bool:
        """Tell whether a stage need not run again.

        Args:
            stage (Stage): The stage.
            done (Mapping[str, StageRecord]): Records of the stages that it needs.

        Returns:
            bool: Whether its output is there as it was made, from what it would be made from now.
        """
        record = StageRecord.read(self.folder(stage))
        cfg = stage.load_config(self.seed)
        return record is not None and self._is_done(
            stage, record, stage.dependencies(cfg, self.seed, done)
        )

    def _is_done(self, stage: Stage, record: StageRecord, made_from: Dependencies) -> bool:
        return record.is_current(made_from) and stage.is_complete(self.folder(stage))

    def run(
        self,
        names: Sequence[str] | None = None,
        first: str | None = None,
        again: bool = False,
        show: Callable[[str], None] = print,
    ) -> list[StageRecord]:
        """Run stages; those that are done with the same inputs are skipped.

        Args:
            names (Sequence[str], optional): Names of the stages to run. Others are taken as they
                are. Defaults to None: all.
            first (str, optional): Name of a stage to run with all after it. Defaults to None.
            again (bool): Whether to run the chosen stages even if they are done. Defaults to
                False.
            show (Callable[[str], None]): Takes a line on what happens. Defaults to ``print``.

        Returns:
            list[StageRecord]: What all finished stages have left, in order.

        Raises:
            StageError: If a tool failed.
            ValueError: If a chosen stage needs one that has not run.
            RuntimeError: If another run works in the same folder.
        """
        chosen = self.chosen(names, first)
        done: dict[str, StageRecord] = {}
        with locked(self.work_dir) as lock:
            for name, stage in self.stages.items():
                if name in chosen:
                    done[name] = self._run_stage(stage, done, lock, again, show)
                elif record := StageRecord.read(self.folder(stage)):
                    done[name] = record
            write_json(self.work_dir / RESULTS_NAME, [record.summary() for record in done.values()])
        return list(done.values())

    def _run_stage(
        self,
        stage: Stage,
        done: Mapping[str, StageRecord],
        lock: FolderLock,
        again: bool,
        show: Callable[[str], None],
    ) -> StageRecord:
        """Run a stage, unless it is done; see :meth:`run`."""
        missing = [name for name in stage.needs if name not in done]
        if missing:
            raise ValueError(f'stage {stage.name!r} needs {missing[0]!r}, which has not run yet')
        cfg = stage.load_config(self.seed)
        made_from = stage.dependencies(cfg, self.seed, done)
        folder = self.folder(stage)
        record = StageRecord.read(folder)
        if record and not again and self._is_done(stage, record, made_from):
            show(f'== {stage.title}: done before ({record.result()})')
            return record.renamed(folder, stage.title, stage.reference)
        begun = None if record or again else read_begun(folder)
        resumed = begun is not None and not begun.changes(made_from)
        what = 'goes on' if resumed else 'begins'
        if record:
            what = record.why_again(made_from)
        log = None if self.verbose else folder / LOG_NAME
        show(f'== {stage.title}: {what}' + (f', log in {log}' if log else ''))
        if resumed:
            stage.remove_partial_output(folder)
        else:
            clear(folder)
            mark_begun(folder, made_from)
        started = time.monotonic()
        cfg.merge_from_dict({key: done[name].output for key, name in stage.inputs.items()})
        cfg.work_dir = str(folder / 'run')
        stage.complete_config(cfg, folder, self.seed, self._processes)
        cfg.dump(str(folder / 'config.py'))
        command = tool_command(stage.arguments(folder, done), self.launcher, self._processes)
        run_tool(command, lock, log, self.jobs)
        record = self._finish(stage, cfg, made_from, time.monotonic() - started, resumed)
        show(f'== {stage.title}: {record.result()}')
        return record

    def _finish(
        self, stage: Stage, cfg: Config, made_from: Dependencies, seconds: float, resumed: bool
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
            made_from=made_from,
            metrics=metrics,
            class_iou=class_iou,
            reference=stage.reference,
            resumed=resumed,
            whole=stage.whole(folder, cfg),
        )
        record = replace(record, output_fingerprint=record.fingerprint())
        record.write(folder)
        return record


def _without_missing_file(cfg: Config) -> Config:
    """Apply ``settings`` of the config's ``without`` if its ``file``, such as a split, is missing.

    Args:
        cfg (Config): Config of a pipeline.

    Returns:
        Config: The config, or a changed copy.
    """
    without = cfg.get('without')
    if without is None or Path(without.file).is_file():
        return cfg
    cfg = copy.deepcopy(cfg)
    cfg.merge_from_dict(without.settings.to_dict())
    return cfg
