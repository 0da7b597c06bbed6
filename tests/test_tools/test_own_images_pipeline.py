"""Own images, tagged by their folders and without a mask: to masks, by the real tools."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tool_process import call_tool

from mmwsss.datasets.masks import read_mask

pytestmark = pytest.mark.slow
SIZE = (60, 80)
# Shorter than one would train.
PIPELINE = """
_base_ = 'mmwsss::pipelines/pipeline_mixup-cam_custom.py'
_loader = dict(batch_size=4, num_workers=0, persistent_workers=False)
stages = dict(
    walk=None,
    walk_val=None,
    classifier=dict(cfg_options=dict(train_cfg=dict(max_epochs=1), train_dataloader=_loader)),
    affinitynet=dict(cfg_options=dict(train_cfg=dict(max_epochs=1), train_dataloader=_loader)),
    segmentor=dict(cfg_options=dict(train_cfg=dict(max_iters=2), train_dataloader=_loader)),
)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Images in a folder for each class."""
    rng = np.random.default_rng(0)
    for name, colour in {'cat': (200, 40, 40), 'dog': (40, 40, 200)}.items():
        folder = tmp_path / 'data/custom/images' / name
        folder.mkdir(parents=True)
        for index in range(8):
            image = rng.integers(90, 130, (*SIZE, 3), dtype=np.uint8)
            image[10:40, 20 : 50 + 2 * index] = colour
            Image.fromarray(image).save(folder / f'{index}.jpg', quality=95)
    (tmp_path / 'pipeline.py').write_text(PIPELINE)
    return tmp_path


def convert(root: Path, *options: str) -> None:
    command = ('dataset_converters/own_images.py', 'data/custom/images', '--out', 'data/custom')
    call_tool(*command, *options, cwd=root)


def test_folders_of_images_become_masks(root):
    convert(root, '--val-fraction', '0.25')
    call_tool('run_pipeline.py', 'pipeline.py', '--check-data', cwd=root)
    work = root / 'work_dirs/pipeline_mixup-cam_custom'
    splits = {
        split: [Path(line).with_suffix('').as_posix() for line in lines.split()]
        for split in ('train', 'val')
        if (lines := (root / f'data/custom/{split}.txt').read_text())
    }
    for stage, split in {'pseudo_labels': 'train', 'pseudo_labels_val': 'val'}.items():
        for img_id in splits[split]:
            labels = read_mask(work / stage / 'labels' / f'{img_id}.png')
            assert labels.shape == SIZE
            # Background and the class of the image's folder; what is unsure, only in training.
            known = {0, 1 if img_id.startswith('cat') else 2}
            assert set(np.unique(labels)) <= known | ({255} if split == 'train' else set())
    for img_id in splits['val']:
        assert read_mask(work / f'test/predictions/{img_id}.png').shape == SIZE
    report = (work / 'report.md').read_text()
    assert 'masks, val' in report and 'mIoU' not in report


def test_classes_and_images_are_checked_before_training(root):
    (root / 'data/custom/images/bird').mkdir()
    Image.new('RGB', SIZE).save(root / 'data/custom/images/bird/0.jpg')
    image = root / 'data/custom/images/cat/0.jpg'
    image.write_bytes(image.read_bytes()[:300])
    convert(root)
    output = call_tool('run_pipeline.py', 'pipeline.py', '--check-data', expect=1, cwd=root)
    assert 'the data has 3 classes, model.data_preprocessor.num_classes is 2' in output
    assert 'cat/0.jpg' in output and '== classifier' not in output
