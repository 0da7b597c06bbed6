"""Segmentation through the real tools: train on pseudo-labels, test with CRF and views."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rectangles import write_rectangles
from tool_process import call_tool

from mmwsss.datasets.label_folder import LabelFolder
from mmwsss.datasets.masks import read_mask

CLASSES = ('red', 'green')
NUM_IMAGES = 6

CONFIG = """
_base_ = 'mmwsss::msrc/deeplabv2_efficientnet-lite0_msrc.py'
data_root = {root!r}
num_classes = 3
model = dict(
    scales=(1.0, 0.5),
    data_preprocessor=dict(size=(48, 48)),
    backbone=dict(_delete_=True, type='mmseg.ResNet', depth=18, stem_channels=8, base_channels=8,
                  strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), out_indices=(3,)),
    decode_head=dict(in_channels=64, num_classes=num_classes, dilations=(1, 2)),
)
# The base's pipeline with another crop.
crop = [dict(step, crop_size=(48, 48)) if step['type'] == 'mmseg.RandomCrop' else step
        for step in _base_.train_pipeline]
data = dict(data_root=data_root, metainfo=dict(classes={classes}))
train_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False,
    dataset=dict(**data, pipeline=crop, label_dir={labels!r}, weight_dir={weights!r}))
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=data)
test_dataloader = val_dataloader
test_evaluator = [dict(type='mmwsss.MaskIoUMetric'), dict(type='mmwsss.CRFIoUMetric')]
optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = dict(end=400)
train_cfg = dict(max_iters=20, val_interval=20)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=10))
"""


@pytest.fixture(scope='module')
def config(tmp_path_factory) -> Path:
    """A config and its data, with labels and weights."""
    root = tmp_path_factory.mktemp('shapes')
    labels = LabelFolder.create(root / 'labels', 'pseudo', list(CLASSES), {})
    (root / 'weights').mkdir()
    for img_id in write_rectangles(root, NUM_IMAGES, CLASSES, columns=[(10, 50)]):
        mask = read_mask(root / f'SegmentationClass/{img_id}.png')
        weights = np.where(mask > 0, 255, 200).astype(np.uint8)
        Image.fromarray(weights).save(root / f'weights/{img_id}.png')
        mask[:, :3] = 255
        labels.write(img_id, mask)
    file = root / 'shapes.py'
    file.write_text(
        CONFIG.format(
            root=str(root),
            labels=str(labels.root),
            weights=str(root / 'weights'),
            classes=CLASSES,
        )
    )
    return file


@pytest.fixture(scope='module')
def trained(config, tmp_path_factory) -> tuple[Path, str]:
    work_dir = tmp_path_factory.mktemp('work')
    return work_dir, call_tool('train.py', config, '--work-dir', work_dir, '--check-data')


def metrics_of(work_dir: Path) -> dict[str, float]:
    """The metrics that the only test run below a work dir wrote."""
    files = list(work_dir.glob('*/*.json'))
    assert len(files) == 1
    return json.loads(files[0].read_text())


@pytest.mark.slow
def test_training_lowers_every_loss_and_validates(trained):
    work_dir, log = trained
    for name in ('decode.loss_ce', 'decode_x0.5.loss_ce', 'decode_max.loss_ce'):
        values = [float(value) for value in re.findall(rf' {re.escape(name)}: ([\d.]+)', log)]
        assert len(values) == 20 and np.mean(values[-5:]) < np.mean(values[:5])
    rates = [float(value) for value in re.findall(r' base_lr: ([\d.e-]+)', log)]
    # The rate of the backbone changes after ten of 400 iterations.
    later = float(f'{3e-4 * (1 - 10 / 400) ** 0.9:.4e}')
    assert rates == [3e-4] * 10 + [later] * 10
    assert re.search(r'Iter\(val\) \[6/6\].* mIoU: ', log)
    assert (work_dir / 'iter_20.pth').is_file()


@pytest.mark.slow
def test_one_test_run_measures_writes_and_draws(config, trained, tmp_path):
    out, shown = tmp_path / 'out', tmp_path / 'shown'
    output = call_tool(
        'test.py', config, trained[0] / 'iter_20.pth', '--work-dir', tmp_path / 'work',
        '--out', out, '--show-dir', shown,
    )  # fmt: skip
    metrics = metrics_of(tmp_path / 'work')
    for name, folder in (('mIoU', 'MaskIoUMetric'), ('crf/mIoU', 'CRFIoUMetric')):
        masks = [np.array(Image.open(out / folder / f'p{i}.png')) for i in range(NUM_IMAGES)]
        truths = [
            np.array(Image.open(config.parent / f'SegmentationClass/p{i}.png'))
            for i in range(NUM_IMAGES)
        ]
        guess, truth = np.stack(masks), np.stack(truths)
        ious = [
            ((guess == c) & (truth == c)).sum() / ((guess == c) | (truth == c)).sum()
            for c in range(3)
        ]
        assert metrics[name] == pytest.approx(100 * np.mean(ious), abs=0.0051)
        assert re.search(rf' {name}: {metrics[name]:.4f}', output)
    assert len(list(shown.rglob('*.png'))) == NUM_IMAGES


@pytest.mark.slow
def test_views_and_scales_change_the_prediction(config, trained, tmp_path):
    common = (
        config,
        trained[0] / 'iter_20.pth',
        '--cfg-options',
        'test_evaluator.1.crf.iterations=0',
    )
    results = {}
    for name, options in {
        'plain': (),
        'views': ('--tta', '--out', tmp_path / 'out'),
        'scales': ('--cfg-options', 'model.test_cfg.fuse_scales=True'),
    }.items():
        call_tool('test.py', *common, '--work-dir', tmp_path / name, *options)
        results[name] = metrics_of(tmp_path / name)
        # What the CRF starts from are the merged scores.
        assert results[name]['crf/mIoU'] == results[name]['mIoU']
    assert len({result['aAcc'] for result in results.values()}) == 3
    assert len(list((tmp_path / 'out').rglob('*.png'))) == 2 * NUM_IMAGES


@pytest.mark.slow
def test_bad_labels_stop_before_training(config, tmp_path):
    labels = tmp_path / 'labels'
    labels.mkdir()
    for index in range(NUM_IMAGES):
        Image.fromarray(np.full((48, 64), 3 * (index == 4), np.uint8)).save(
            labels / f'p{index}.png'
        )
    options = ('--work-dir', tmp_path / 'work', '--cfg-options')
    set_labels = f'train_dataloader.dataset.label_dir={labels}'
    output = call_tool('train.py', config, '--check-data', *options, set_labels, expect=1)
    assert re.search(r'labels/p4\.png: value 3 is no class', output)
    (labels / 'p4.png').unlink()
    output = call_tool('train.py', config, *options, set_labels, expect=1)
    assert re.search(r'train\.txt:5: no pseudo-label .*p4\.png; make it with', output)
