"""A pipeline from its check to its report, as the tools run it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from .pipeline import Pipeline
from .records import StageRecord
from .report import write_report


class PipelineRun(NamedTuple):
    """What a run of a pipeline has left.

    Attributes:
        records (dict[str, StageRecord]): Records of all finished stages, by name and in order.
        report (tuple[Path, Path] | None): The report's Markdown and HTML files; None if the
            pipeline has no report.
    """

    records: dict[str, StageRecord]
    report: tuple[Path, Path] | None


def show(line: str) -> None:
    """Print a line at once, also into a pipe, and whole where several processes print.

    Args:
        line (str): The line.
    """
    print(f'{line}\n', end='', flush=True)


def run_pipeline(
    pipeline: Pipeline,
    names: Sequence[str] | None = None,
    first: str | None = None,
    again: bool = False,
    decode: bool = False,
    show: Callable[[str], None] = show,
    checked: Callable[[], None] | None = None,
    report_dir: Path | None = None,
) -> PipelineRun:
    """Check a pipeline, run its stages, show what happens, and write its report.

    Args:
        pipeline (Pipeline): The pipeline.
        names (Sequence[str], optional): See :meth:`Pipeline.run`. Defaults to None: all stages.
        first (str, optional): See :meth:`Pipeline.run`. Defaults to None.
        again (bool): See :meth:`Pipeline.run`. Defaults to False.
        decode (bool): See :meth:`Pipeline.check`. Defaults to False.
        show (Callable[[str], None]): Takes a line on what happens. Defaults to printing.
        checked (Callable[[], None], optional): Called once the check has found no fault. Defaults
            to None.
        report_dir (Path, optional): Folder of the report. Defaults to None: the pipeline's.

    Returns:
        PipelineRun: Records and report.
    """
    pipeline.check(pipeline.chosen(names, first), decode)
    if checked is not None:
        checked()
    records = pipeline.run(names, first, again, show)
    report = None
    if pipeline.report is not None:
        report = write_report(pipeline.report, records, report_dir or pipeline.work_dir)
    return PipelineRun({record.name: record for record in records}, report)
