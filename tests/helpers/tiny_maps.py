"""Tiny response maps, a config of labels from them, and ways to run the tools."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from rectangles import COLOURS, write_rectangles
from repo import TOOLS

from mmwsss.datasets.masks import read_mask
from mmwsss.structures import CAMStore, ResponseMap

COUNT = 6

CONFIG = """
_base_ = ['mmwsss::msrc/affinitynet_efficientnet-lite0_msrc.py']
data_root = {root!r}
cam_store = {root!r} + 'cams'
affinity_dir = {root!r} + 'affinity'
mask_dir = {root!r} + 'SegmentationClass'
label_dataset = dict(data_root=data_root)
affinity_labels = dict(cam_store=cam_store, out_dir=affinity_dir, mask_dir=mask_dir,
                       foreground=dict(alpha=4), background=dict(alpha=32))
model = dict(
    backbone=dict(_delete_=True, type='mmpretrain.ResNet', depth=18, stem_channels=8,
                  base_channels=8, strides=(1, 1, 1, 1), out_indices=(0, 1, 2), deep_stem=False),
    head=dict(in_channels=(8, 16, 32), channels=(4, 4, 8), radius=3, stride=4),
)
train_pipeline = [
    dict(type='LoadImage'), dict(type='LoadAffinityLabel'),
    dict(type='mmseg.RandomCrop', crop_size=48), dict(type='RandomFlip', prob=0.5),
    dict(type='PadWithLabels', size=48, pad_value=(127.0, 127.0, 127.0)),
    dict(type='PoolAffinityLabel', stride=4),
    dict(type='mmpretrain.PackInputs', algorithm_keys=('gt_affinity_label',)),
]
train_dataloader = dict(
    batch_size=3, num_workers=0, persistent_workers=False,
    dataset=dict(data_root=data_root, affinity_dir=affinity_dir, pipeline=train_pipeline))
param_scheduler = dict(end=2)
train_cfg = dict(max_epochs=2)
default_hooks = dict(logger=dict(interval=1))
pseudo_labels = dict(
    cam_store=cam_store, out_dir={root!r} + 'pseudo', mask_dir=mask_dir, ignore_below=0.0,
    refiner=dict(refiners=[dict(type='RandomWalkRefiner', t=2), dict(type='CRFRefiner')]))
"""


def write_tiny_maps(root: Path) -> None:
    """Write images of several sizes, response maps and a config. The last one has no mask.

    Args:
        root (Path): An empty folder.
    """
    store = CAMStore.create(root / 'cams', list(COLOURS))
    rng = np.random.default_rng(0)
    for img_id, classes in write_rectangles(root, COUNT, heights=(40, 42, 44)).items():
        response = rng.random((len(classes), 6, 7)) * 0.15
        for place in range(len(classes)):
            response[place, 2:4, 1 + 3 * place : 3 + 3 * place] = 1
        size = read_mask(root / f'SegmentationClass/{img_id}.png').shape
        store.write(ResponseMap(torch.from_numpy(response), torch.tensor(classes), size, img_id))
    (root / f'SegmentationClass/p{COUNT - 1}.png').unlink()
    (root / 'tiny.py').write_text(CONFIG.format(root=f'{root}/'))


def config(root: Path, **pseudo_labels) -> Config:
    """Read the config.

    Args:
        root (Path): Folder from :func:`write_tiny_maps`.
        **pseudo_labels (Any): Settings that replace those of its ``pseudo_labels``.

    Returns:
        Config: The config.
    """
    cfg = Config.fromfile(root / 'tiny.py')
    cfg.merge_from_dict({'pseudo_labels': pseudo_labels} if pseudo_labels else {})
    return cfg


def without_model(root: Path, out: str, **kwargs) -> Config:
    """Read the config, with a CRF alone for a refiner.

    Args:
        root (Path): Folder from :func:`write_tiny_maps`.
        out (str): Name of another folder for the labels.
        **kwargs (Any): Settings that replace those of its ``pseudo_labels``.

    Returns:
        Config: The config.
    """
    refiner = dict(_delete_=True, type='CRFRefiner', iterations=2)
    return config(root, refiner=refiner, out_dir=str(root / out), **kwargs)


def contents(folder: Path) -> dict[str, bytes]:
    """Read a folder's PNG files.

    Args:
        folder (Path): The folder.

    Returns:
        dict[str, bytes]: Name → bytes.
    """
    return {path.name: path.read_bytes() for path in folder.glob('*.png')}


def launch(root: Path, tool: str, *arguments: str, expect: int = 0) -> str:
    """Run a tool in two processes.

    Args:
        root (Path): Folder from :func:`write_tiny_maps`.
        tool (str): File name of the tool.
        *arguments (str): Its arguments after the config.
        expect (int): Exit status that it must have. Defaults to 0.

    Returns:
        str: Its output.
    """
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    command = [sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node=2']
    command += [f'--master_port={port}', str(TOOLS / tool), str(root / 'tiny.py'), *arguments]
    result = subprocess.run(
        [*command, '--launcher', 'pytorch'],
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )
    assert result.returncode == expect, result.stderr
    return result.stdout + result.stderr
