"""Runs that begin with a checkpoint of another run: their order, and starts that are missing."""

from dataclasses import replace
from pathlib import Path

import fake_runs
import pytest
from fake_runs import edit

from mmwsss.pipeline import pipeline
from mmwsss.pipeline.comparison.rows import Comparison, Row, result_file
from mmwsss.pipeline.comparison.runs import run_comparison
from mmwsss.pipeline.processes import run_tool

CAM, SUB = Row('cam.py'), Row('sub.py')


@pytest.fixture
def trainings(tmp_path, monkeypatch):
    """Config, folder and whether the CAM run of its seed is trained, of every training begun."""
    fake_runs.set_up(tmp_path, monkeypatch)
    begun = []

    def record(command, *args):
        if command[1].endswith('train.py'):
            folder = Path(command[2]).parents[1]
            start = folder.parents[1] / 'cam' / folder.name / 'train/run/epoch_2.pth'
            begun.append((f'{folder.parent.name}.py', folder.name, start.is_file()))
        run_tool(command, *args)

    monkeypatch.setattr(pipeline, 'run_tool', record)
    return begun


def continued(tmp_path, load_from='runs/cam/seed_{seed}/train/run/epoch_2.pth'):
    """A comparison of two rows, the first of which begins with a checkpoint."""
    edit('sub.py', 'load_from = None', f'load_from = {load_from!r}')
    rows = {'sub': SUB, 'CAM': CAM}
    return Comparison(rows, (0, 1), {'val': 'val.txt'}, tmp_path / 'runs', jobs=2)


def test_a_run_waits_for_the_run_whose_checkpoint_it_begins_with(tmp_path, trainings):
    run_comparison(continued(tmp_path))
    of_sub = [one for one in trainings if one[0] == 'sub.py']
    assert sorted(of_sub) == [('sub.py', 'seed_0', True), ('sub.py', 'seed_1', True)]
    assert len(trainings) == 4


@pytest.mark.parametrize('name', ['gone/seed_{seed}.pth', 'runs/sub/seed_{seed}/x.pth'])
def test_missing_start_is_told_before_the_first_training(tmp_path, trainings, name):
    runs = continued(tmp_path, name)
    file = name.format(seed=0)
    with pytest.raises(FileNotFoundError, match=rf'sub\.py: there is no {file}, .*add its row'):
        run_comparison(runs)
    assert trainings == []


def test_start_that_a_finished_run_did_not_leave_is_told(tmp_path, trainings):
    runs = continued(tmp_path, 'runs/cam/seed_{seed}/epoch_9.pth')
    run_comparison(replace(runs, rows={'CAM': CAM}))
    with pytest.raises(FileNotFoundError, match=r'no runs/cam/seed_0/epoch_9\.pth'):
        run_comparison(runs)
    assert not runs.folder(SUB, 0).exists()


def test_start_that_the_run_before_does_not_leave_is_told(tmp_path, trainings):
    runs = continued(tmp_path, 'runs/cam/seed_{seed}/epoch_9.pth')
    with pytest.raises(FileNotFoundError, match=r'no runs/cam/seed_\d/epoch_9\.pth'):
        run_comparison(runs)
    assert {config for config, *_ in trainings} == {'cam.py'}


def test_runs_that_began_need_their_start_no_more(tmp_path, trainings):
    runs = continued(tmp_path)
    run_comparison(runs)
    for seed in runs.seeds:
        folder = runs.folder(SUB, seed)
        (folder / 'train/stage.json').unlink()
        result_file(folder, SUB, 'val').unlink()
        (runs.folder(CAM, seed) / 'train/run/epoch_2.pth').unlink()
    run_comparison(runs)
    assert len(trainings) == 6
