"""The real pipeline on images of a few colours: killed at every stage, in two processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from rectangles import write_rectangles
from repo import TOOLS

from mmwsss.structures import CAMStore

pytestmark = pytest.mark.slow
TOOL = TOOLS / 'run_pipeline.py'
COUNT = 10

BACKBONE = """
backbone = dict(_delete_=True, type='mmpretrain.ResNet', depth=18, stem_channels=8,
                base_channels=8, strides=(2, 1, 1, 1), dilations=(1, 2, 2, 2))
loader = dict(num_workers=0, persistent_workers=False)
"""
CLASSIFIER = """
_base_ = 'mmwsss::msrc/mixup-cam_efficientnet-lite0_msrc.py'
model = dict(data_preprocessor=dict(num_classes=3), backbone=backbone, channels_last=False,
             head=dict(num_classes=3, in_channels=64), test_cfg=dict(scales=(1.0,), cam_stride=8))
train_dataloader = dict(batch_size=5, **loader, dataset=dict(data_root=data_root))
test_dataloader = dict(**loader, dataset=dict(data_root=data_root))
train_cfg = dict(max_epochs=3)
param_scheduler = dict(end=3)
"""
AFFINITYNET = """
_base_ = 'mmwsss::msrc/affinitynet_efficientnet-lite0_msrc.py'
mask_dir = data_root + 'SegmentationClass'
label_dataset = dict(data_root=data_root)
affinity_labels = dict(mask_dir=mask_dir, crf=dict(iterations=2))
model = dict(backbone=dict(backbone, out_indices=(0, 1, 2)), channels_last=False,
             head=dict(in_channels=(8, 16, 32), channels=(4, 4, 8), radius=3))
train_dataloader = dict(batch_size=5, **loader, dataset=dict(data_root=data_root))
train_cfg = dict(max_epochs=2)
param_scheduler = dict(end=2)
pseudo_labels = dict(mask_dir=mask_dir, refiner=dict(
    refiners=[dict(type='RandomWalkRefiner', t=2), dict(type='CRFRefiner', iterations=2)]))
"""
SEGMENTOR = """
_base_ = 'mmwsss::msrc/deeplabv2_efficientnet-lite0_msrc.py'
model = dict(backbone=backbone, channels_last=False,
             decode_head=dict(num_classes=4, in_channels=64))
data = dict(data_root=data_root, metainfo=dict(classes=('red', 'green', 'blue')))
train_dataloader = dict(batch_size=2, **loader, dataset=data)
val_dataloader = dict(**loader, dataset=data)
test_dataloader = val_dataloader
train_cfg = dict(max_iters=6)
default_hooks = dict(checkpoint=dict(interval=2, max_keep_ckpts=-1), logger=dict(interval=2))
test_evaluator = [
    dict(type='mmwsss.MaskIoUMetric', classwise=True),
    dict(type='mmwsss.CRFIoUMetric', classwise=True, crf=dict(iterations=2)),
]
"""
PIPELINE = """
_base_ = 'mmwsss::pipelines/_base_/splits_msrc.py'
configs = dict(classifier={root!r} + 'classifier.py', affinitynet={root!r} + 'affinitynet.py',
               segmentor={root!r} + 'segmentor.py')
