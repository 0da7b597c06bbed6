"""What a pipeline has reached: a table, bars of the classes, and images of every stage."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DefaultScope
from PIL import Image

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.transforms import LoadImage, LoadSegMap
from mmwsss.datasets.voc import VOC_CLASSES
from mmwsss.registry import DATASETS
from mmwsss.structures import CAMStore, atomic_open
from mmwsss.structures.tables import write_text
from mmwsss.visualization import (
    class_bars,
    color_labels,
    image_grid,
    label_legend,
    overlay_scores,
    write_page,
)
from mmwsss.visualization.grid import Color, format_number, spread

from .records import StageRecord

Table = list[dict[str, str | float | None]]
BARS_NAME, IMAGES_NAME = 'report_bars.png', 'report_images.png'
_REFERENCE = 'thesis (VOC)'
_SHORT = ('precision', 'recall', 'accuracy', 'coverage', 'threshold')
_OTHER_DATA = (
    'The figures of the thesis are of VOC 2012 and of other networks: they tell what each stage '
    'gains there, not what is to be reached here.'
)
_LEFT_OUT = (
    'Pixels that labels leave out (coverage below 100) count as missed: mIoU and recall of such '
    'labels are low by design.'
)
_RESUMED = '+: the time of the run that finished the stage; an interrupted run before is not in it.'


@dataclass(frozen=True)
class _Sheet:
    """Rows of images with what belongs to them."""

    rows: list[list[np.ndarray]]
    columns: list[str]
    captions: list[str]
    legend: dict[str, Color]


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
    notes = _notes(records, dataset.metainfo['classes'])
    shown = {heading: done[name] for heading, name in report_cfg['columns'].items() if name in done}
    sheet = _sheet(dataset, shown, report_cfg.get('images', 12)) if shown else None
    bars = _bars([done[name] for name in report_cfg['bars'] if name in done])

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


def stage_table(records: Sequence[StageRecord]) -> Table:
    """Lines of the table: a stage each, then the total time.

    Columns that no stage has a value for are left out.
    """
    lines = [
        {
            'stage': record.title,
            'mIoU': record.metrics.get('mIoU'),
            'mIoU with CRF': record.metrics.get('crf/mIoU'),
            'other': _other_metrics(record.metrics),
            _REFERENCE: record.reference,
            'time': minutes(record.seconds) + ('+' if record.resumed else ''),
        }
        for record in records
    ]
    total = dict.fromkeys(('stage', 'mIoU', 'mIoU with CRF', 'other', _REFERENCE))
    total |= {'stage': 'total', 'time': minutes(sum(record.seconds for record in records))}
    used = [key for key in total if any(line[key] is not None for line in [*lines, total])]
    return [{key: line[key] for key in used} for line in [*lines, total]]


def minutes(seconds: float) -> str:
    """Seconds as mm:ss, or h:mm:ss from an hour on."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    text = f'{rest // 60:02d}:{rest % 60:02d}'
    return f'{hours}:{text}' if hours else text


def _other_metrics(metrics: Mapping[str, float]) -> str | None:
    parts = [
        f'{name} {metrics[name]:{"g" if name == "threshold" else ".1f"}}'
        for name in _SHORT
        if name in metrics
    ]
    return ', '.join(parts) or None


def _notes(records: Sequence[StageRecord], classes: Sequence[str]) -> list[str]:
    notes = []
    if any(record.reference is not None for record in records) and tuple(classes) != VOC_CLASSES:
        notes.append(_OTHER_DATA)
    if any('mIoU' in r.metrics and r.metrics.get('coverage', 100) < 100 for r in records):
        notes.append(_LEFT_OUT)
    if any(record.resumed for record in records):
        notes.append(_RESUMED)
    return notes


def _bars(records: Sequence[StageRecord]) -> np.ndarray | None:
    scores = {record.title: record.class_iou for record in records if record.class_iou}
    return class_bars(scores) if scores else None


def _sheet(dataset: BaseDataset, shown: Mapping[str, StageRecord], count: int) -> _Sheet:
    names, palette = dataset.metainfo['classes'], dataset.metainfo.get('palette')
    readers = {heading: _Output(record, names) for heading, record in shown.items()}
    rows, captions, seen = [], [], set()
    measured = 'seg_map_path' in dataset.get_data_info(0)
    for index in spread(len(dataset), count):
        info = dataset.get_data_info(index)
        results = LoadSegMap()(LoadImage()(info)) if measured else LoadImage()(info)
        image = results['img'][..., ::-1]
        row = [image]
        for reader in readers.values():
            tile, labels = reader.draw(info['img_id'], image, palette)
            row.append(tile)
            seen |= labels
        if measured:
            row.append(color_labels(results['gt_seg_map'], palette))
            seen |= set(np.unique(results['gt_seg_map']).tolist())
        rows.append(row)
        captions.append(f'{info["img_id"]}: {", ".join(names[i] for i in info["gt_label"])}')
    legend = label_legend(names, np.array(sorted(seen), np.uint8), palette)
    columns = ['photo', *shown, *(['truth'] if measured else [])]
    return _Sheet(rows, columns, captions, legend)


class _Output:
    """Draws the images that a stage made."""

    def __init__(self, record: StageRecord, classes: Sequence[str]) -> None:
        if record.kind not in ('cams', 'labels', 'masks'):
            raise ValueError(
                f'report.columns: stage {record.name!r} leaves a {record.kind}, no images; name '
                'a stage that makes response maps, labels or masks'
            )
        self.cams = CAMStore.open(record.output, classes) if record.kind == 'cams' else None
        self.labels = LabelFolder(record.output, record.kind, classes)

    def draw(
        self, img_id: str, image: np.ndarray, palette: list | None
    ) -> tuple[np.ndarray, set[int]]:
        """The stage's image, uint8 (H, W, 3), and the labels whose colours it has."""
        if self.cams is not None:
            strongest = self.cams.read(img_id).resized()
            scores = strongest.amax(0).numpy() if len(strongest) else np.zeros(image.shape[:2])
            return overlay_scores(image, scores), set()
        labels = self.labels.read(img_id)
        return color_labels(labels, palette), set(np.unique(labels).tolist())


def _save(image: np.ndarray, path: Path) -> Path:
    with atomic_open(path) as file:
        Image.fromarray(image).save(file, 'PNG', optimize=True)
    return path


def _markdown(title: str, table: Table, notes: Sequence[str], images: Mapping[str, Path]) -> str:
    """The report's text; images lie beside it."""
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
