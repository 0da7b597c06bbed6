"""Configs of the tools: options of the command line, resuming, the config of a finished run."""

import argparse

import pytest
import torch
from mmengine.config import Config
from repo import CONFIGS, TOOLS

from mmwsss.cli import config as config_module
from mmwsss.cli.config import (
    enable_amp,
    find_run_config,
    load_config,
    merge_test_options,
    merge_train_options,
    read_config,
)
from mmwsss.cli.runner import read_run_config


def arguments(tmp_path, **options):
    config = tmp_path / 'my_model.py'
    config.write_text('a = dict(b=1, c=[1, 2])\n')
    defaults = dict(config=str(config), launcher='none', local_rank=0, cfg_options=None)
    return argparse.Namespace(**{**defaults, 'work_dir': None, **options})


def test_options_of_the_command_line_enter_the_config(tmp_path):
    cfg = load_config(arguments(tmp_path, cfg_options={'a.b': 2, 'd': 7}))
    assert cfg.a == dict(b=2, c=[1, 2]) and cfg.d == 7 and cfg.work_dir == 'work_dirs/my_model'
    assert load_config(arguments(tmp_path, work_dir='elsewhere')).work_dir == 'elsewhere'


def test_an_option_that_is_nearly_a_setting_is_refused(tmp_path):
    path = tmp_path / 'x.py'
    path.write_text('train_dataloader = dict(batch_size=2)\ntest_pipeline = []\n')
    for option in ('train_dataloder.batch_size', 'train_dataloaders'):
        with pytest.raises(ValueError, match=r'x\.py: has no train_data.*mean train_dataloader\?'):
            read_config(path, {option: 4})
    new = {
        'find_unused_parameters': True,
        'val_dataloader': 1,
        'tta_pipeline': [],
        'load_from': 'a',
    }
    assert all(read_config(path, new)[key] == value for key, value in new.items())


@pytest.mark.parametrize('name', ['epoch_1.pth', 'labels.csv', 'x'])
def test_a_file_that_is_no_config_is_named(name, tmp_path):
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match=rf'{name}: no config; name a file of Python'):
        read_config(tmp_path / name)


def test_initial_weights_may_follow_the_seed(tmp_path):
    options = {'load_from': 'cam/seed_{seed}.pth', 'randomness.seed': 3}
    assert load_config(arguments(tmp_path, cfg_options=options)).load_from == 'cam/seed_3.pth'
    with pytest.raises(ValueError, match=r'set randomness\.seed'):
        load_config(arguments(tmp_path, cfg_options={'load_from': 'cam/seed_{seed}.pth'}))


def test_what_analysis_tools_look_at_is_checked_first(tmp_path):
    path = tmp_path / 'x.py'
    for text, message in (
        ('stages = dict()\n', 'the config of a pipeline'),
        (
            'model = dict()\n',
            r'x\.py: has no test_dataloader, which this tool works on; name a config',
        ),
        (
            'test_dataloader = dict(num_workers=0, persistent_workers=True, dataset=dict('
            "type='ImageLevelDataset', label_file='tags.csv', metainfo=dict(classes=('cat', 'dog'))"
            '))\nmodel = dict(head=dict(num_classes=3))\n',
            r'do not fit together:\ntest_dataloader: num_workers=0 .*\n.*2 classes, model\.head',
        ),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_run_config(path, None, 'test_dataloader')


def test_analysis_tools_read_configs_by_that_one_call():
    tools = set((TOOLS / 'analysis_tools').glob('*.py'))
    readers = {path.stem for path in tools if 'read_run_config(' in path.read_text()}
    assert readers == {'tsne', 'loss_gradients', 'response_sheet', 'cluster_sheets'}
    assert not [path for path in tools if ' read_config(' in path.read_text()]


def test_amp_is_for_accelerators(monkeypatch):
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper')))
    monkeypatch.setattr(config_module, 'get_device', lambda: 'cpu')
    with pytest.raises(ValueError, match='--amp needs an accelerator'):
        enable_amp(cfg)
    monkeypatch.setattr(config_module, 'get_device', lambda: 'cuda')
    enable_amp(cfg)
    assert cfg.optim_wrapper == dict(type='AmpOptimWrapper', loss_scale='dynamic')


def test_missing_config_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'lost\.py: there is no such config'):
        read_config(tmp_path / 'lost.py')


