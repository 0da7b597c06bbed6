"""The table of a pipeline's report, and the notes below it."""

from collections.abc import Mapping, Sequence

from mmwsss.datasets.voc import VOC_CLASSES

from .records import StageRecord

Table = list[dict[str, str | float | None]]
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


def stage_table(records: Sequence[StageRecord]) -> Table:
    """Put together the table of the report.

    Args:
        records (Sequence[StageRecord]): Records of the finished stages.

    Returns:
        Table: A line for each stage, then one for the total time. Columns that no stage has a
        value for are left out.
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
    """Write a duration.

    Args:
        seconds (float): The duration.

    Returns:
        str: It as mm:ss, or h:mm:ss from an hour on.
    """
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


def report_notes(records: Sequence[StageRecord], classes: Sequence[str]) -> list[str]:
    """Write the notes that the table needs.

    Args:
        records (Sequence[StageRecord]): Records of the finished stages.
        classes (Sequence[str]): Names of the classes.

    Returns:
        list[str]: The notes, a sentence each.
    """
    notes = []
    if any(record.reference is not None for record in records) and tuple(classes) != VOC_CLASSES:
        notes.append(_OTHER_DATA)
    if any('mIoU' in r.metrics and r.metrics.get('coverage', 100) < 100 for r in records):
        notes.append(_LEFT_OUT)
    if any(record.resumed for record in records):
        notes.append(_RESUMED)
    return notes
