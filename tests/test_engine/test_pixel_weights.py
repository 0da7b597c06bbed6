"""Weights of pixels are used, or training stops."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import MODELS, DefaultScope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from repo import CONFIGS

from mmwsss.engine.hooks import PixelWeightsHook


def sample(weight: float | None) -> SegDataSample:
    data = SegDataSample(gt_sem_seg=PixelData(data=torch.ones(1, 32, 32, dtype=torch.long)))
    if weight is not None:
        data.gt_weight_map = PixelData(data=torch.full((1, 32, 32), weight))
    return data


def network(cfg: Config, **changes) -> torch.nn.Module:
    with DefaultScope.overwrite_default_scope('mmseg'):
        return MODELS.build(dict(cfg.model, **changes))


@pytest.fixture(scope='module')
def cfg() -> Config:
    return Config.fromfile(CONFIGS / 'voc12/segformer_mit-b0_voc12.py')


def test_segformer_uses_them(cfg):
    model = network(cfg).eval()
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    losses = [
        float(model.loss(images, [sample(first), sample(second)])['decode.loss_ce'])
        for first, second in [(None, None), (1.0, 1.0), (0.5, 0.5), (0.0, 0.0)]
    ]
    assert losses == pytest.approx([losses[0], losses[0], losses[0] / 2, 0.0], rel=1e-5)


def test_a_segmentor_that_ignores_them_is_refused(cfg):
    assert dict(type='mmwsss.PixelWeightsHook') in cfg.custom_hooks
    hook = PixelWeightsHook()
    batch = dict(data_samples=[sample(None), sample(1.0)])
    ignores = SimpleNamespace(model=network(cfg, type='EncoderDecoder'))
    with pytest.raises(TypeError, match='EncoderDecoder ignores the weights of weight_dir'):
        hook.before_train_iter(ignores, 0, batch)
    hook.before_train_iter(ignores, 0, dict(data_samples=[sample(None)]))
    hook.before_train_iter(ignores, 0)
    uses = network(cfg)
    hook.before_train_iter(SimpleNamespace(model=uses), 0, batch)
    wrapped = MMDistributedDataParallel.__new__(MMDistributedDataParallel)
    torch.nn.Module.__init__(wrapped)
    wrapped.module = uses
    hook.before_train_iter(SimpleNamespace(model=wrapped), 0, batch)
