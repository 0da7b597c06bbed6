"""IoU of classes beside the thesis's."""

import json
import runpy
import sys

import pytest
from repo import CONFIGS, DOCS, TOOLS

from mmwsss.analysis.class_table import class_table, read_measured, read_published
from mmwsss.datasets.voc import VOC_CLASSES
from mmwsss.structures import DataError

PUBLISHED = CONFIGS / 'voc12/table_2_3.csv'


@pytest.fixture
def metrics(tmp_path):
    content = {'IoU/background': 90.04, 'IoU/aeroplane': None, 'mIoU': 60, 'crf/mIoU': 61.26}
    content |= {'crf/IoU/background': 91, 'crf/IoU/aeroplane': 50.0, 'mAcc': 70}
    path = tmp_path / 'metrics.json'
    path.write_text(json.dumps(content))
    return path


def test_published_means_are_those_of_their_classes():
    for heading, column in read_published(PUBLISHED).items():
        *classes, mean = map(float, column.values())
        assert list(column) == ['background', *VOC_CLASSES, 'mIoU']
        assert sum(classes) / 21 == pytest.approx(mean, abs=0.06), heading


def test_the_page_has_the_published_table():
    assert class_table(read_published(PUBLISHED)) in (DOCS / 'reproducing.md').read_text()


def test_measured_classes_stand_beside_the_published(metrics, monkeypatch, capsys):
    tool = str(TOOLS / 'analysis_tools/class_table.py')
    monkeypatch.setattr(sys, 'argv', [tool, str(PUBLISHED), f'ours={metrics}'])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(tool, run_name='__main__')
    assert end.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        '| class | AffinityNet | Mixup-CAM | Mixup-CAM w/ CRF | ours | ours w/ CRF |'
    )
    assert lines[2] == '| background | 88.2 | 87.6 | 88.4 | 90.0 | 91.0 |'
    assert lines[3] == '| aeroplane | 68.2 | 54.5 | 57.0 | | 50.0 |'
    assert lines[-1] == '| mIoU | 61.7 | 64.2 | 65.6 | 60.0 | 61.3 |'


def test_files_without_classes_are_named(tmp_path):
    path = tmp_path / 'metrics.json'
    path.write_text('{"mIoU": 60}')
    with pytest.raises(DataError, match=r'metrics\.json: no IoU of classes; .*classwise=True'):
        read_measured('ours', path)
    path.write_text('a,b\n1,2\n')
    with pytest.raises(DataError, match=r'metrics\.json: no column named class'):
        read_published(path)
    with pytest.raises(DataError, match=r'nowhere\.csv: unreadable table'):
        read_published(tmp_path / 'nowhere.csv')
