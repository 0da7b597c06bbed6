"""A real pipeline on images of a few colours, every stage in a second or two."""

import os
import subprocess
import sys
from pathlib import Path

import torch
from rectangles import write_rectangles
from repo import TOOLS

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


def write_pipeline(root: Path) -> None:
    """Write the configs of a pipeline and their data.

    Args:
        root (Path): An empty folder.
    """
    write_rectangles(root, COUNT)
    place = f'data_root = {str(root) + "/"!r}\n'
    configs = {'classifier': CLASSIFIER, 'affinitynet': AFFINITYNET, 'segmentor': SEGMENTOR}
    for name, text in configs.items():
        (root / f'{name}.py').write_text(place + BACKBONE + text)
    (root / 'pipeline.py').write_text(PIPELINE.format(root=f'{root}/'))


def start(root: Path, work: str, *options: str) -> subprocess.Popen:
    """Start the pipeline; its output goes to a pipe.

    Args:
        root (Path): Folder from :func:`write_pipeline`.
        work (str): Name of the work directory.
        *options (str): Options of ``tools/run_pipeline.py``.

    Returns:
        subprocess.Popen: The process.
    """
    return subprocess.Popen(
        [sys.executable, TOOL, root / 'pipeline.py', '--work-dir', root / work, *options],
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(root: Path, work: str, *options: str) -> str:
    """Run the pipeline to its end.

    Args:
        root (Path): Folder from :func:`write_pipeline`.
        work (str): Name of the work directory.
        *options (str): Options of ``tools/run_pipeline.py``.

    Returns:
        str: Its output.
    """
    process = start(root, work, *options)
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0, output[-5000:]
    return output


def weights(stage: Path) -> list[torch.Tensor]:
    """Read the last checkpoint of a training.

    Args:
        stage (Path): Folder of the stage.

    Returns:
        list[torch.Tensor]: Its weights, float64.
    """
    checkpoint = (stage / 'run/last_checkpoint').read_text()
    state = torch.load(checkpoint, weights_only=False)['state_dict']
    return [value.double() for value in state.values()]


def files(folder: Path) -> dict[str, bytes]:
    """Read the images and arrays below a folder.

    Args:
        folder (Path): The folder.

    Returns:
        dict[str, bytes]: Path below the folder → bytes.
    """
    found = (path for path in folder.rglob('*') if path.suffix in ('.png', '.npz'))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
