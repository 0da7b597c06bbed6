"""A pipeline from its check to its report, as the tools do it."""

from collections.abc import Sequence
from pathlib import Path

from .pipeline import Pipeline
from .report import write_report


def show(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


def walk(
    pipeline: Pipeline,
    names: Sequence[str] | None = None,
    start: str | None = None,
    again: bool = False,
    decode: bool = False,
) -> tuple[Path, Path] | None:
    """Check a pipeline, run its stages, print what happens, and write its report.

    Args:
        pipeline: what to run.
        names: see :meth:`Pipeline.run`, as ``start`` and ``again``.
        start: name of the first stage to run.
        again: run stages that are done, too.
        decode: see :meth:`Pipeline.check`.

    Returns:
        the report's Markdown and HTML files; None: the pipeline has no report.
    """
    pipeline.check(pipeline.chosen(names, start), decode)
    records = pipeline.run(names, start, again, say=show)
    if pipeline.report is None:
        return None
    return write_report(pipeline.report, records, pipeline.work_dir)
