"""Rounds of clustering and training: schedule, restart, resuming, several processes, records."""

import csv
import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from PIL import Image
from torch import nn

from mmwsss.engine.hooks import sub_category_features
from mmwsss.registry import HOOKS, MODELS

CLASSES = ('sky', 'sea', 'sand')
LABELS = [(0,), (0, 1), (1,), (2,), (0, 2), (0,), (1, 2), (0, 1, 2), (0,), (1,), (0,), (0, 1)]


@MODELS.register_module()
class TinyBackbone(nn.Module):
    """One convolution; divides by the picture's mean where ``ratio``, which is NaN for black."""

    def __init__(self, ratio: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 4, 4, bias=False)
        self.ratio = ratio

    def forward(self, x):
        if self.ratio:
            x = x / x.mean((1, 2, 3), keepdim=True)
        return (self.conv(x).relu(),)


@HOOKS.register_module()
class RateRecorder(Hook):
    """Keeps the learning rate and weights that iterations start with."""

    seen: list = []

    def before_train(self, runner) -> None:
        type(self).seen = []

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        weights = runner.model.backbone.conv.weight.detach().clone()
        self.seen.append((runner.optim_wrapper.get_lr()['lr'][0], weights))


@pytest.fixture(autouse=True)
def scope(monkeypatch):
    # Formatting the config for every checkpoint takes most of such a small run.
    monkeypatch.setattr(Config, 'pretty_text', '')
    with DefaultScope.overwrite_default_scope('mmwsss'):
        yield


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / 'pictures'
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(len(LABELS)):
        color = rng.integers(20, 235, 3)
        noise = rng.integers(-20, 20, (16, 16 + 4 * (index % 2), 3))
        Image.fromarray((color + noise).astype(np.uint8)).save(folder / f'p{index:02}.png')
    lines = [
        f'p{index:02}.png {" ".join(CLASSES[c] for c in labels)}'
        for index, labels in enumerate(LABELS)
    ]
    (tmp_path / 'labels.txt').write_text('\n'.join(lines) + '\n')
    return tmp_path


def config(data, work_dir, *, hook=None, max_epochs=6, backbone=None, **kwargs):
    meta_keys = ('sample_idx', 'img_id', 'img_path', 'num_classes')
    resize = dict(type='Resize', scale=(16, 16))
    return dict(
        model=dict(
            type='CAMClassifier',
            data_preprocessor=dict(mean=[0.0] * 3, std=[255.0] * 3, num_classes=3),
            backbone=dict(type='TinyBackbone', **(backbone or {})),
            head=dict(
                type='SubCategoryHead',
                num_classes=3,
                in_channels=6,
                dropout=0.0,
                num_subcategories=(3, 2, 2),
            ),
        ),
        train_dataloader=dict(
            batch_size=4,
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(
                type='ImageLevelDataset',
                label_file='labels.txt',
                data_root=str(data),
                data_prefix=dict(img_path='pictures'),
                metainfo=dict(classes=CLASSES),
                pipeline=[
                    dict(type='LoadImage'),
                    resize,
                    dict(type='mmpretrain.PackInputs', meta_keys=meta_keys),
                ],
            ),
        ),
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=max_epochs),
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.02)),
        param_scheduler=dict(type='PolyLR', power=0.9, end=2, convert_to_iter_based=True),
        default_hooks=dict(
            sub_category=dict(
                type='SubCategoryClusteringHook', **{'rounds': 2, 'processes': 1, **(hook or {})}
            ),
        ),
        custom_hooks=[dict(type='RateRecorder')],
        default_scope='mmwsss',
        randomness=dict(seed=0),
        work_dir=str(work_dir),
        experiment_name=f'rounds_{work_dir.name}',
        log_level='WARNING',
        **kwargs,
    )


def train(*args, **kwargs) -> Runner:
    runner = Runner.from_cfg(config(*args, **kwargs))
    runner.train()
    return runner


