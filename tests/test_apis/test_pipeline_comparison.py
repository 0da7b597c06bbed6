"""Folders of pipelines that are compared, and when their data is checked."""

from pathlib import Path

import pytest

from mmwsss.apis.pipeline.comparison import run_folder, run_pipelines
from mmwsss.apis.pipeline.pipeline import Pipeline

ROOT = Path('runs')
CONFIG = "work_dir = 'x'\nstages = dict()\n"


@pytest.mark.parametrize(
    'config, folder',
    [
        ('configs/pipelines/cam.py', 'cam'),
        ('configs/pipelines/msrc/cam.py', 'msrc/cam'),
        ('/data/pipelines/mine/pipelines/msrc/cam.py', 'msrc/cam'),
        ('../configs/pipelines/cam.py', 'cam'),
        ('mine/cam.py', 'mine/cam'),
        ('./pipelines.py', 'pipelines'),
        ('/data/cam.py', 'data/cam'),
    ],
)
def test_folder_is_the_path_below_pipelines(tmp_path, monkeypatch, config, folder):
    (tmp_path / 'work').mkdir()
    monkeypatch.chdir(tmp_path / 'work')
    assert run_folder(ROOT, config, 3) == ROOT / folder / 'seed_3'


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """What pipelines do, in order: whether they are checked, or the folder they run in."""
    monkeypatch.chdir(tmp_path)
    for config in ('pipelines/cam.py', 'pipelines/msrc/cam.py', 'other/pipelines/cam.py'):
        Path(config).parent.mkdir(parents=True, exist_ok=True)
        Path(config).write_text(CONFIG)
    done = []
    monkeypatch.setattr(Pipeline, 'check', lambda self, names: done.append('check'))
    monkeypatch.setattr(
        Pipeline, 'run', lambda self, *_, **__: done.append((str(self.work_dir), self.seed))
    )
    return done


def test_all_pipelines_are_checked_before_the_first_runs(ran):
    configs = {'VOC': 'pipelines/cam.py', 'MSRC': 'pipelines/msrc/cam.py'}
    run_pipelines(configs, [0, 1], ROOT, say=lambda line: None)
    assert ran == ['check', 'check'] + [
        (f'runs/{folder}/seed_{seed}', seed) for seed in (0, 1) for folder in ('cam', 'msrc/cam')
    ]


def test_configs_of_one_folder_are_refused(ran):
    configs = {'a': 'pipelines/cam.py', 'b': 'other/pipelines/cam.py'}
    message = r'pipelines/cam\.py and other/pipelines/cam\.py would share the directory runs/cam:'
    with pytest.raises(ValueError, match=message):
        run_pipelines(configs, [0], ROOT)
    assert ran == []
    run_pipelines({'a': configs['a'], 'same': './pipelines/cam.py'}, [0], ROOT)