def test_config_of_a_run_must_be_the_only_one(tmp_path):
    with pytest.raises(ValueError, match='has 0 configs: name one with --config'):
        find_run_config(tmp_path)
    (tmp_path / 'cam.py').touch()
    assert find_run_config(tmp_path) == tmp_path / 'cam.py'
    (tmp_path / 'other.py').touch()
    with pytest.raises(ValueError, match='has 2 configs'):
        find_run_config(tmp_path)


def train_options(**options):
    defaults = dict(config='c.py', no_validate=False, amp=False, resume=None, auto_scale_lr=False)
    return argparse.Namespace(**{**defaults, **options})


def test_resuming_takes_the_latest_checkpoint_or_starts(tmp_path):
    cfg = Config(dict(work_dir=str(tmp_path), load_from='start.pth'))
    merge_train_options(cfg, train_options(resume='auto'))
    assert not cfg.resume and cfg.load_from == 'start.pth'
    torch.save({}, tmp_path / 'epoch_1.pth')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_1.pth'))
    merge_train_options(cfg, train_options(resume='auto'))
    assert cfg.resume and cfg.load_from is None
    merge_train_options(cfg, train_options(resume='other.pth'))
    assert cfg.resume and cfg.load_from == 'other.pth'


def test_validation_can_be_left_out():
    cfg = Config(dict(val_cfg=dict(), val_dataloader=dict(), val_evaluator=dict()))
    merge_train_options(cfg, train_options(no_validate=True))
    assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None


def test_learning_rate_scales_with_the_batch_of_the_config():
    cfg = Config(dict(auto_scale_lr=dict(base_batch_size=16)))
    merge_train_options(cfg, train_options(auto_scale_lr=True))
    assert cfg.auto_scale_lr.enable
    with pytest.raises(ValueError, match=r'c\.py has no auto_scale_lr'):
        merge_train_options(Config(dict()), train_options(auto_scale_lr=True))


def test_missing_checkpoint_is_named():
    args = argparse.Namespace(checkpoint='lost.pth', out=None, show_dir=None, tta=False, amp=False)
    with pytest.raises(FileNotFoundError, match=r'lost\.pth: there is no such checkpoint'):
        merge_test_options(Config(dict()), args)


@pytest.mark.parametrize('path', sorted((CONFIGS / 'pipelines').glob('*.py')), ids=lambda x: x.stem)
def test_the_config_of_a_pipeline_names_its_tool(path):
    args = argparse.Namespace(config=str(path), cfg_options=None, local_rank=0)
    with pytest.raises(ValueError, match=rf'pipeline, .* run tools/run_pipeline.py {path}'):
        load_config(args)


def test_a_test_with_amp_needs_an_accelerator(tmp_path, monkeypatch):
    (tmp_path / 'a.pth').touch()
    monkeypatch.setattr(config_module, 'keep_outputs', lambda *_: None)
    args = argparse.Namespace(
        checkpoint=str(tmp_path / 'a.pth'), out=None, show_dir=None, tta=False, amp=True
    )
    monkeypatch.setattr(config_module, 'get_device', lambda: 'cpu')
    with pytest.raises(ValueError, match='--amp needs an accelerator'):
        merge_test_options(Config(dict(test_cfg=dict())), args)
    monkeypatch.setattr(config_module, 'get_device', lambda: 'cuda')
    cfg = Config(dict(test_cfg=dict()))
    merge_test_options(cfg, args)
    assert cfg.test_cfg.fp16