work_dir = {root!r} + 'work'
stages = dict(walk=None, walk_val=None, pseudo_labels_val=None)
report = dict(dataset=dict(data_root={root!r}), images=3)
"""


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """The configs of a pipeline and their data."""
    root = tmp_path_factory.mktemp('pipeline')
    write_rectangles(root, COUNT)
    place = f'data_root = {str(root) + "/"!r}\n'
    configs = {'classifier': CLASSIFIER, 'affinitynet': AFFINITYNET, 'segmentor': SEGMENTOR}
    for name, text in configs.items():
        (root / f'{name}.py').write_text(place + BACKBONE + text)
    (root / 'pipeline.py').write_text(PIPELINE.format(root=f'{root}/'))
    return root


def start(root: Path, work: str, *options: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, TOOL, root / 'pipeline.py', '--work-dir', root / work, *options],
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(root: Path, work: str, *options: str) -> str:
    process = start(root, work, *options)
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0, output[-5000:]
    return output


@pytest.fixture(scope='module')
def unbroken(root) -> Path:
    run(root, 'unbroken')
    return root / 'unbroken'


def kill_when(root: Path, work: str, reached: Callable[[], bool]) -> None:
    """Start a pipeline and kill it, but not its tools, as soon as something is reached."""
    process = start(root, work)
    while not reached():
        assert process.poll() is None, process.communicate()[0][-5000:]
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)  # until the tool, which holds the pipe too, is gone


def weights(stage: Path) -> list[torch.Tensor]:
    checkpoint = (stage / 'run/last_checkpoint').read_text()
    state = torch.load(checkpoint, weights_only=False)['state_dict']
    return [value.double() for value in state.values()]


def files(folder: Path) -> dict[str, bytes]:
    """Contents of the images and arrays below a folder."""
    found = (path for path in folder.rglob('*') if path.suffix in ('.png', '.npz'))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_report_has_every_stage(unbroken):
    results = {
        one['name']: one['metrics']
        for one in json.loads(Path(unbroken, 'results.json').read_text())
    }
    assert list(results) == [
        'classifier', 'cams', 'cams_val', 'affinity_labels', 'affinitynet', 'pseudo_labels',
        'segmentor', 'test',
    ]  # fmt: skip
    assert {'mIoU', 'crf/mIoU'} <= results['test'].keys()
    text = Path(unbroken, 'report.md').read_text()
    for name in ('cams', 'pseudo_labels', 'test'):
        assert f'{results[name]["mIoU"]:.2f}' in text
    assert len(files(unbroken / 'test/predictions/CRFIoUMetric')) == COUNT


def test_affinitynet_starts_from_the_classifier(unbroken):
    checkpoint = Path(unbroken, 'classifier/run/last_checkpoint').read_text()
    log = Path(unbroken, 'affinitynet/tool.log').read_text()
    assert f'Load checkpoint from {checkpoint}' in log


def test_killed_anywhere_it_ends_as_the_unbroken_run(root, unbroken):
    work = root / 'killed'
    moments = [
        lambda: (work / 'classifier/run/epoch_1.pth').exists(),
        lambda: len(files(work / 'cams')) > 1,
        lambda: len(files(work / 'affinity_labels')) > 1,
        lambda: (work / 'segmentor/run/iter_2.pth').exists(),
    ]
    for moment in moments:
        kill_when(root, 'killed', moment)
    output = run(root, 'killed')
    assert '== classifier: done before' in output and '== segmentor: goes on' in output
    for stage in ('classifier', 'affinitynet', 'segmentor'):
        pairs = zip(weights(work / stage), weights(unbroken / stage))
        assert all(torch.equal(ours, theirs) for ours, theirs in pairs), stage
    for folder in ('cams', 'affinity_labels/labels', 'pseudo_labels/labels', 'test/predictions'):
        assert files(work / folder) == files(unbroken / folder), folder


def test_two_processes_give_what_one_gives(root, unbroken):
    before = files(unbroken / 'pseudo_labels/labels')
    maps = {response.img_id: response for response in CAMStore.open(unbroken / 'cams/predictions')}
    options = ['--again', '--launcher', 'pytorch', '--gpus', '2']
    run(root, 'unbroken', '--stages', 'pseudo_labels', *options)
    assert files(unbroken / 'pseudo_labels/labels') == before and len(before) == COUNT
    run(root, 'unbroken', '--stages', 'cams', *options)
    for response in CAMStore.open(unbroken / 'cams/predictions'):
        # Images meet others in their batch: a value may be rounded the other way.
        torch.testing.assert_close(
            response.scores, maps[response.img_id].scores, atol=1.01 / 255, rtol=0
        )
