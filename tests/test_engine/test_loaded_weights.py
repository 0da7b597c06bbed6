"""Weights that training starts from must be in what ``load_from`` names."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODEL_WRAPPERS
from repo import CONFIGS
from torch import nn

from mmwsss.engine.hooks import LoadedWeightsHook
from mmwsss.registry import HOOKS

NETS = sorted(CONFIGS.glob('**/affinitynet*.py'))


def net():
    return nn.ModuleDict(
        dict(backbone=nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2)), head=nn.Conv2d(2, 4, 1))
    )


def load(state, prefixes=('backbone.',), model=None, **cfg):
    dataset = SimpleNamespace(metainfo=dict(classes=('cat', 'dog')))
    loader = SimpleNamespace(dataset=dataset)
    runner = SimpleNamespace(
        model=model or net(), cfg=dict(load_from='some.pth', **cfg), train_dataloader=loader
    )
    LoadedWeightsHook(prefixes).after_load_checkpoint(runner, state)


def test_same_backbone_is_accepted_with_any_head():
    state = {k: v for k, v in net().state_dict().items() if k.startswith('backbone.')}
    load(dict(state_dict=state))
    load(state)  # bare
    load(dict(state_dict={f'module.{name}': value for name, value in state.items()}))


@MODEL_WRAPPERS.register_module()
class WrapperOfTests(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module


@pytest.mark.parametrize('resume', [False, True])
def test_a_model_in_several_processes_is_unwrapped(resume):
    wrapped = WrapperOfTests(net())
    state = net().state_dict()
    load(dict(state_dict=state), [''], wrapped, resume=resume)
    assert torch.equal(wrapped.module.head.weight, state['head.weight'])


def test_missing_weights_are_counted_and_named():
    state = net().state_dict()
    del state['backbone.0.bias']
    with pytest.raises(ValueError, match=r'some\.pth lacks 1 of 7 .* backbone\.0\.bias'):
        load(dict(state_dict=state))


def test_weights_of_other_shapes_are_missing():
    state = net().state_dict() | {'backbone.0.weight': torch.zeros(5, 3, 1, 1)}
    with pytest.raises(ValueError, match=r'shape \(2, 3, 1, 1\), not \(5, 3, 1, 1\)'):
        load(dict(state_dict=state))


@pytest.mark.parametrize('lost', ['backbone.0.bias', 'head.weight'])
def test_a_resumed_checkpoint_needs_every_weight(lost):
    state = net().state_dict()
    load(dict(state_dict=state), resume=True)
    del state[lost]
    with pytest.raises(ValueError, match=f'lacks 1 of 9 .* {lost}'):
        load(dict(state_dict=state), resume=True)


def with_classes(*names):
    return dict(state_dict=net().state_dict(), meta=dict(dataset_meta=dict(classes=names)))


def test_a_resumed_checkpoint_needs_the_same_classes():
    load(with_classes('cat', 'dog'), resume=True)
    with pytest.raises(ValueError, match=r"some\.pth has class 0 'dog', the data 'cat'"):
        load(with_classes('dog', 'cat'), resume=True)
    with pytest.raises(ValueError, match='has 3 classes, the data has 2'):
        load(with_classes('cat', 'dog', 'cow'), resume=True)


def test_classes_of_a_start_may_be_others():
    load(with_classes('cow', 'sheep'))


def test_a_wrapper_is_taken_off_before_mmengine_loads():
    checkpoint = dict(model=net().state_dict())
    load(checkpoint)
    assert set(checkpoint['state_dict']) == set(net().state_dict())


def test_prefixes_that_fit_nothing_are_refused():
    with pytest.raises(ValueError, match='backbonee'):
        load(net().state_dict(), prefixes=('backbonee.',))


@pytest.mark.parametrize('path', NETS, ids=[str(path.relative_to(CONFIGS)) for path in NETS])
def test_every_affinity_net_checks_its_classifier(path):
    cfg = Config.fromfile(path)
    hook = HOOKS.build(cfg.default_hooks.loaded_weights)
    assert isinstance(hook, LoadedWeightsHook) and hook.prefixes == ('backbone.',)
    assert 'seed' in cfg.default_hooks  # those of the base remain
