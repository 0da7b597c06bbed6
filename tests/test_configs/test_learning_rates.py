"""Learning rates and weight decays that the shipped schedules give to every parameter."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from repo import CONFIGS

from mmwsss.registry import MODELS


@pytest.mark.parametrize('mid_channels', [None, 512])
@pytest.mark.parametrize('name', ['cam_resnet38_sgd-15e_voc12.py'])
def test_published_rates_of_classifiers(name, mid_channels):
    cfg = Config.fromfile(CONFIGS / 'voc12' / name)
    cfg.model.backbone.init_cfg = None
    cfg.model.head.mid_channels = mid_channels
    with DefaultScope.overwrite_default_scope('mmwsss'), torch.device('meta'):
        model = MODELS.build(cfg.model)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    rate = cfg.optim_wrapper.optimizer.lr
    seen = set()
    for group in wrapper.optimizer.param_groups:
        for parameter in group['params']:
            if not parameter.requires_grad:
                continue
            name = names[id(parameter)]
            seen.add(name)
            new, bias = name.startswith('head.'), name.endswith('bias')
            assert group['lr'] == pytest.approx(rate * (10 if new else 1) * (2 if bias else 1))
            assert group['weight_decay'] == pytest.approx(0 if bias else 5e-4)
    assert ('head.adapter.conv.bias' in seen) == (mid_channels is not None)
    assert 'head.classifier.weight' in seen and 'backbone.b7.conv_branch2a.weight' in seen
