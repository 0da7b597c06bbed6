"""Records of runs: what another config left in a folder is not taken for this one's."""

import json
from dataclasses import replace
from pathlib import Path

import fake_runs
import pytest
from fake_runs import edit
from mmengine.config import Config

from mmwsss.pipeline.comparison.rows import Comparison, Row, read_scores
from mmwsss.pipeline.comparison.run_record import RunRecord, with_options
from mmwsss.pipeline.comparison.runs import run_comparison

REMEDY = r'take another --work-dir, or delete \S*runs/cam/seed_0$'


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A comparison of one run in the working folder."""
    fake_runs.set_up(tmp_path, monkeypatch)
    return comparison()


def comparison(config='cam.py', options=(), splits=('val',)):
    files = {split: f'{split}.txt' for split in splits}
    return Comparison({'CAM': Row(config)}, (0,), files, Path('runs'), options=options)


def calls(folder=Path('runs/cam/seed_0')):
    """What ran since the last time."""
    file = folder / 'calls'
    lines = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def dumped(folder, time, options=(), config='cam.py'):
    """Leave what mmengine writes when a tool begins."""
    cfg = with_options(Config.fromfile(config), ['randomness.seed=0', *options])
    cfg.merge_from_dict(dict(launcher='none', resume=True, work_dir=str(folder)))
    if not any(option.startswith('load_from=') for option in options):
        cfg.val_evaluator = None  # a training without validation
    path = Path(folder, f'20200101_{time:06}', 'vis_data', 'config.py')
    path.parent.mkdir(parents=True)
    cfg.dump(path)


def leave_result(folder, time, *options):
    name = 'cam_val.json'
    (folder / name).write_text(json.dumps(dict(threshold=[0.1], mIoU=[40])))
    dumped(folder, time, [
        'test_dataloader.dataset.ann_file=val.txt', f'test_evaluator.curve_file=/moved/{name}',
        f'load_from={folder}/epoch_2.pth', *options,
    ])  # fmt: skip


@pytest.fixture
def without_record(runs):
    """A finished run of a version without records."""
    folder = runs.folder(Row('cam.py'), 0)
    dumped(folder, 1)
    (folder / 'epoch_2.pth').write_text('weights')
    (folder / 'last_checkpoint').write_text('epoch_2.pth')
    (folder / 'trained').touch()
    return folder


def test_run_of_another_config_is_refused(runs):
    edit('other/cam.py', 'lr=1', 'lr=2')
    run_comparison(runs)
    assert calls() == ['train', 'test']
    with pytest.raises(
        ValueError,
        match=r'runs/cam/seed_0: was trained by cam\.py randomness\.seed=0, which differs from '
        rf'other/cam\.py randomness\.seed=0 as it is now in optim_wrapper: {REMEDY}',
    ):
        run_comparison(comparison('other/cam.py'))
    assert calls() == []


def test_run_of_other_options_is_refused(runs):
    run_comparison(runs)
    with pytest.raises(ValueError, match=rf'train_cfg\.max_epochs=60 .* in train_cfg: {REMEDY}'):
        run_comparison(comparison(options=['train_cfg.max_epochs=60']))


def test_run_of_a_config_before_an_edit_is_refused(runs):
    run_comparison(runs)
    edit('cam.py', 'dict(cam_source', 'dict(dropout=0.5, cam_source')
    with pytest.raises(ValueError, match=rf'in model: {REMEDY}'):
        run_comparison(runs)


def test_same_settings_under_another_name_are_the_same_run(runs):
    run_comparison(runs)
    edit('other/cam.py', "val_evaluator = dict(type='CAMMetric')", 'val_evaluator = None')
    run_comparison(comparison('other/cam.py'))
    assert calls() == ['train', 'test']


@pytest.mark.parametrize(
    'old, new',
    [
        ('(1.0, 1.5)', '(1.0,)'),
        ('fixed_threshold=0.2', 'fixed_threshold=0.3'),
        ("test_dataloader = dict(", 'test_dataloader = dict(batch_size=2, '),
    ],
)  # fmt: skip
def test_other_settings_of_the_test_alone_measure_again(runs, old, new):
    run_comparison(runs)
    edit('cam.py', old, new)
    for _ in range(2):
        run_comparison(runs)
    assert calls() == ['train', 'test', 'test']


def test_another_file_of_a_split_measures_again(runs):
    run_comparison(runs)
    run_comparison(replace(runs, splits={'val': 'train.txt'}))
    assert calls() == ['train', 'test', 'test']


def test_settings_that_no_training_reads_are_overlooked_in_earlier_records(runs):
    run_comparison(runs)
    calls()
    path = Path('runs/cam/seed_0/run.json')
    record = json.loads(path.read_text())
    record['training'] |= {'crop_size': '0123', 'log_level': '4567'}
    path.write_text(json.dumps(record))
    run_comparison(runs)
    assert calls() == []
    record['training'] |= {'load_from': '89ab'}  # such a training would have begun elsewhere
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=rf'in load_from: {REMEDY}'):
        run_comparison(runs)


def test_folder_that_holds_no_weights_may_change(runs):
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r'train\.py of fail\.py'):
            run_comparison(comparison('fail.py'))
        edit('fail.py', 'lr=1', 'lr=11')
    assert calls(Path('runs/fail/seed_0')) == ['train', 'train']


def test_damaged_record_is_refused(runs):
    run_comparison(runs)
    Path('runs/cam/seed_0/run.json').write_text('{"config": "cam')
    with pytest.raises(ValueError, match=rf'no run\.json tells what trained it: {REMEDY}'):
        run_comparison(runs)


def test_run_without_record_is_told_by_its_dumped_configs(runs, without_record):
    leave_result(without_record, 2, 'test_evaluator.fixed_threshold=0.5')  # measured again later
    leave_result(without_record, 3)
    run_comparison(runs)
    assert calls() == [] and read_scores(runs, 'CAM', 'val', 'mIoU') == [40]
    assert RunRecord.read(without_record).config == 'cam.py'
    run_comparison(replace(runs, splits={'val': 'val.txt', 'train': 'train.txt'}))
    assert calls() == ['test']


def test_response_maps_that_were_kept_change_no_result(runs, without_record):
    hook = '[dict(type="FiniteLossHook"),dict(type="mmwsss.CAMStoreHook",out_dir="x")]'
    edit('cam.py', "[dict(type='FiniteLossHook')]", hook)
    leave_result(without_record, 2)
    edit('cam.py', hook, "[dict(type='FiniteLossHook')]")
    run_comparison(runs)
    assert calls() == []


def test_results_without_record_of_another_test_are_measured_again(runs, without_record):
    leave_result(without_record, 2, 'model.test_cfg.scales=1.0,')
    run_comparison(runs)
    assert calls() == ['test'] and read_scores(runs, 'CAM', 'val', 'mIoU') == [50]


def test_run_without_record_of_another_config_is_refused(runs, without_record):
    edit('cam.py', 'lr=1', 'lr=2')
    with pytest.raises(ValueError, match=rf'vis_data/config\.py, .* in optim_wrapper: {REMEDY}'):
        run_comparison(runs)


@pytest.mark.parametrize('first', [0, 2])
def test_run_without_record_partly_trained_by_another_config_is_refused(
    runs, without_record, first
):
    dumped(without_record, first, ['optim_wrapper.lr=2'])
    with pytest.raises(ValueError, match=rf'in optim_wrapper: {REMEDY}'):
        run_comparison(runs)


def test_run_that_nothing_tells_of_is_refused(runs):
    folder = runs.folder(Row('cam.py'), 0)
    folder.mkdir(parents=True)
    (folder / 'epoch_2.pth').write_text('weights')
    with pytest.raises(ValueError, match=rf'no run\.json tells what trained it: {REMEDY}'):
        run_comparison(runs)
