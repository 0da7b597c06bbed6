"""Records of a comparison: what another config left in a folder is not taken for this one's."""

import json
from dataclasses import replace
from pathlib import Path

import fake_runs
import pytest
from fake_runs import edit

from mmwsss.pipeline.comparison.rows import Comparison, Row
from mmwsss.pipeline.comparison.runs import run_comparison

RUN = Path('runs/cam/seed_0')
REMEDY = rf'take another --work-dir, or delete {RUN}$'


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A comparison of one run in the working folder."""
    fake_runs.set_up(tmp_path, monkeypatch)
    return comparison()


def comparison(config='cam.py', options=(), splits=('val',)):
    files = {split: f'{split}.txt' for split in splits}
    return Comparison({'CAM': Row(config)}, (0,), files, Path('runs'), options=options)


def calls(folder=RUN):
    """What ran since the last time."""
    file = folder / 'calls'
    lines = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def test_run_of_another_config_is_refused(runs):
    edit('other/cam.py', 'lr=1', 'lr=2')
    run_comparison(runs)
    assert calls() == ['train', 'test']
    with pytest.raises(
        ValueError,
        match=r'runs/cam/seed_0: was trained by cam\.py, which differs from other/cam\.py as it is '
        rf'now in optim_wrapper: {REMEDY}',
    ):
        run_comparison(comparison('other/cam.py'))
    assert calls() == []


def test_run_of_other_options_is_refused(runs):
    run_comparison(runs)
    with pytest.raises(ValueError, match=rf'train_cfg\.max_epochs=60 .* in train_cfg: {REMEDY}'):
        run_comparison(comparison(options=['train_cfg.max_epochs=60']))


def test_run_of_a_config_before_an_edit_is_refused(runs):
    run_comparison(runs)
    edit('cam.py', 'head=dict(cam_source', 'head=dict(dropout=0.5, cam_source')
    with pytest.raises(ValueError, match=rf'in model: {REMEDY}'):
        run_comparison(runs)


def test_run_of_other_data_is_refused(runs):
    run_comparison(runs)
    Path('train.txt').write_text('p0\np1\n')
    with pytest.raises(ValueError, match=rf'as it is now in \S*train\.txt: {REMEDY}'):
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


def test_interrupted_run_of_other_settings_is_refused(runs):
    run_comparison(runs)
    (RUN / 'train/stage.json').unlink()
    path = RUN / 'train/begun.json'
    begun = json.loads(path.read_text())
    begun['settings']['load_from'] = '89ab'
    path.write_text(json.dumps(begun))
    with pytest.raises(
        ValueError, match=rf'by a run that was interrupted.* in load_from: {REMEDY}'
    ):
        run_comparison(runs)


def test_folder_that_holds_no_weights_may_change(runs):
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r'train\.py .*fail'):
            run_comparison(comparison('fail.py'))
        edit('fail.py', 'lr=1', 'lr=11')
    assert calls(Path('runs/fail/seed_0')) == ['train', 'train']


def test_damaged_record_is_refused(runs):
    run_comparison(runs)
    (RUN / 'train/stage.json').write_text('{"config": "cam')
    with pytest.raises(ValueError, match=r'train/stage\.json: not JSON .*; delete it'):
        run_comparison(runs)


def test_run_that_nothing_tells_of_is_refused(runs):
    folder = runs.folder(Row('cam.py'), 0) / 'train'
    folder.mkdir(parents=True)
    (folder / 'epoch_2.pth').write_text('weights')
    with pytest.raises(ValueError, match='seed_0/train: holds files, but not those of a stage'):
        run_comparison(runs)
    assert (folder / 'epoch_2.pth').exists()
