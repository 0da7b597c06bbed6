"""A pipeline from its check to its report, as the tools run it."""

from collections.abc import Sequence
from pathlib import Path

from .pipeline import Pipeline
from .report import write_report


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
) -> tuple[Path, Path] | None:
    """Check a pipeline, run its stages, print what happens, and write its report.

    Args:
        pipeline (Pipeline): The pipeline.
        names (Sequence[str], optional): See :meth:`Pipeline.run`. Defaults to None: all stages.
        first (str, optional): See :meth:`Pipeline.run`. Defaults to None.
        again (bool): See :meth:`Pipeline.run`. Defaults to False.
        decode (bool): See :meth:`Pipeline.check`. Defaults to False.

    Returns:
        tuple[Path, Path] | None: The report's Markdown and HTML files; None if the pipeline has
        no report.
    """
    pipeline.check(pipeline.chosen(names, first), decode)
    records = pipeline.run(names, first, again, show)
    if pipeline.report is None:
        return None
    return write_report(pipeline.report, records, pipeline.work_dir)
