import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from PIL import Image
from repo import CONFIGS, TOOLS

from mmwsss.datasets.check import check_config, check_images, check_padding
from mmwsss.registry import DATASETS, TRANSFORMS

DATASET_CONFIGS = sorted((CONFIGS / '_base_/datasets').glob('*.py'))
SPLIT = 'ImageSets/Segmentation/train.txt'


def config_of(voc_root: Path, pad_value: tuple = (3, 2, 1)) -> Config:
    dataset = dict(
        type='ImageLevelDataset',
        data_root=str(voc_root),
        ann_file=SPLIT,
        label_file='labels.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        metainfo=dict(classes=('bird', 'cat', 'dog')),
        pipeline=[dict(type='LoadImage'), dict(type='RandomPad', size=32, pad_value=pad_value)],
    )
    preprocessor = dict(mean=[1, 2, 3], to_rgb=True, num_classes=3)
    return Config(
        dict(
            default_scope='mmwsss',
            model=dict(data_preprocessor=preprocessor),
            train_dataloader=dict(dataset=dataset),
            test_dataloader=dict(dataset=dataset),
        )
    )


def test_good_data_has_no_fault(voc_root: Path) -> None:
    assert check_config(config_of(voc_root)) == []


@pytest.mark.parametrize('num_workers', [1, 3])
def test_every_unreadable_file_is_listed_in_order(voc_root: Path, num_workers: int) -> None:
    cfg = config_of(voc_root)
    content = (voc_root / 'JPEGImages/a.jpg').read_bytes()
    (voc_root / 'JPEGImages/a.jpg').write_bytes(content[: len(content) // 2])
    (voc_root / 'SegmentationClass/b.png').write_bytes(b'')
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(voc_root / 'SegmentationClass/c.png')
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    faults = check_images(dataset, num_workers)
    assert len(faults) == 3
    names = ('JPEGImages/a.jpg', 'SegmentationClass/b.png', 'SegmentationClass/c.png')
    for fault, name in zip(faults, names):
        assert fault.startswith(str(voc_root / name)) and '\n' not in fault
    assert check_config(cfg) == faults  # the test set is the same: checked once


def test_a_set_larger_than_the_queue_is_checked_whole(voc_root: Path) -> None:
    lines = [f'p{index}' for index in range(50)]
    (voc_root / SPLIT).write_text('\n'.join(lines))
    (voc_root / 'labels.txt').write_text(''.join(f'{line} cat\n' for line in lines))
    for line in lines:
        Image.new('RGB', (4, 4)).save(voc_root / f'JPEGImages/{line}.jpg')
    (voc_root / 'JPEGImages/p49.jpg').write_bytes(b'')
    settings = config_of(voc_root).train_dataloader.dataset
    settings.data_prefix.pop('seg_map_path')
    faults = check_images(DATASETS.build(settings))
    assert len(faults) == 1 and 'p49.jpg' in faults[0]


def test_faults_of_labels_padding_and_classes_are_listed(voc_root: Path) -> None:
    cfg = config_of(voc_root, pad_value=(1, 2, 3))
    cfg.model.data_preprocessor.num_classes = 20
    padding, classes = check_config(cfg, ['train_dataloader'])
    assert padding.startswith('train_dataloader: RandomPad') and '(3, 2, 1)' in padding
    assert classes.startswith('train_dataloader: the data has 3 classes') and '20' in classes
    (voc_root / SPLIT).write_text('')
    padding, split = check_config(cfg, ['train_dataloader', 'val_dataloader'])
    assert split.startswith(str(voc_root / SPLIT))


def test_padding_inside_wrapped_datasets_is_found() -> None:
    inner = dict(pipeline=[dict(type='RandomPad', pad_value=(1.0, 2.0, 3.0))])
    wrapped = dict(type='ConcatDataset', datasets=[dict(type='RepeatDataset', dataset=inner)])
    assert check_padding(wrapped, dict(data_preprocessor=dict(mean=[1, 2, 3]))) == []
    assert len(check_padding(wrapped, dict(data_preprocessor=dict(mean=[3, 2, 1])))) == 1
    assert len(check_padding(wrapped, {})) == 1


@pytest.mark.parametrize('path', DATASET_CONFIGS, ids=lambda path: path.stem)
def test_dataset_configs_build(path: Path) -> None:
    cfg = Config.fromfile(path)
    with DefaultScope.overwrite_default_scope('mmwsss'):
        for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            settings = {**cfg[name].dataset, 'lazy_init': True}
            dataset = DATASETS.build(settings)
            assert dataset.pipeline.transforms
            for transform in settings['pipeline']:
                TRANSFORMS.build(transform)


def test_two_workers_feed_batches_of_equal_size(voc_root: Path) -> None:
    cfg = Config.fromfile(CONFIGS / '_base_/datasets/msrc_objects.py')
    loader = cfg.train_dataloader
    loader.update(batch_size=3, num_workers=2)
    loader.dataset.update(
        data_root=str(voc_root),
        label_file='labels.txt',
        metainfo={'classes': ('bird', 'cat', 'dog')},
    )
    with DefaultScope.overwrite_default_scope('mmwsss'):
        batch = next(iter(Runner.build_dataloader(loader, seed=0)))
    assert [tuple(image.shape) for image in batch['inputs']] == [(3, 224, 224)] * 3
    labels = {s.img_id: s.gt_label.tolist() for s in batch['data_samples']}
    assert labels == {'a': [1], 'b': [0, 2], 'c': [2]}
    assert {s.num_classes for s in batch['data_samples']} == {3}


def test_the_tool_lists_faults_and_fails(
    voc_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    config = voc_root / 'config.py'
    config_of(voc_root).dump(config)
    monkeypatch.setattr(sys, 'argv', ['check_data.py', str(config)])
    (voc_root / 'JPEGImages/b.jpg').write_bytes(b'')
    with pytest.raises(SystemExit) as status:
        runpy.run_path(str(TOOLS / 'check_data.py'), run_name='__main__')
    printed = capsys.readouterr()
    assert status.value.code == 1
    assert f'{voc_root}/JPEGImages/b.jpg: unreadable image' in printed.err
    assert '1 fault(s)' in printed.out
