"""Pipelines side by side: their folders, when their data is checked, the table."""

import re
import shutil
from pathlib import Path

import fake_stages
import pytest
from mmengine.config import Config
from repo import DOCS

from mmwsss.pipeline.comparison.pipelines import pipeline_table, run_folder, run_pipelines
from mmwsss.pipeline.pipeline import Pipeline
from mmwsss.pipeline.records import Dependencies, StageRecord

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
    run_pipelines(configs, [0, 1], ROOT, show=lambda line: None)
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


def test_table_of_means_over_seeds(tmp_path, monkeypatch):
    root = fake_stages.set_up(tmp_path, monkeypatch)
    monkeypatch.setattr(Pipeline, 'check', lambda self, names: None)
    monkeypatch.chdir(root)
    configs = {'ours': str(root / 'pipeline.py'), 'without': str(root / 'short.py')}
    (root / 'short.py').write_text(
        "_base_ = './pipeline.py'\nstages = dict(cams=dict(title='x'))\n"
    )
    run_pipelines(configs, [0, 1], root / 'runs', show=lambda line: None)
    path = root / 'runs/pipeline/seed_1/results.json'
    path.write_text(path.read_text().replace('50.0', '52.0'))
    rows = pipeline_table(configs, [0], root / 'runs', ['mIoU', 'F']).splitlines()
    assert rows[2:] == [
        '| CAM | 50.0 |  |',
        '| CAM, F | 70.0 |  |',
        '| x |  | 50.0 |',
        '| x, F |  | 70.0 |',
    ]
    assert pipeline_table(configs, [0, 1], root / 'runs').splitlines() == [
        '| stage | ours | without |',
        '| --- | --- | --- |',
        '| CAM | 51.0 ± 1.4 |  |',
        '| x |  | 50.0 ± 0.0 |',
    ]


def test_a_copied_run_measures_another_round_without_training(tmp_path, monkeypatch):
    root = fake_stages.set_up(tmp_path, monkeypatch)
    monkeypatch.setattr(Pipeline, 'check', lambda self, names: None)
    monkeypatch.chdir(root)
    run_pipelines({'last': 'pipeline.py'}, [0], root / 'runs', show=lambda line: None)
    shutil.copytree(root / 'runs/pipeline', root / 'runs/early')
    (root / 'early.py').write_text(
        "_base_ = './pipeline.py'\nstages = dict(cams=dict(checkpoint_file='epoch_0.pth'))\n"
    )
    fake_stages.calls(root)
    run_pipelines({'early': 'early.py'}, [0], root / 'runs', show=lambda line: None)
    assert fake_stages.calls(root) == fake_stages.ALL[1:]
    (cams,) = (root / 'runs/early/seed_0/cams').rglob('a.npz')
    assert cams.read_text() == 'CAM of early'


def test_example_of_the_page_takes_the_weights_of_round_1(tmp_path):
    page = (DOCS / 'analysis.md').read_text()
    (text,) = re.findall(
        r"```python\n(_base_ = '\./pipeline_subcategory-cam_voc12\.py'.*?)```", page, re.DOTALL
    )
    (tmp_path / 'example.py').write_text(text.replace("'./", "'mmwsss::pipelines/"))
    cfg = Config.fromfile(tmp_path / 'example.py')
    stages = Pipeline.from_config(cfg, work_dir=tmp_path).stages
    (tmp_path / 'run').mkdir()
    for name in ('epoch_60.pth', 'round_1.pth'):
        (tmp_path / 'run' / name).touch()
    weights = str(tmp_path / 'run/epoch_60.pth')
    done = {
        'classifier': StageRecord('classifier', 'train', '', '', weights, '', 0.0, Dependencies())
    }
    for name in ('cams', 'cams_val'):
        assert str(tmp_path / 'run/round_1.pth') in stages[name].arguments(tmp_path, done)
    assert [stage.name for stage in stages.values() if stage.reference is not None] == []
