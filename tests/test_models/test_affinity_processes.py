"""AffinityNet ends with the same weights on one process and on two."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rectangles import COLOURS, write_rectangles
from repo import TOOLS

from mmwsss.datasets import LabelFolder

CONFIG = """
_base_ = 'mmwsss::msrc/affinitynet_efficientnet-lite0_msrc.py'
data_root = {root!r} + '/'
model = dict(
    backbone=dict(_delete_=True, type='mmpretrain.ResNet', depth=18, stem_channels=8,
                  base_channels=8, strides=(2, 1, 1, 1), dilations=(1, 2, 2, 2), norm_eval=True,
                  out_indices=(0, 1, 2)),  # the last stage has no gradient
    channels_last=False,
    head=dict(in_channels=(8, 16, 32), channels=(4, 4, 8), radius=3),
)
find_unused_parameters = True
metainfo = dict(classes=('red', 'green', 'blue'))
train_dataloader = dict(
    num_workers=0, persistent_workers=False,
    dataset=dict(data_root=data_root, affinity_dir=data_root + 'labels', metainfo=metainfo))
train_cfg = dict(max_epochs=2)
param_scheduler = dict(end=2)
load_from = None
randomness = dict(seed=0)
"""


def train(root: Path, processes: int) -> dict[str, torch.Tensor]:
    work_dir = root / str(processes)
    launcher = ['-m', 'torch.distributed.run', '--standalone', f'--nproc_per_node={processes}']
    options = [f'train_dataloader.batch_size={4 // processes}']
    command = [sys.executable, *launcher, str(TOOLS / 'train.py'), str(root / 'net.py')]
    command += ['--launcher', 'pytorch', '--work-dir', str(work_dir), '--cfg-options', *options]
    environment = os.environ | {'OMP_NUM_THREADS': '1'}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-5000:]
    return torch.load(work_dir / 'epoch_2.pth', weights_only=False)['state_dict']


@pytest.mark.slow
def test_two_processes_end_with_the_weights_of_one(tmp_path: Path) -> None:
    labels = LabelFolder.create(tmp_path / 'labels', 'affinity', tuple(COLOURS), {})
    for img_id in write_rectangles(tmp_path, 8):
        labels.write(img_id, np.array(Image.open(tmp_path / f'SegmentationClass/{img_id}.png')))
    (tmp_path / 'net.py').write_text(CONFIG.format(root=str(tmp_path)))
    one, two = train(tmp_path, 1), train(tmp_path, 2)
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=0, atol=2e-6, msg=name)