def assert_same_end(one: Runner, other: Runner) -> None:
    state = other.model.state_dict()
    for name, value in one.model.state_dict().items():
        torch.testing.assert_close(value, state[name], msg=name)
    moments = other.optim_wrapper.optimizer.state_dict()['state']
    for index, values in one.optim_wrapper.optimizer.state_dict()['state'].items():
        torch.testing.assert_close(values['exp_avg'], moments[index]['exp_avg'])


def test_every_round_restarts_weights_and_schedule(data):
    runner = train(data, data / 'run')
    rates = [rate for rate, _ in RateRecorder.seen]
    assert len(rates) == 18  # 3 rounds × 2 epochs × 3 batches
    assert rates[:6] == rates[6:12] == rates[12:]
    assert rates[0] == 0.02 and sorted(rates[:6], reverse=True) == rates[:6]
    starts = [RateRecorder.seen[i][1] for i in (0, 6, 12)]
    ends = [RateRecorder.seen[i][1] for i in (5, 11)]
    assert all((a != b).all() for a, b in zip(starts[1:], ends))  # not what the last round left
    assert (starts[1] != starts[2]).all()  # random numbers of the round's own
    assert runner.model.head.round == 2
    presence = torch.tensor([[c in labels for c in range(3)] for labels in LABELS])
    torch.testing.assert_close(runner.model.head.assignments >= 0, presence)


def test_rounds_of_other_lengths_decay_to_their_end(data):
    train(data, data / 'run', hook=dict(epochs=(1, 4, 1)))
    expected = [0.02 * (1 - t / (n - 1)) ** 0.9 for n in (3, 12, 3) for t in range(n)]
    assert [rate for rate, _ in RateRecorder.seen] == pytest.approx(expected)


def test_schedule_that_fits_no_round_is_refused_before_training(data):
    cfg = config(data, data / 'run', hook=dict(epochs=(2, 3, 1)))
    cfg['param_scheduler'] = dict(type='MultiStepLR', milestones=[1], end=2)
    RateRecorder.seen = []
    with pytest.raises(ValueError, match='MultiStepLR with milestones'):
        Runner.from_cfg(cfg).train()
    assert RateRecorder.seen == []


def test_continuing_keeps_the_weights(data):
    train(data, data / 'run', hook=dict(restart=False))
    steps = [
        (b - a).abs().max() for (_, a), (_, b) in zip(RateRecorder.seen, RateRecorder.seen[1:])
    ]
    # A step of Adam changes no weight by more than some learning rates, a restart all of them.
    assert max(steps) < 0.1
    assert [rate for rate, _ in RateRecorder.seen][6] == 0.02


