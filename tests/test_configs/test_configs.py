"""Every config: its name, its bases, and that its parts can be built."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATASETS, HOOKS, MODELS, VISUALIZERS, DefaultScope
from repo import CONFIGS, ROOT

import mmwsss
from mmwsss.pipeline.pipeline import Pipeline

FILES = sorted(path.relative_to(CONFIGS).as_posix() for path in CONFIGS.rglob('*.py'))
RUNNABLE = [
    name for name in FILES if '_base_' not in Path(name).parts and name != 'custom/classes.py'
]
PIPELINES = [name for name in RUNNABLE if name.startswith('pipelines/')]
MODEL_CONFIGS = [name for name in RUNNABLE if name not in PIPELINES]
DATASET_FOLDERS = sorted({Path(name).parent.name for name in MODEL_CONFIGS} - {''})
FIELD = r'[a-z0-9-]+'


@cache
def load(name: str) -> Config:
    return Config.fromfile(CONFIGS / name)


def texts(value) -> Iterator[str]:
    """The strings among nested settings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def test_no_two_configs_share_a_name():
    names = Counter(Path(name).name for name in FILES)
    assert [name for name, count in names.items() if count > 1] == []


def test_mim_finds_one_file_of_each_config():
    # mim looks below the package, links followed, for a file of that name.
    package = Path(mmwsss.__file__).parent
    names = Counter(name for _, _, files in os.walk(package, followlinks=True) for name in files)
    assert {name: names[Path(name).name] for name in RUNNABLE} == dict.fromkeys(RUNNABLE, 1)


def test_names_are_method_backbone_schedule_dataset():
    for name in MODEL_CONFIGS:
        folder, stem = Path(name).parent.name, Path(name).stem
        if folder:
            assert re.fullmatch(rf'{FIELD}_{FIELD}(_{FIELD})?_{folder}(-{FIELD})?', stem), name
    for name in PIPELINES:
        datasets = '|'.join(DATASET_FOLDERS)
        assert re.fullmatch(rf'pipeline_{FIELD}_({datasets})', Path(name).stem), name


@pytest.mark.parametrize('name', FILES)
def test_config_resolves(name):
    cfg = load(name)
    assert cfg.to_dict()
    # Configs name each other by the folders in which tools/train.py keeps them by default.
    stems = {Path(one).stem for one in RUNNABLE}
    for text in texts(cfg.to_dict()):
        folder = re.match(r'work_dirs/(?:comparison/)?([^/]+)', text)
        assert folder is None or folder[1] in stems, text
        if text.startswith('configs/'):
            assert (ROOT / text).is_file(), text


@pytest.fixture
def no_random_weights(monkeypatch):
    """Models without their first, random weights, which take most of the time of building."""
    for name in ('kaiming_uniform_', 'kaiming_normal_', 'uniform_', 'trunc_normal_', 'normal_'):
        monkeypatch.setattr(torch.nn.init, name, lambda tensor, *args, **kwargs: tensor)


@pytest.mark.parametrize('name', MODEL_CONFIGS)
def test_parts_can_be_built(name, no_random_weights, tmp_path):
    cfg = deepcopy(load(name))
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
        build_optim_wrapper(model, cfg.optim_wrapper)
        if 'visualizer' in cfg:
            VISUALIZERS.build(dict(cfg.visualizer, name=f'visualizer of {name}'))
        for hook in [*cfg.default_hooks.values(), *cfg.get('custom_hooks', [])]:
            HOOKS.build(hook)
        for mode in ('train', 'val', 'test'):
            loader = cfg.get(f'{mode}_dataloader')
            if loader:
                DATASETS.build(dict(loader.dataset, lazy_init=True))
        for mode in ('val', 'test'):
            metrics = cfg.get(f'{mode}_evaluator') or []
            for metric in metrics if isinstance(metrics, list) else [metrics]:
                if metric.get('format_only'):
                    metric.output_dir = str(tmp_path)  # as tools/test.py --out sets it
            Evaluator(metrics)


@pytest.mark.parametrize('name', PIPELINES)
def test_pipelines_keep_their_work_in_a_folder_of_their_name(name):
    cfg = load(name)
    assert cfg.work_dir == f'work_dirs/{Path(name).stem}'
    assert list(Pipeline.from_config(cfg).stages)
