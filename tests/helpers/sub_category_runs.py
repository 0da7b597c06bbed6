"""A tiny run over rounds of sub-categories, for the tests of what it does and refuses."""

from pathlib import Path

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModule
from mmengine.runner import Runner
from PIL import Image
from torch import nn

from mmwsss.registry import CLUSTERERS, HOOKS, MODELS

CLASSES = ('sky', 'sea', 'sand')
LABELS = [(0,), (0, 1), (1,), (2,), (0, 2), (0,), (1, 2), (0, 1, 2), (0,), (1,), (0,), (0, 1)]


@MODELS.register_module()
class TinyBackbone(BaseModule):
    """Backbone of one convolution.

    Args:
        ratio (bool): Whether to divide by the mean of the image, which gives NaN for a black one.
            Defaults to False.
        norm (bool): Whether to normalise batches. Defaults to False.
        init_cfg (dict, optional): Config of the initialisation.
    """

    def __init__(self, ratio=False, norm=False, init_cfg=None) -> None:
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(3, 6, 4, 4, bias=False)
        self.norm = nn.BatchNorm2d(6) if norm else nn.Identity()
        self.ratio = ratio

    def forward(self, x):
        if self.ratio:
            x = x / x.mean((1, 2, 3), keepdim=True)
        return (self.norm(self.conv(x)).relu(),)


@HOOKS.register_module()
class RateRecorder(Hook):
    """Hook that keeps learning rate, weights and number of moments before each iteration."""

    seen: list = []
    moments: list = []

    def before_train(self, runner) -> None:
        type(self).seen, type(self).moments = [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        weights = runner.model.backbone.conv.weight.detach().clone()
        self.seen.append((runner.optim_wrapper.get_lr()['lr'][0], weights))
        self.moments.append(len(runner.optim_wrapper.optimizer.state))


@CLUSTERERS.register_module()
class ClusterRecorder:
    """Clusterer that deals images out in turn, and keeps the seed and features it gets."""

    seen: list = []

    def __call__(self, rows, num_clusters, seed):
        self.seen.append((seed, rows.features.dtype, rows.width))
        return np.arange(len(rows), dtype=np.int32) % num_clusters


def write_data(folder: Path) -> Path:
    """Write images, of two sizes, and their labels.

    Args:
        folder (Path): An empty folder.

    Returns:
        Path: The folder.
    """
    (folder / 'images').mkdir()
    rng = np.random.default_rng(0)
    for index in range(len(LABELS)):
        color = rng.integers(20, 235, 3)
        noise = rng.integers(-20, 20, (16, 16 + 4 * (index % 2), 3))
        image = Image.fromarray((color + noise).astype(np.uint8))
        image.save(folder / 'images' / f'p{index:02}.png')
    lines = [
        f'p{index:02}.png {" ".join(CLASSES[c] for c in labels)}'
        for index, labels in enumerate(LABELS)
    ]
    (folder / 'labels.txt').write_text('\n'.join(lines) + '\n')
    return folder


def config(data, work_dir, *, hook=None, max_epochs=6, backbone=None, head=None, **kwargs):
    """Return the config of a run over rounds.

    Args:
        data (Path): Folder from :func:`write_data`.
        work_dir (Path): Work directory.
        hook (dict, optional): Arguments of SubCategoryClusteringHook.
        max_epochs (int): Epochs of all rounds. Defaults to 6.
        backbone (dict, optional): Arguments of TinyBackbone.
        head (dict, optional): Arguments of the head.
        **kwargs (Any): Further settings of the config.

    Returns:
        dict: The config.
    """
    meta_keys = ('sample_idx', 'img_id', 'img_path', 'num_classes')
    resize = dict(type='Resize', scale=(16, 16))
    return dict(
        model=dict(
            type='CAMClassifier',
            data_preprocessor=dict(mean=[0.0] * 3, std=[255.0] * 3, num_classes=3),
            backbone=dict(type='TinyBackbone', **(backbone or {})),
            head=dict(
                **{
                    'type': 'SubCategoryHead',
                    'num_classes': 3,
                    'in_channels': 6,
                    'dropout': 0.0,
                    'num_subcategories': (3, 2, 2),
                    **(head or {}),
                }
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
                data_prefix=dict(img_path='images'),
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
    """Train over rounds.

    Args:
        *args (Any): See :func:`config`.
        **kwargs (Any): See :func:`config`.

    Returns:
        Runner: The runner of the finished run.
    """
    runner = Runner.from_cfg(config(*args, **kwargs))
    runner.train()
    return runner


def untrained(data, **kwargs):
    """Save a checkpoint of random weights.

    Args:
        data (Path): Folder from :func:`write_data`, for the checkpoint too.
        **kwargs (Any): See :func:`config`.

    Returns:
        Path: The checkpoint.
    """
    path = data / 'untrained.pth'
    torch.manual_seed(1)
    torch.save(
        dict(state_dict=MODELS.build(config(data, data, **kwargs)['model']).state_dict()), path
    )
    return path


def train_given(data, work_dir):
    """Train round 1 alone, from the checkpoint of :func:`untrained`.

    Args:
        data (Path): Folder from :func:`write_data`, with the checkpoint.
        work_dir (Path): Work directory.

    Returns:
        Runner: The runner of the finished run.
    """
    return train(data, work_dir, hook=dict(rounds=1, epochs=(0, 1)), max_epochs=1,
                 load_from=str(data / 'untrained.pth'))  # fmt: skip
