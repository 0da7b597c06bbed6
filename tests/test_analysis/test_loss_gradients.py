"""The gradient shares against gradients that are known."""

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from mmwsss.analysis import loss_gradients as module
from mmwsss.registry import MODELS


def test_share_of_a_loss_is_its_weight_against_the_same_loss(tmp_path, monkeypatch):
    model = dict(
        type='CAMClassifier',
        backbone=dict(type='mmpretrain.ResNet', depth=18, stem_channels=8, base_channels=8),
        head=dict(
            type='MixupCAMHead',
            num_classes=3,
            in_channels=64,
            regularizers=dict(
                loss_one=dict(type='ConcentrationLoss', loss_weight=1.0),
                loss_three=dict(type='ConcentrationLoss', loss_weight=3.0),
            ),
        ),
        data_preprocessor=dict(mean=[0.0] * 3, std=[1.0] * 3, num_classes=3),
    )
    cfg = Config(dict(default_scope='mmwsss', model=model, train_dataloader={}))
    with DefaultScope.overwrite_default_scope('mmwsss'):
        torch.save(MODELS.build(cfg.model).state_dict(), tmp_path / 'weights.pth')
    sample = DataSample(metainfo=dict(num_classes=3)).set_gt_label([0, 2])
    batch = dict(inputs=[torch.rand(3, 64, 96)] * 2, data_samples=[sample, sample])
    monkeypatch.setattr(module.Runner, 'build_dataloader', lambda *args, **kwargs: [batch, batch])
    rows = module.loss_gradients(cfg, str(tmp_path / 'weights.pth'), batches=2)
    assert list(rows) == ['loss_cls', 'loss_one', 'loss_three']
    assert rows['loss_cls']['share'] == 1.0
    # the same maps: dropout is drawn once a batch
    expected = pytest.approx(3 * rows['loss_one']['gradient'], rel=1e-5)
    assert rows['loss_three']['gradient'] == expected
    assert rows['loss_one']['gradient'] > 0
