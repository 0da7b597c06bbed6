import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from PIL import Image
from repo import CONFIGS, TOOLS

from mmwsss.datasets import image_check
from mmwsss.datasets.check import check_config, check_images, check_padding, raise_faults
from mmwsss.registry import DATASETS, TRANSFORMS
from mmwsss.structures import DataError, DataWarning

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


def save_masks(root: Path, values: dict[int, int]) -> None:
    for path in (root / 'SegmentationClass').iterdir():
        mask = np.asarray(Image.open(path))
        changed = np.vectorize(lambda value: values.get(value, value))(mask).astype(np.uint8)
        Image.fromarray(changed).save(path)


def test_masks_of_0_and_255_are_a_fault(voc_root: Path) -> None:
    save_masks(voc_root, {1: 255, 2: 255, 3: 255})
    (fault,) = check_config(config_of(voc_root))
    assert fault.startswith('train_dataloader: none of 3 masks shows a class, for example ')
    assert f'{voc_root}/SegmentationClass/' in fault


def test_mostly_ignored_masks_are_a_warning(voc_root: Path) -> None:
    save_masks(voc_root, {0: 255})
    with pytest.warns(DataWarning, match='% of the pixels of 3 masks are 255'):
        assert check_config(config_of(voc_root)) == []


def test_tags_that_contradict_the_masks_are_told(voc_root: Path) -> None:
    save_masks(voc_root, {2: 3, 3: 2})
    with pytest.warns(DataWarning, match="'cat' is a tag of 1 images, but value 2 .*SegmentationC"):
        check_config(config_of(voc_root))


@pytest.mark.parametrize('shape', [(2, 3000), (3000, 2), (1, 1)])
def test_long_and_tiny_images_pass_the_check_and_the_training(
    voc_root: Path, shape: tuple[int, int]
) -> None:
    Image.fromarray(np.zeros((*shape, 3), np.uint8)).save(voc_root / 'JPEGImages/b.jpg')
    cfg = Config.fromfile(CONFIGS / '_base_/datasets/msrc_objects.py')
    settings = dict(cfg.train_dataloader.dataset)
    settings.update(
        data_root=str(voc_root),
        ann_file=SPLIT,
        label_file='labels.txt',
        metainfo={'classes': ('bird', 'cat', 'dog')},
    )
    cfg = Config(dict(train_dataloader=dict(dataset=settings)))
    cfg.model = dict(data_preprocessor=dict(mean=[127.0] * 3))
    assert check_config(cfg) == []


@pytest.mark.parametrize('num_workers', [0, 2])
def test_whatever_a_transform_raises_is_a_fault_at_its_image(
    voc_root: Path, monkeypatch: pytest.MonkeyPatch, num_workers: int
) -> None:
    monkeypatch.setattr(image_check, '_FEW', 0)
    cfg = config_of(voc_root)
    # An image that does not fit into the padding, as one that no crop came before.
    Image.new('RGB', (40, 8)).save(voc_root / 'JPEGImages/b.jpg')
    settings = dict(cfg.train_dataloader.dataset, data_prefix='JPEGImages')
    (fault,) = check_images(DATASETS.build(settings), num_workers)
    assert fault.startswith(f'{voc_root}/JPEGImages/b.jpg: the transforms of the dataset fail')
    assert '40x8 does not fit into 32' in fault


def test_checks_are_the_same_each_time_and_see_random_steps(voc_root: Path) -> None:
    settings = dict(config_of(voc_root).train_dataloader.dataset, data_prefix='JPEGImages')
    settings['pipeline'] = [dict(type='LoadImage'), dict(type='mmwsss.SometimesFails')]
    faults = [check_images(DATASETS.build(settings)) for _ in range(3)]
    assert faults[0] == faults[1] == faults[2] and 0 < len(faults[0]) < 3


@TRANSFORMS.register_module()
class SometimesFails(BaseTransform):
    """Fails at random."""

    def transform(self, results: dict) -> dict:
        if np.random.rand() < 0.5:
            raise RuntimeError('bad luck')
        return results


def test_images_of_low_bits_are_counted(voc_root: Path) -> None:
    for name in 'ab':
        pixels = np.full((8, 12), 4095, np.uint16)
        Image.fromarray(pixels).save(voc_root / f'JPEGImages/{name}.tif')
        (voc_root / f'JPEGImages/{name}.jpg').unlink()
        (voc_root / f'JPEGImages/{name}.tif').rename(voc_root / f'JPEGImages/{name}.jpg')
    with pytest.warns(DataWarning, match=r'check: 2 images, such as .*a\.jpg: 16 bits'):
        assert check_images(DATASETS.build(config_of(voc_root).train_dataloader.dataset)) == []


def test_nothing_checked_is_a_fault(voc_root: Path) -> None:
    for loaders in (['val_dataloader'], []):
        (fault,) = check_config(config_of(voc_root), loaders)
        assert 'so that nothing is checked' in fault
    cfg = config_of(voc_root)
    cfg.train_dataloader.dataset.update(negatives='drop', data_prefix='JPEGImages')
    cfg.train_dataloader.dataset.update(ann_file='', label_file='tags.csv')
    (voc_root / 'tags.csv').write_text('image,labels\na.jpg,\nb.jpg,\n')
    (fault,) = check_config(cfg, ['train_dataloader'])
    assert fault.endswith('tags.csv: no image shows one of the classes; tag some')


def test_the_images_and_masks_of_label_tools_are_checked(voc_root: Path) -> None:
    settings = dict(config_of(voc_root).train_dataloader.dataset, data_prefix='JPEGImages')
    settings.pop('pipeline')
    masks = voc_root / 'SegmentationClass'
    cfg = Config(dict(label_dataset=settings, pseudo_labels=dict(mask_dir=str(masks))))
    assert check_config(cfg) == []
    save_masks(voc_root, {1: 255, 2: 255, 3: 255})
    (fault,) = check_config(cfg)
    assert fault.startswith(f'{masks}: none of 3 masks shows a class')
    (voc_root / 'JPEGImages/b.jpg').write_bytes(b'')
    (masks / 'a.png').write_bytes(b'')
    image, mask, _ = check_config(cfg)
    assert 'b.jpg: unreadable image' in image and 'a.png: unreadable mask' in mask
    cfg.pseudo_labels.mask_dir = str(voc_root / 'nowhere')
    assert f'{voc_root}/nowhere: no mask of any image' in check_config(cfg)[1]


@pytest.mark.parametrize('wrapper', ['ConcatDataset', 'RepeatDataset'])
def test_wrapped_datasets_are_checked_whole(voc_root: Path, wrapper: str) -> None:
    (voc_root / 'JPEGImages/b.jpg').write_bytes(b'')
    inner = DATASETS.build(config_of(voc_root).train_dataloader.dataset)
    parts = dict(datasets=[inner]) if wrapper == 'ConcatDataset' else dict(dataset=inner, times=3)
    (fault,) = check_images(DATASETS.build(dict(type=wrapper, **parts)))
    assert 'b.jpg: unreadable' in fault


@pytest.mark.parametrize('faults, title', [(['a'], '1 fault'), (['a', 'b'], '2 faults')])
def test_faults_are_counted_in_the_error(faults, title):
    with pytest.raises(DataError) as caught:
        raise_faults(faults)
    assert str(caught.value).splitlines() == [f'{title} in the data:', *faults]
