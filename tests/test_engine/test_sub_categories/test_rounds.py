"""Rounds of clustering and training: schedule, restart, resuming, records."""

import csv
import json

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from PIL import Image
from sub_category_runs import (
    CLASSES,
    LABELS,
    ClusterRecorder,
    RateRecorder,
    config,
    train,
    untrained,
    write_data,
)

pytestmark = pytest.mark.usefixtures('small_runs')


@pytest.fixture
def data(tmp_path):
    return write_data(tmp_path)


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
    assert [i for i, count in enumerate(RateRecorder.moments) if count == 0] == [0, 6, 12]
    assert rates[0] == 0.02 and sorted(rates[:6], reverse=True) == rates[:6]
    starts = [RateRecorder.seen[i][1] for i in (0, 6, 12)]
    ends = [RateRecorder.seen[i][1] for i in (5, 11)]
    assert all((a != b).all() for a, b in zip(starts[1:], ends))  # not what the last round left
    assert (starts[1] != starts[2]).all()  # random numbers of the round's own
    assert runner.model.head.round == 2
    presence = torch.tensor([[c in labels for c in range(3)] for labels in LABELS])
    torch.testing.assert_close(runner.model.head.assignments >= 0, presence)


def test_every_round_starts_from_the_pretrained_weights(data):
    weight = torch.randn(6, 3, 4, 4)
    torch.save(dict(state_dict={'conv.weight': weight}), data / 'pretrained.pth')
    init = dict(type='Pretrained', checkpoint=str(data / 'pretrained.pth'))
    train(data, data / 'run', max_epochs=3, backbone=dict(init_cfg=init))
    for start in (0, 3, 6):
        torch.testing.assert_close(RateRecorder.seen[start][1], weight)
        assert (RateRecorder.seen[start + 2][1] != weight).any()


@pytest.mark.parametrize(
    'settings, seed, dtype, width',
    [
        (dict(), 0, 'float32', 4),
        (dict(seed=7, stage='backbone', dtype='float16'), 7, 'float16', 6),
    ],
)
def test_clusterer_gets_what_the_hook_is_told(data, settings, seed, dtype, width):
    ClusterRecorder.seen = []
    head = dict(mid_channels=4)
    hook = dict(rounds=1, epochs=(0, 1), clusterer=dict(type='ClusterRecorder'), **settings)
    load_from = str(untrained(data, head=head))
    train(data, data / 'run', hook=hook, max_epochs=1, head=head, load_from=load_from)
    assert ClusterRecorder.seen == [(seed, np.dtype(dtype), width)] * len(CLASSES)


def test_clusters_of_features_pooled_over_the_class(data):
    runner = train(data, data / 'run', hook=dict(rounds=1, pooling='class'), max_epochs=2)
    presence = torch.tensor([[c in labels for c in range(3)] for labels in LABELS])
    torch.testing.assert_close(runner.model.head.assignments >= 0, presence)


def test_rounds_of_other_lengths_decay_to_their_end(data):
    train(data, data / 'run', hook=dict(epochs=(1, 4, 1)))
    expected = [0.02 * (1 - t / (n - 1)) ** 0.9 for n in (3, 12, 3) for t in range(n)]
    assert [rate for rate, _ in RateRecorder.seen] == pytest.approx(expected)


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


def test_not_a_number_names_the_image(data):
    Image.new('RGB', (16, 16)).save(data / 'images' / 'p07.png')
    with pytest.raises(FloatingPointError, match=r'p07\.png are not finite'):
        train(data, data / 'run', backbone=dict(ratio=True), max_epochs=1,
              hook=dict(rounds=1, epochs=(0, 1)), load_from=str(untrained(data)))  # fmt: skip
