"""What a pipeline has reached: a table, bars of the classes, and images of every stage."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.registry import DefaultScope
from PIL import Image

from mmwsss.registry import DATASETS
from mmwsss.structures import atomic_open
from mmwsss.structures.tables import write_text
from mmwsss.visualization import image_grid, write_page
from mmwsss.visualization.grid import format_number

from .records import StageRecord
from .report_images import draw_bars, draw_sheet
from .report_table import Table, report_notes, stage_table

BARS_NAME, IMAGES_NAME = 'report_bars.png', 'report_images.png'


def write_report(
    report_cfg: Mapping, records: Sequence[StageRecord], out_dir: Path
) -> tuple[Path, Path]:
    """Write ``report.md``, ``report.html`` and their images; stages not done yet are left out.

    Args:
        report_cfg (Mapping): ``dataset``, the config of an ImageLevelDataset, with masks where
            there are some; ``columns``, heading → stage whose output is shown; ``bars``, stages
            whose classes are compared; ``images``, their number; ``title``.
        records (Sequence[StageRecord]): Records of the finished stages.
        out_dir (Path): Folder for the files.

    Returns:
        tuple[Path, Path]: The Markdown file and the HTML file.

    Raises:
        ValueError: If a stage of ``columns`` makes no images.
        DataError: If a stage's output lacks an image of the dataset; names it.
        FileNotFoundError: If a stage's output lacks an image of the dataset; names it.
    """
    done = {record.name: record for record in records}
    with DefaultScope.overwrite_default_scope('mmwsss'):
        dataset = DATASETS.build(report_cfg['dataset'])
    title = report_cfg.get('title', 'Report')
    table = stage_table(records)
    notes = report_notes(records, dataset.metainfo['classes'])
    shown = {heading: done[name] for heading, name in report_cfg['columns'].items() if name in done}
    sheet = draw_sheet(dataset, shown, report_cfg.get('images', 12)) if shown else None
    bars = draw_bars([done[name] for name in report_cfg['bars'] if name in done])

    images = {}
    if bars is not None:
        images['IoU of the classes'] = _save(bars, out_dir / BARS_NAME)
    if sheet is not None:
        grid = image_grid(sheet.rows, sheet.columns, '', sheet.captions, sheet.legend)
        images['Images'] = _save(grid, out_dir / IMAGES_NAME)
    markdown = Path(out_dir, 'report.md')
    write_text(markdown, _markdown(title, table, notes, images))
    page = write_page(
        Path(out_dir, 'report.html'),
        title,
        table,
        notes=notes,
        figures={} if bars is None else {'IoU of the classes': bars},
        **({} if sheet is None else vars(sheet)),
    )
    return markdown, page


def without_stages(report_cfg: Mapping | None, dropped: Collection[str]) -> Mapping | None:
    """Take stages out of a report's settings.

    Args:
        report_cfg (Mapping, optional): Settings of the report, see :func:`write_report`.
        dropped (Collection[str]): Stages that the pipeline inherits, but leaves out.

    Returns:
        Mapping | None: The settings without these stages; None if there is no report.
    """
    if report_cfg is None:
        return None
    columns = {heading: name for heading, name in report_cfg.get('columns', {}).items() if name}
    shown = {heading: name for heading, name in columns.items() if name not in dropped}
    bars = [name for name in report_cfg.get('bars', ()) if name not in dropped]
    return {**report_cfg, 'columns': shown, 'bars': bars}


def _save(image: np.ndarray, path: Path) -> Path:
    with atomic_open(path) as file:
        Image.fromarray(image).save(file, 'PNG', optimize=True)
    return path


def _markdown(title: str, table: Table, notes: Sequence[str], images: Mapping[str, Path]) -> str:
    """Write the report's text; images lie beside it."""
    keys = [_escape(key) for key in table[0]]
    lines = [keys, ['---', *['---:'] * (len(keys) - 1)]]
    lines += [[_escape(format_number(value)) for value in row.values()] for row in table]
    blocks = [f'# {_escape(title)}', '\n'.join(f'| {" | ".join(cells)} |' for cells in lines)]
    blocks += map(_escape, notes)
    blocks += [
        f'## {_escape(heading)}\n\n![{_escape(heading)}]({path.name})'
        for heading, path in images.items()
    ]
    return '\n\n'.join(blocks) + '\n'


def _escape(text: str) -> str:
    """Take the meaning that Markdown and HTML give to characters of names and titles."""
    return re.sub(r'([\\`*\[\]<>|&])', r'\\\1', ' '.join(text.split()))
