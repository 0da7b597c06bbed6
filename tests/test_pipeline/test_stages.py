"""Stages: their configs, what they leave behind, and what was measured."""

import json

import fake_stages
import pytest
from fake_stages import pipeline, run
from mmengine.config import Config

from mmwsss.cli.config import keep_outputs
from mmwsss.pipeline.stages import parse_stage
from mmwsss.pipeline.stages.labels import read_label_report
from mmwsss.pipeline.stages.testing import read_metrics


@pytest.fixture
def root(tmp_path, monkeypatch):
    return fake_stages.set_up(tmp_path, monkeypatch)


def test_a_finished_training_whose_record_is_empty_hands_on_its_checkpoint(root):
    run(root, ['classifier'])
    folder = root / 'work/classifier'
    (folder / 'run/last_checkpoint').write_text('')
    stage = pipeline(root).stages['classifier']
    assert stage.output(folder, Config()) == (str(folder / 'run/epoch_1.pth'), 'checkpoint')
    for path in (folder / 'run').glob('*'):
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"stage 'classifier': \S+run has no checkpoint"):
        stage.output(folder, Config())


@pytest.mark.parametrize(
    ('metrics', 'expected'),
    [
        ([dict(type='mmseg.IoUMetric', prefix='a')], 'predictions'),
        ([dict(type='mmseg.IoUMetric', prefix='b'), dict(type='IoUMetric')], 'predictions/b'),
        (
            [dict(type='IoUMetric', prefix='a'), dict(type='mmwsss.CRFIoUMetric', prefix='crf_b')],
            'predictions/crf_b',
        ),
        ([dict(type='IoUMetric'), dict(type='CRFIoUMetric')], 'predictions/CRFIoUMetric'),
    ],
)
def test_masks_are_where_the_test_writes_them(tmp_path, metrics, expected):
    cfg = Config(dict(model=dict(type='mmseg.EncoderDecoder'), test_evaluator=metrics))
    one = parse_stage('x', dict(tool='test', config='c.py'), {})
    before = one.output(tmp_path, cfg)
    keep_outputs(cfg, str(tmp_path / 'predictions'), None)
    assert before == one.output(tmp_path, cfg) == (str(tmp_path / expected), 'masks')
    assert before[0] in [metric['output_dir'] for metric in cfg.test_evaluator]


def test_options_apply_every_time_that_a_config_is_loaded(root):
    settings = dict(
        tool='pseudo_labels',
        config=str(root / 'labels.py'),
        cfg_options=dict(pseudo_labels=dict(refiner=dict(_delete_=True, kind='other'))),
    )
    one = parse_stage('x', settings, {})
    for _ in range(2):
        assert one.load_config().pseudo_labels.refiner == dict(kind='other')


def test_a_config_must_fit_its_tool(root):
    one = parse_stage('x', dict(tool='affinity_labels', config=str(root / 'labels.py')), {})
    with pytest.raises(ValueError, match=r"stage 'x': .*labels\.py has no affinity_labels"):
        one.load_config()


def test_metrics_with_and_without_crf(tmp_path):
    path = tmp_path / 'metrics.json'
    path.write_text(
        json.dumps({'mIoU': 1.0, 'IoU/cow': 2.0, 'crf/mIoU': 3.0, 'crf/IoU/cow': 4.0, 'aAcc': 5.0})
    )
    metrics, classes = read_metrics(path)
    assert metrics == {'mIoU': 1.0, 'crf/mIoU': 3.0, 'aAcc': 5.0} and classes == {'cow': 4.0}


def test_a_label_report_has_metrics_and_classes(tmp_path):
    rows = [
        dict(zip(('class', 'CAM IoU', 'IoU', 'precision', 'recall'), row))
        for row in (
            ('background', 70.0, 80.0, 90.0, 85.0),
            ('cow', 40.0, None, 60.0, 75.0),
            ('mean', 55.0, 80.0, 75.0, 80.0),
        )
    ]
    (tmp_path / 'report.json').write_text(json.dumps({'coverage': 100.0, 'classes': rows}))
    metrics, classes = read_label_report(tmp_path / 'report.json')
    f_score = 2 * 75 * 80 / (75 + 80)
    assert metrics.pop('F') == pytest.approx(f_score)
    assert metrics == {'coverage': 100.0, 'mIoU': 80.0, 'precision': 75.0, 'recall': 80.0}
    assert classes == {'background': 80.0, 'cow': None}


def test_labels_without_masks_have_no_metrics(tmp_path):
    assert read_label_report(tmp_path / 'report.json') == ({}, {})


def test_a_training_takes_no_checkpoint_of_another_stage():
    settings = dict(tool='train', config='c.py', checkpoint='other')
    with pytest.raises(ValueError, match="'checkpoint'; its settings are tool, config, title"):
        parse_stage('x', settings, {})
