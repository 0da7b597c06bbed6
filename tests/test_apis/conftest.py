"""A tiny classifier and a tiny segmentor, trained once for all tests of the Python interface."""

from pathlib import Path
from typing import NamedTuple

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from rectangles import write_rectangles

import mmwsss  # noqa: F401 (finds the base configs)

CLASSES = ('red', 'green')
HEIGHTS = (48, 40)  # of the images, in turn; all are 64 wide

SHARED = """
data_root = {root!r}
loader = dict(num_workers=0, persistent_workers=False)
val_cfg = val_dataloader = val_evaluator = None
"""

CLASSIFIER = """
_base_ = 'mmwsss::msrc/cam_efficientnet-lite0_msrc.py'
model = dict(
    data_preprocessor=dict(num_classes=2),
    backbone=dict(_delete_=True, type='mmpretrain.ResNet', depth=18, stem_channels=8,
                  base_channels=8, strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2)),
    head=dict(num_classes=2, in_channels=64, dropout=0.0),
    test_cfg=dict(scales=(1.0, 1.5), flip=True, cam_stride=4),
)
train_dataloader = dict(batch_size=8, dataset=dict(data_root={root!r}), **loader)
test_dataloader = dict(dataset=dict(data_root={root!r}), **loader)
pad = dict(type='RandomPad', size=64, pad_value=(127.0, 127.0, 127.0))
pipeline = [dict(type='LoadImage'), pad, dict(
    type='mmpretrain.PackInputs', meta_keys=('sample_idx', 'img_id', 'img_path', 'num_classes'))]
train_dataloader['dataset']['pipeline'] = pipeline
param_scheduler = []
train_cfg = dict(max_epochs=20, val_interval=1000)
default_hooks = dict(checkpoint=dict(interval=20))
optim_wrapper = dict(_delete_=True, optimizer=dict(type='AdamW', lr=3e-3))
"""

SEGMENTOR = """
_base_ = 'mmwsss::msrc/deeplabv2_efficientnet-lite0_msrc.py'
model = dict(
    data_preprocessor=dict(size=(48, 48)),
    backbone=dict(_delete_=True, type='mmseg.ResNet', depth=18, stem_channels=8, base_channels=8,
                  strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), out_indices=(3,)),
    decode_head=dict(in_channels=64, num_classes=3, dilations=(1, 2)),
)
data = dict(data_root={root!r}, metainfo=dict(classes=('red', 'green')))
pipeline = [dict(step, crop_size=(48, 48)) if step['type'] == 'mmseg.RandomCrop' else step
            for step in _base_.train_pipeline]
train_dataloader = dict(
    batch_size=4, dataset=dict(**data, label_dir={root!r} + '/SegmentationClass',
                               pipeline=pipeline), **loader)
test_dataloader = dict(dataset=data, **loader)
test_evaluator = [dict(type='mmwsss.MaskIoUMetric')]
train_cfg = dict(max_iters=60, val_interval=1000)
default_hooks = dict(checkpoint=dict(interval=60))
optim_wrapper = dict(optimizer=dict(lr=3e-3))
"""


class Trained(NamedTuple):
    """A config that a run left, its checkpoint, and the data."""

    config: str
    checkpoint: str
    root: Path


@pytest.fixture(scope='session')
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('shapes')
    write_rectangles(root, 8, CLASSES, HEIGHTS)
    return root


def train(text: str, root: Path, work_dir: Path) -> Trained:
    file = work_dir / f'{work_dir.name}.py'
    base, _, rest = text.strip().partition('\n')
    file.write_text(base + SHARED.format(root=str(root)) + rest.format(root=str(root)))
    cfg = Config.fromfile(file)
    cfg.work_dir = str(work_dir / 'run')
    before = set(DefaultScope._instance_dict)
    Runner.from_cfg(cfg).train()
    for name in DefaultScope._instance_dict.keys() - before:
        del DefaultScope._instance_dict[name]
    (checkpoint,) = (work_dir / 'run').glob('*.pth')
    return Trained(f'{cfg.work_dir}/{file.name}', str(checkpoint), root)


@pytest.fixture(scope='session')
def classifier(root, tmp_path_factory) -> Trained:
    return train(CLASSIFIER, root, tmp_path_factory.mktemp('classifier'))


@pytest.fixture(scope='session')
def segmentor(root, tmp_path_factory) -> Trained:
    return train(SEGMENTOR, root, tmp_path_factory.mktemp('segmentor'))
