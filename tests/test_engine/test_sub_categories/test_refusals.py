"""What the rounds refuse, before anything is trained, and what may be resumed."""

import pytest
import torch
from mmengine.runner import Runner
from sub_category_runs import RateRecorder, config, train, write_data

from mmwsss.registry import HOOKS, MODELS

pytestmark = pytest.mark.usefixtures('small_runs')


@pytest.fixture
def data(tmp_path):
    return write_data(tmp_path)


def test_schedule_that_fits_no_round_is_refused_before_training(data):
    cfg = config(data, data / 'run', hook=dict(epochs=(2, 3, 1)))
    cfg['param_scheduler'] = dict(type='MultiStepLR', milestones=[1], end=2)
    RateRecorder.seen = []
    with pytest.raises(ValueError, match='MultiStepLR with milestones'):
        Runner.from_cfg(cfg).train()
    assert RateRecorder.seen == []


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (dict(max_epochs=7), 'train_cfg.max_epochs'),
        (dict(hook=dict(epochs=(1, 2, 2))), 'train_cfg.max_epochs'),
        (dict(hook=dict(epochs=(0, 3, 3))), 'load_from'),
    ],
)
def test_rounds_that_do_not_add_up_are_refused(data, kwargs, message):
    with pytest.raises(ValueError, match=message):
        train(data, data / 'run', **kwargs)


@pytest.mark.parametrize(
    'wrong',
    [
        dict(epochs=(2, 2)),
        dict(epochs=(2, 0, 4)),
        dict(epochs=(-1, 3, 4)),
        dict(epochs=(2, 1.5, 2.5)),
        dict(rounds=-1),
        dict(rounds=1.5),
        dict(dtype='int8'),
        dict(seed=-1),
        dict(seed=1.5),
        dict(processes=0),
        dict(processes=-3),
        dict(stage='neck'),
        dict(pooling='map'),
    ],
)
def test_settings_are_checked(data, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        HOOKS.build(dict(type='SubCategoryClusteringHook') | dict(rounds=2) | wrong)


def wrap(cfg, **wrapper):
    dataset = cfg['train_dataloader']['dataset']
    key, value = ('dataset', dataset) if 'times' in wrapper else ('datasets', [dataset])
    cfg['train_dataloader']['dataset'] = {**wrapper, key: value}


def view(cfg, *transforms):
    cfg['default_hooks']['sub_category']['pipeline'] = transforms


PACK = dict(type='mmpretrain.PackInputs', meta_keys=('img_path',))


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda cfg: wrap(cfg, type='RepeatDataset', times=2), 'not RepeatDataset'),
        (lambda cfg: wrap(cfg, type='ConcatDataset'), 'not ConcatDataset'),
        (lambda cfg: view(cfg, dict(type='LoadImagee')), 'LoadImagee'),
        (lambda cfg: view(cfg, dict(type='LoadImage'), PACK), 'does not pack sample_idx'),
        (lambda cfg: view(cfg, dict(type='LoadImage')), 'sample_idx and img_path'),
        (lambda cfg: cfg['custom_hooks'].append(dict(type='EMAHook')), 'EMAHook cannot'),
        (
            lambda cfg: cfg.update(train_cfg=dict(type='IterBasedTrainLoop', max_iters=18)),
            'which IterBasedTrainLoop',
        ),
    ],
)
def test_what_would_fail_after_round_0_is_refused_before_training(data, change, message):
    cfg = config(data, data / 'run')
    change(cfg)
    RateRecorder.seen = []
    with pytest.raises((TypeError, ValueError, KeyError), match=message):
        Runner.from_cfg(cfg).train()
    assert RateRecorder.seen == []


def test_images_without_index_are_refused_in_the_first_iteration(data):
    cfg = config(data, data / 'run')
    cfg['train_dataloader']['dataset']['pipeline'][-1]['meta_keys'] = ('img_id', 'num_classes')
    with pytest.raises(KeyError, match='sample_idx'):
        Runner.from_cfg(cfg).train()
    assert len(RateRecorder.seen) == 1


def test_a_given_round_0_of_another_network_is_refused(data):
    torch.save(dict(state_dict={'foo.weight': torch.zeros(2)}), data / 'foreign.pth')
    with pytest.raises(ValueError, match=r'foreign\.pth lacks 2 of 2 weights'):
        train(data, data / 'run', max_epochs=1, hook=dict(rounds=1, epochs=(0, 1)),
              load_from=str(data / 'foreign.pth'))  # fmt: skip


def test_a_given_round_0_may_be_a_plain_classifier(data):
    cfg = config(data, data)['model']
    cfg['head'] = dict(type='CAMHead', num_classes=3, in_channels=6)
    plain = MODELS.build(cfg)
    torch.save(dict(state_dict=plain.state_dict()), data / 'plain.pth')
    train(data, data / 'run', max_epochs=1, hook=dict(rounds=1, epochs=(0, 1), restart=False),
          load_from=str(data / 'plain.pth'))  # fmt: skip
    torch.testing.assert_close(RateRecorder.seen[0][1], plain.backbone.conv.weight)


def test_a_head_without_sub_categories_is_refused(data):
    cfg = config(data, data / 'run')
    cfg['model']['head'] = dict(type='CAMHead', num_classes=3, in_channels=6)
    with pytest.raises(TypeError, match='SubCategoryHead'):
        Runner.from_cfg(cfg).train()


def test_resuming_with_other_labels_is_refused(data):
    train(data, data / 'run')
    text = (data / 'labels.txt').read_text()
    (data / 'labels.txt').write_text(text.replace('p03.png sand', 'p03.png sea'))
    with pytest.raises(ValueError, match='other images'):
        train(data, data / 'again', load_from=str(data / 'run' / 'epoch_5.pth'), resume=True)


def test_resuming_with_other_rounds_is_refused(data):
    train(data, data / 'run')
    with pytest.raises(ValueError, match='other rounds'):
        train(
            data,
            data / 'again',
            hook=dict(rounds=5),
            load_from=str(data / 'run' / 'epoch_3.pth'),
            resume=True,
        )


def test_resuming_with_images_in_another_order_is_refused(data):
    short = dict(hook=dict(rounds=1), max_epochs=2)
    train(data, data / 'run', **short)
    text = (data / 'labels.txt').read_text()
    swapped = text.replace('p00', 'p').replace('p05', 'p00').replace('p.png', 'p05.png')
    assert sorted(swapped) == sorted(text) and swapped != text  # both images show the sky alone
    (data / 'labels.txt').write_text(swapped)
    path = data / 'run' / 'epoch_2.pth'
    with pytest.raises(ValueError, match='in another order'):
        train(data, data / 'again', **short, load_from=str(path), resume=True)


def test_resuming_with_another_number_of_sub_categories_is_refused(data):
    short = dict(hook=dict(rounds=1), max_epochs=2)
    train(data, data / 'run', **short)
    with pytest.raises(ValueError, match=r'shape \(6, 6, 1, 1\), not \(7, 6, 1, 1\)'):
        train(data, data / 'again', **short, head=dict(num_subcategories=2),
              load_from=str(data / 'run' / 'epoch_1.pth'), resume=True)  # fmt: skip
