"""A resumed run ends as the unbroken one, whatever the number of workers."""

import pickle
import random

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.runner import Runner
from PIL import Image

from mmwsss.datasets.seeding import (
    SeededIndex,
    SeededInfiniteSampler,
    SeededSampler,
    SeededTransforms,
)

CLASSES = ('sky', 'sea')


pytestmark = pytest.mark.usefixtures('small_runs')


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(10):
        Image.fromarray(rng.integers(0, 255, (24, 20, 3), np.uint8)).save(folder / f'p{index}.png')
    lines = [f'p{index}.png {CLASSES[index % 2]}' for index in range(10)]
    (tmp_path / 'labels.txt').write_text('\n'.join(lines) + '\n')
    return tmp_path


def config(data, name, sampler, loop, interval, workers):
    """Everything random: crop, flip and colour in the workers, mixup and dropout in the model."""
    return dict(
        model=dict(
            type='CAMClassifier',
            data_preprocessor=dict(mean=[127.0] * 3, std=[64.0] * 3, num_classes=2),
            backbone=dict(
                type='mmpretrain.ResNet',
                depth=18,
                stem_channels=4,
                base_channels=4,
                strides=(1, 1, 1, 1),
                out_indices=(0,),
                deep_stem=False,
            ),
            head=dict(type='CAMHead', num_classes=2, in_channels=4, dropout=0.5),
            train_cfg=dict(augments=[dict(type='mmpretrain.Mixup', alpha=0.5)]),
        ),
        train_dataloader=dict(
            batch_size=2,
            num_workers=workers,
            persistent_workers=workers > 0,
            sampler=dict(type=sampler, shuffle=True),
            dataset=dict(
                type='ImageLevelDataset',
                label_file='labels.txt',
                data_root=str(data),
                data_prefix=dict(img_path='images'),
                metainfo=dict(classes=CLASSES),
                pipeline=[
                    dict(type='LoadImage'),
                    dict(type='mmpretrain.RandomCrop', crop_size=16),
                    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                    dict(type='FastColorJitter', brightness=0.3, hue=0.1),
                    dict(type='mmpretrain.PackInputs', meta_keys=('sample_idx', 'num_classes')),
                ],
            ),
        ),
        train_cfg=loop,
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.02)),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=interval, by_epoch=interval == 1),
            seed=dict(type='IterationSeedHook'),
        ),
        default_scope='mmwsss',
        randomness=dict(seed=3),
        work_dir=str(data / name),
        experiment_name=f'{data.name}_{name}',
        log_level='WARNING',
    )


def weights(runner):
    return torch.cat([value.flatten().double() for value in runner.model.state_dict().values()])


LOOPS = {
    'epochs': ('SeededSampler', dict(type='EpochBasedTrainLoop', max_epochs=4), 1, 'epoch_2'),
    'iterations': (
        'SeededInfiniteSampler', dict(type='IterBasedTrainLoop', max_iters=16), 6, 'iter_6',
    ),
}  # fmt: skip


@pytest.mark.parametrize('kind', LOOPS)
def test_resumed_run_ends_as_the_unbroken_one(data, kind):
    sampler, loop, interval, checkpoint = LOOPS[kind]
    unbroken = Runner.from_cfg(config(data, 'unbroken', sampler, loop, interval, workers=0))
    unbroken.train()
    cfg = config(data, 'resumed', sampler, loop, interval, workers=2)
    cfg.update(resume=True, load_from=str(data / 'unbroken' / f'{checkpoint}.pth'))
    torch.manual_seed(99)  # whatever happened before
    resumed = Runner.from_cfg(cfg)
    start = []
    resumed.register_hook(_Start(start))
    resumed.train()
    assert start[0] in (6, 10)  # it did not begin anew
    assert torch.equal(weights(resumed), weights(unbroken))


class _Start(Hook):
    def __init__(self, seen):
        self.seen = seen

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.seen.append(runner.iter)


class _Drawn(BaseDataset):
    """What each generator draws for a sample."""

    def __init__(self):
        pass

    def prepare_data(self, index):
        return [index, random.random(), np.random.rand(), float(torch.rand(()))]


class DrawnNumbers(SeededTransforms, _Drawn):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        return self.prepare_data(index)


def drawn(sampler, workers=0, batches=None):
    loader = torch.utils.data.DataLoader(
        DrawnNumbers(), 3, sampler=sampler, num_workers=workers, collate_fn=list
    )
    return [row for _, batch in zip(range(batches or len(loader)), loader) for row in batch]


def test_draws_do_not_depend_on_workers():
    alone = drawn(SeededSampler(range(12), seed=1))
    assert drawn(SeededSampler(range(12), seed=1), workers=2) == alone
    assert sorted(row[0] for row in alone) == list(range(12))
    for column in (1, 2, 3):
        assert len({row[column] for row in alone}) == 12


def test_epochs_and_seeds_draw_anew():
    sampler = SeededSampler(range(12), shuffle=False, seed=1)
    first = drawn(sampler)
    sampler.set_epoch(1)
    assert all(a[1:] != b[1:] for a, b in zip(first, drawn(sampler)))
    other = drawn(SeededSampler(range(12), shuffle=False, seed=2))
    assert all(a[1:] != b[1:] for a, b in zip(first, other))


def test_infinite_draws_go_on_where_they_were_skipped_to():
    whole = drawn(SeededInfiniteSampler(range(12), seed=1), batches=8)
    assert len({tuple(row) for row in whole}) == 24  # the second time round draws anew
    skipped = SeededInfiniteSampler(range(12), seed=1)
    skipped.skip(9)
    assert drawn(skipped, batches=5) == whole[9:]


def test_seeded_index_is_an_index_and_can_be_pickled():
    index = pickle.loads(pickle.dumps(SeededIndex(7, (1, 2))))
    assert index == 7 and [*range(10)][index] == 7 and index.entropy == (1, 2)


def test_plain_indices_do_not_seed():
    random.seed(5)
    expected = random.random()
    random.seed(5)
    assert DrawnNumbers()[3][1] == expected