def test_round_0_is_the_plain_classifier(data):
    cfg = config(data, data / 'plain', max_epochs=2)
    cfg['model']['head'].update(type='CAMHead')
    cfg['model']['head'].pop('num_subcategories')
    del cfg['default_hooks']['sub_category']
    plain = Runner.from_cfg(cfg)
    ours = Runner.from_cfg(config(data, data / 'ours', max_epochs=2, hook=dict(rounds=0)))
    ours.model.init_weights()
    state = ours.model.state_dict()
    plain.model.load_state_dict(state, strict=False)
    for runner in (plain, ours):
        runner._init_model_weights = lambda: None
        runner.train()
    for name, value in plain.model.state_dict().items():
        torch.testing.assert_close(value, ours.model.state_dict()[name], rtol=0, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize('hook', [{}, dict(restart=False), dict(epochs=(1, 4, 1))])
def test_resumed_run_ends_as_the_unbroken_one(data, hook):
    unbroken = train(data, data / 'unbroken', hook=hook)
    # Of equal rounds: where round 1 begins, where round 2 begins, in the middle of round 2.
    for epoch in (2, 4, 5):
        resumed = train(
            data,
            data / f'from_{epoch}',
            hook=hook,
            load_from=str(data / 'unbroken' / f'epoch_{epoch}.pth'),
            resume=True,
        )
        assert resumed.epoch == 6 and len(RateRecorder.seen) == 3 * (6 - epoch)
        assert_same_end(unbroken, resumed)


def test_round_0_given_by_a_checkpoint(data):
    train(data, data / 'first')
    given = train(
        data,
        data / 'second',
        hook=dict(rounds=1, epochs=(0, 2)),
        max_epochs=2,
        load_from=str(data / 'first' / 'round_0.pth'),
    )
    assert given.model.head.round == 1
    first = torch.load(data / 'first' / 'round_1.pth', weights_only=False)['state_dict']
    torch.testing.assert_close(given.model.head.assignments, first['head.assignments'])


def test_records_say_what_the_model_holds(data):
    runner = train(data, data / 'run')
    table = torch.full((len(LABELS), 3), -1, dtype=torch.int32)
    with open(data / 'run' / 'sub_categories' / 'round_2.csv', newline='') as file:
        for row in csv.DictReader(file):
            label = CLASSES.index(row['class'])
            table[int(row['img_id'][1:]), label] = int(row['subcategory'])
            assert float(row['distance']) >= 0
    torch.testing.assert_close(runner.model.head.assignments, table)
    summary = json.loads((data / 'run' / 'sub_categories' / 'round_2.json').read_text())
    assert summary['round'] == 2 and summary['total']['pairs'] == sum(map(len, LABELS))
    for label, row in enumerate(summary['classes']):
        sizes = table[:, label][table[:, label] >= 0].bincount()
        assert (row['name'], row['sizes']) == (CLASSES[label], sizes.tolist())
    earlier = torch.load(data / 'run' / 'round_1.pth', weights_only=False)['state_dict']
    moved = (earlier['head.assignments'] != table)[table >= 0].float().mean()
    assert summary['total']['moved'] == pytest.approx(float(moved))
    assert not list((data / 'run' / 'sub_categories').glob('.tmp*'))


def test_not_a_number_names_the_picture(data):
    Image.new('RGB', (16, 16)).save(data / 'pictures' / 'p07.png')
    with pytest.raises(FloatingPointError, match=r'p07\.png are not finite'):
        train(data, data / 'run', backbone=dict(ratio=True), max_epochs=1,
              hook=dict(rounds=1, epochs=(0, 1)), load_from=str(untrained(data)))  # fmt: skip


def untrained(data):
    path = data / 'untrained.pth'
    torch.manual_seed(1)
    torch.save(dict(state_dict=MODELS.build(config(data, data)['model']).state_dict()), path)
    return path


def cluster_in_one_of_two(rank, data):
    torch.set_num_threads(1)
    sub_category_features._CHUNK = 4  # several exchanges, the last one not full
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{data}/rendezvous', rank=rank, world_size=2
    )
    with DefaultScope.overwrite_default_scope('mmwsss'):
        runner = train_given(data, data / 'two')
    torch.save(runner.model.head.assignments, data / f'rank_{rank}.pth')
    torch.distributed.destroy_process_group()


def train_given(data, work_dir):
    return train(data, work_dir, hook=dict(rounds=1, epochs=(0, 1)), max_epochs=1,
                 load_from=str(data / 'untrained.pth'))  # fmt: skip


@pytest.mark.slow
def test_two_processes_cluster_as_one(data):
    untrained(data)
    alone = train_given(data, data / 'one').model.head.assignments
    assert alone.max() == 2
    torch.multiprocessing.spawn(cluster_in_one_of_two, (data,), nprocs=2)
    for rank in range(2):
        torch.testing.assert_close(torch.load(data / f'rank_{rank}.pth'), alone)


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
        dict(stage='neck'),
    ],
)
def test_settings_are_checked(data, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        HOOKS.build(dict(type='SubCategoryClusteringHook') | dict(rounds=2) | wrong)


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
