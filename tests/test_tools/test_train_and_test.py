"""The real tools, end to end: train, resume, test, store, overlay, in one process and in two."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.runner import CheckpointLoader
from rectangles import write_rectangles
from repo import TOOLS
from tool_process import call_tool

from mmwsss.structures import CAMStore

NUM_IMAGES = 10

CONFIG = """
_base_ = ['mmwsss::_base_/models/cam_resnet50.py', 'mmwsss::_base_/datasets/msrc_objects.py',
          'mmwsss::_base_/schedules/sgd_15e.py', 'mmwsss::_base_/cam_evaluation.py',
          'mmwsss::_base_/default_runtime.py']
data_root = {root!r}
model = dict(
    data_preprocessor=dict(num_classes=3),
    backbone=dict(_delete_=True, type='mmpretrain.ResNet', depth=18, stem_channels=8,
                  base_channels=8, strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2)),
    head=dict(num_classes=3, in_channels=64, dropout=0.0),
    test_cfg=dict(scales=(1.0, 1.5), flip=True, cam_stride=4),
)
pipeline = [dict(type='LoadImage'), dict(type='mmpretrain.PackInputs', meta_keys=(
    'sample_idx', 'img_id', 'img_path', 'ori_shape', 'num_classes'))]
train_dataloader = dict(batch_size=5, num_workers=0, persistent_workers=False,
                        dataset=dict(data_root=data_root, pipeline=pipeline))
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=0.05, momentum=0.9))
param_scheduler = dict(end=2)
train_cfg = dict(max_epochs=2, val_interval=2)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=-1), logger=dict(interval=1))
"""


@pytest.fixture(scope='module')
def config(tmp_path_factory) -> Path:
    """A config and its data."""
    root = tmp_path_factory.mktemp('shapes')
    write_rectangles(root, NUM_IMAGES)
    file = root / 'shapes.py'
    file.write_text(CONFIG.format(root=str(root)))
    return file


def call(*command: object, **env: str) -> str:
    """Run a script; its output."""
    result = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHON': sys.executable, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout[-5000:]
    return result.stdout


def train(config: Path, work_dir: Path, *options, expect: int = 0) -> str:
    return call_tool('train.py', config, '--work-dir', work_dir, *options, expect=expect)


def free_port() -> str:
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return str(server.getsockname()[1])


def losses(log: str) -> list[str]:
    return re.findall(r'Epoch\(train\)\s+(\[.*?\]\[.*?\]).* loss: ([\d.]+)', log)


@pytest.fixture(scope='module')
def trained(config, tmp_path_factory) -> tuple[Path, str]:
    work_dir = tmp_path_factory.mktemp('work')
    log = train(config, work_dir, '--check-data')
    return work_dir, log


def measured(output: str) -> str:
    """The metrics of the line that the test loop logs, without times."""
    return re.findall(r'(cam/mIoU: .*?)\s+data_time', output)[-1]


@pytest.mark.slow
def test_training_validates_and_learns(trained):
    work_dir, log = trained
    assert (work_dir / 'epoch_2.pth').exists()
    assert 'cam/mIoU' in log
    values = [float(value) for _, value in losses(log)]
    assert len(values) == 4 and values[-1] < values[0]


@pytest.mark.slow
def test_resumed_training_ends_where_the_unbroken_one_does(config, trained, tmp_path):
    work_dir, _ = trained
    log = train(config, tmp_path, '--resume', work_dir / 'epoch_1.pth')
    assert [step for step, _ in losses(log)] == ['[2][1/2]', '[2][2/2]']
    whole, resumed = (
        CheckpointLoader.load_checkpoint(str(folder / 'epoch_2.pth'), 'cpu')
        for folder in (work_dir, tmp_path)
    )
    for name, weight in whole['state_dict'].items():
        assert torch.equal(weight, resumed['state_dict'][name]), name
    assert whole['param_schedulers'] == resumed['param_schedulers']
    states = [c['optimizer']['state'] for c in (whole, resumed)]
    assert all(
        torch.equal(states[0][k]['momentum_buffer'], states[1][k]['momentum_buffer'])
        for k in states[0]
    )
    assert whole['meta']['epoch'] == resumed['meta']['epoch'] == 2


@pytest.mark.slow
def test_resuming_where_nothing_was_saved_begins_from_load_from(config, trained, tmp_path):
    start = trained[0] / 'epoch_2.pth'
    still = ('optim_wrapper.optimizer.lr=0.0', 'train_cfg.max_epochs=1', f'load_from={start}')
    log = train(config, tmp_path, '--resume', '--no-validate', '--cfg-options', *still)
    assert f'Load checkpoint from {start}' in log
    whole, begun = (
        CheckpointLoader.load_checkpoint(str(file), 'cpu')['state_dict']
        for file in (start, tmp_path / 'epoch_1.pth')
    )
    convolutions = [name for name in whole if whole[name].ndim == 4]
    assert convolutions and all(torch.equal(whole[name], begun[name]) for name in convolutions)


@pytest.mark.slow
def test_training_goes_on_in_a_work_dir_that_was_moved(config, trained, tmp_path):
    shutil.copy(trained[0] / 'epoch_1.pth', tmp_path)
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'before' / 'epoch_1.pth'))
    log = train(config, tmp_path, '--resume')
    assert f'taking {tmp_path}/epoch_1.pth' in log
    assert [step for step, _ in losses(log)] == ['[2][1/2]', '[2][2/2]']
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'before' / 'epoch_3.pth'))
    error = train(config, tmp_path, '--resume', expect=1).splitlines()[-1]
    assert 'before/epoch_3.pth' in error and '--resume FILE' in error


@pytest.mark.slow
def test_response_maps_are_measured_stored_and_drawn(config, trained, tmp_path):
    checkpoint = trained[0] / 'epoch_2.pth'
    store, shown = tmp_path / 'store', tmp_path / 'shown'
    arguments = [config, checkpoint, '--work-dir', tmp_path, '--out', store, '--show-dir', shown]
    alone = call_tool('test.py', *arguments)
    maps = {response.img_id: response for response in CAMStore.open(store)}
    assert sorted(maps) == sorted(f'p{i}' for i in range(NUM_IMAGES))
    assert maps['p1'].ori_shape == (48, 64) and maps['p1'].scores.shape == (2, 12, 16)
    assert len(list(shown.rglob('*.png')) + list(shown.rglob('*.jpg'))) >= NUM_IMAGES

    together = call(
        'bash', TOOLS / 'dist_test.sh', config, checkpoint, 2, '--work-dir', tmp_path / 'two',
        '--out', tmp_path / 'store2', PORT=free_port(),
    )  # fmt: skip
    assert measured(together) == measured(alone)
    for response in CAMStore.open(tmp_path / 'store2'):
        np.testing.assert_allclose(response.scores, maps[response.img_id].scores, atol=1 / 254)


@pytest.mark.slow
def test_two_processes_train(config, tmp_path):
    log = call(
        'bash', TOOLS / 'dist_train.sh', config, 2, '--work-dir', tmp_path,
        '--cfg-options', 'train_dataloader.batch_size=2', PORT=free_port(),
    )  # fmt: skip
    # five images a process, batches of two, the incomplete one dropped
    assert [step for step, _ in losses(log)][:2] == ['[1][1/2]', '[1][2/2]']
    assert (tmp_path / 'epoch_2.pth').exists() and 'cam/mIoU' in log


@pytest.mark.slow
@pytest.mark.parametrize(
    'tool, options, message',
    [
        ('train.py', ['{none}.py'], r'none\.py: there is no such config'),
        ('test.py', ['{config}', '{none}.pth'], r'none\.pth: there is no such checkpoint'),
        ('train.py', ['{config}', '--amp'], '--amp needs an accelerator'),
    ],
)
def test_wrong_command_lines_are_explained(config, tmp_path, tool, options, message):
    if '--amp' in options and torch.cuda.is_available():
        pytest.skip('an accelerator is here')
    options = [o.format(none=tmp_path / 'none', config=config) for o in options]
    output = call_tool(tool, *options, '--work-dir', tmp_path, expect=1)
    assert re.search(message, output.splitlines()[-1])


@pytest.mark.slow
def test_bad_data_stops_before_training(config, tmp_path):
    lines = (config.parent / 'ImageSets/Segmentation/train.txt').read_text()
    split = tmp_path / 'train.txt'
    split.write_text(lines + 'p99\n')
    output = call_tool(
        'train.py', config, '--work-dir', tmp_path / 'work',
        '--cfg-options', f'train_dataloader.dataset.ann_file={split}', expect=1,
    )  # fmt: skip
    assert re.search(r'train\.txt.*p99', output.splitlines()[-1])
    assert not list((tmp_path / 'work').rglob('*.pth'))


@pytest.mark.slow
def test_a_checkpoint_that_does_not_fit_is_refused(config, trained, tmp_path):
    checkpoint = trained[0] / 'epoch_2.pth'
    resized = ['model.head.in_channels=128', 'model.backbone.base_channels=16']
    out = tmp_path / 'out'
    arguments = [config, checkpoint, '--work-dir', tmp_path / 'w', '--out', out]
    output = call_tool('test.py', *arguments, '--cfg-options', *resized, expect=1)
    assert re.search(r'epoch_2\.pth lacks \d+ of \d+ weights', output.splitlines()[-1])
    assert not list(out.glob('*.npz'))
    start = f'load_from={checkpoint}'
    error = train(config, tmp_path / 't', '--cfg-options', *resized, start, expect=1)
    assert re.search(r'epoch_2\.pth lacks \d+ of \d+ weights', error.splitlines()[-1])
    error = train(
        config, tmp_path / 'r', '--resume', checkpoint, '--cfg-options', *resized, expect=1
    )
    assert re.search(r'epoch_2\.pth lacks \d+ of \d+ weights', error.splitlines()[-1])


@pytest.mark.slow
def test_a_checkpoint_of_other_classes_is_refused(config, trained, tmp_path):
    names = "test_dataloader.dataset.metainfo.classes=('green','red','blue')"
    output = call_tool(
        'test.py', config, trained[0] / 'epoch_2.pth',
        '--work-dir', tmp_path, '--cfg-options', names, expect=1,
    )  # fmt: skip
    assert re.search(r"epoch_2\.pth has class 0 'red', the data 'green'", output.splitlines()[-1])
