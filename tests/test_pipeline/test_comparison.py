"""Comparisons: what is run, kept and repeated, and what is told before the first training."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from fake_runs import TESTS, comparison, edit

from mmwsss.datasets import DataError
from mmwsss.folder_lock import locked
from mmwsss.pipeline import pipeline, processes
from mmwsss.pipeline.comparison.rows import (
    Row,
    comparison_table,
    read_scores,
    result_file,
    store_dir,
)
from mmwsss.pipeline.comparison.runs import run_comparison


def run_dir(comparison, name, seed):
    return comparison.folder(comparison.rows[name], seed)


def rounds(tmp_path):
    rows = {f'round {r}': Row('sub.py', f'round_{r}.pth') for r in (0, 1)} | {'end': Row('sub.py')}
    return replace(comparison(tmp_path), rows=rows)


def calls(folder):
    return (folder / 'calls').read_text().split()


def test_complete_runs_are_not_repeated(tmp_path, tools):
    runs = comparison(tmp_path)
    run_comparison(runs)
    result_file(run_dir(runs, 'CAM', 1), runs.rows['CAM'], 'val').unlink()
    run_comparison(runs)
    assert calls(run_dir(runs, 'CAM', 0)) == ['train', 'test']
    assert calls(run_dir(runs, 'CAM', 1)) == ['train', 'test', 'test']


def test_rows_of_one_config_share_its_training(tmp_path, tools):
    runs = rounds(tmp_path)
    run_comparison(runs)
    assert [calls(run_dir(runs, 'end', s)) for s in runs.seeds] == [['train', *['test'] * 3]] * 3
    table = comparison_table(runs).splitlines()[2:]
    assert table == [
        '| round 0 | 51.0 ± 1.0 | 0.20 |',
        '| round 1 | 56.0 ± 1.0 | 0.20 |',
        '| end | 51.0 ± 1.0 | 0.20 |',
    ]


def test_checkpoints_of_a_trained_run_are_measured_without_training(tmp_path, tools):
    runs = rounds(tmp_path)
    trained = replace(runs, rows={'end': runs.rows['end']})
    run_comparison(trained)
    run_comparison(runs)
    folder = run_dir(runs, 'round 1', 2)
    assert folder == tmp_path / 'runs/sub/seed_2' == run_dir(trained, 'end', 2)
    assert calls(folder) == ['train', 'test', 'test', 'test']
    assert {str(file.relative_to(folder)) for file in folder.rglob('*.json')} == {
        'results.json',
        *(f'{stage}/{name}.json' for stage in ('train', *TESTS) for name in ('begun', 'stage')),
        *(f'{test}/{name}.json' for test in TESTS for name in ('cams', 'metrics')),
    }
    results = json.loads((folder / 'results.json').read_text())
    assert [stage['metrics'] for stage in results] == [
        {}, {'mIoU': 52}, {'mIoU': 57}, {'mIoU': 52},
    ]  # fmt: skip


def test_missing_checkpoint_lists_those_there_are(tmp_path, tools):
    runs = replace(comparison(tmp_path), rows={'CAM': Row('cam.py', 'round_7.pth')})
    with pytest.raises(FileNotFoundError, match=r'round_7\.pth: .*epoch_2\.pth, round_0\.pth'):
        run_comparison(runs)


def test_rows_of_other_options_are_other_runs(tmp_path, tools):
    rows = {'0.5': Row('cam.py', options=('alpha=0.5',)), '2': Row('cam.py', options=('alpha=2',))}
    runs = replace(comparison(tmp_path), rows=rows, seeds=(0,))
    run_comparison(runs)
    assert [read_scores(runs, name, 'val', 'mIoU') for name in rows] == [[50.5], [52.0]]
    assert run_dir(runs, '2', 0) == tmp_path / 'runs/cam__alpha=2/seed_0'


def test_failed_run_names_its_log(tmp_path, tools):
    runs = comparison(tmp_path, 'fail.py')
    with pytest.raises(
        RuntimeError,
        match=r'this run fails\n.*train\.py .*fail/seed_\d/train/config\.py .*: see .*tool\.log',
    ):
        run_comparison(runs)
    assert 'this run fails' in (run_dir(runs, 'CAM', 0) / 'train/tool.log').read_text()


def test_real_tools_are_found():
    assert (processes.TOOLS / 'train.py').is_file()


def test_response_maps_are_kept_on_request(tmp_path, tools):
    runs = replace(comparison(tmp_path), seeds=(0,))
    run_comparison(runs)
    folder, row = run_dir(runs, 'CAM', 0), runs.rows['CAM']
    assert not store_dir(folder, row, 'val').exists()
    result_file(folder, row, 'val').unlink()
    # What an interrupted test left would be refused by the tool.
    store_dir(folder, row, 'val').mkdir()
    (store_dir(folder, row, 'val') / 'p0.npz').touch()
    run_comparison(replace(runs, store=True))
    assert list(store_dir(folder, row, 'val').iterdir()) == []


def test_rows_of_other_test_options_share_a_training(tmp_path, tools):
    text = 'sub.py@round_1.pth model.head.cam_source=sub_max'
    rows = {'parent': Row.parse('sub.py@round_1.pth'), 'merged': Row.parse(text)}
    runs = replace(comparison(tmp_path), rows=rows, seeds=(0,))
    run_comparison(runs)
    assert [read_scores(runs, name, 'val', 'mIoU') for name in rows] == [[55.0], [65.0]]
    assert calls(run_dir(runs, 'merged', 0)) == ['train', 'test', 'test']


def test_splits_are_checked_before_the_first_training(tmp_path, tools):
    Path('labels.txt').write_text('p0 cat\n')
    runs = comparison(tmp_path)
    with pytest.raises(DataError, match=r"val\.txt:1.*'p1' has no label"):
        run_comparison(runs)
    assert not run_dir(runs, 'CAM', 0).exists()


def test_classes_are_checked_before_the_first_training(tmp_path, tools):
    edit('sub.py', 'model = dict(', 'model = dict(data_preprocessor=dict(num_classes=2), ')
    runs = replace(comparison(tmp_path), rows={'CAM': Row('cam.py'), 'wrong': Row('sub.py')})
    with pytest.raises(DataError, match=r"2 faults.*\n.*sub\.py, stage 'train': .* 1 classes"):
        run_comparison(runs)
    assert not run_dir(runs, 'CAM', 0).exists()


def test_data_of_complete_runs_need_not_be_there(tmp_path, tools):
    runs = comparison(tmp_path)
    run_comparison(runs)
    Path('labels.txt').unlink()
    run_comparison(runs)
    assert calls(run_dir(runs, 'CAM', 0)) == ['train', 'test']


def test_moved_runs_are_measured(tmp_path, tools):
    runs = replace(comparison(tmp_path), seeds=(0,))
    run_comparison(runs)
    folder = run_dir(runs, 'CAM', 0)
    (folder / 'train/run/last_checkpoint').write_text('/gone/epoch_2.pth')
    run_comparison(replace(runs, splits={'train': 'train.txt'}))
    assert calls(folder) == ['train', 'test', 'test']


def test_results_outlive_their_checkpoints(tmp_path, tools):
    runs = replace(comparison(tmp_path), seeds=(0,))
    run_comparison(runs)
    folder = run_dir(runs, 'CAM', 0)
    for file in (folder / 'train/run').glob('*.pth'):
        file.unlink()
    run_comparison(runs)
    assert calls(folder) == ['train', 'test']
    with pytest.raises(FileNotFoundError, match=r'epoch_2\.pth: there is no such checkpoint'):
        run_comparison(replace(runs, splits={'train': 'train.txt'}))
    assert calls(folder) == ['train', 'test']


def test_response_maps_that_were_not_kept_are_made(tmp_path, tools):
    runs = replace(comparison(tmp_path), seeds=(0,))
    run_comparison(runs)
    for _ in range(2):
        run_comparison(replace(runs, store=True))
    run_comparison(runs)
    assert calls(run_dir(runs, 'CAM', 0)) == ['train', 'test', 'test']


def test_several_metrics_are_refused_before_the_first_training(tmp_path, tools):
    edit(
        'cam.py',
        "test_evaluator = dict(type='CAMMetric', fixed_threshold=0.2)",
        'test_evaluator = []',
    )
    runs = comparison(tmp_path)
    with pytest.raises(ValueError, match=r"cam\.py, stage 'cam_val': .*single CAMMetric"):
        run_comparison(runs)
    assert not run_dir(runs, 'CAM', 0).exists()


def test_unknown_components_are_told_before_the_first_training(tmp_path, tools):
    edit('sub.py', "type='ComparedModel'", "type='NoModel'")
    runs = replace(comparison(tmp_path), rows={'CAM': Row('cam.py'), 'sub': Row('sub.py')})
    with pytest.raises(ValueError, match=r"sub\.py, stage 'train': .*NoModel"):
        run_comparison(runs)
    assert not run_dir(runs, 'CAM', 0).exists()


def test_another_run_in_the_same_folder_is_refused(tmp_path, tools, monkeypatch):
    monkeypatch.setattr(pipeline, 'locked', partial(locked, patience=0))
    runs = comparison(tmp_path)
    with locked(run_dir(runs, 'CAM', 1)), pytest.raises(RuntimeError, match='another run works'):
        run_comparison(runs)
