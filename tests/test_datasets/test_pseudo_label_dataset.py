"""PseudoLabelDataset: classes, files, faults, weights, and the way through mmseg's transforms."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmwsss.datasets import DataError, PseudoLabelDataset, VOCPseudoLabelDataset
from mmwsss.datasets.check import check_config
from mmwsss.datasets.label_folder import LabelFolder
from mmwsss.datasets.transforms import Resize
from mmwsss.datasets.voc import VOC_CLASSES, voc_palette
from mmwsss.registry import DATASETS

CLASSES = ('bird', 'cat', 'dog')
SPLIT = 'ImageSets/Segmentation/train.txt'
LOAD = [dict(type='mmwsss.LoadImage'), dict(type='mmwsss.LoadPseudoLabel')]
PACK = dict(type='mmwsss.PackPseudoLabel')


@pytest.fixture
def label_dir(voc_root: Path, tmp_path_factory) -> Path:
    """Pseudo-labels of the images a, b and c: the value of each pixel tells where it is."""
    root = tmp_path_factory.mktemp('labels')
    folder = LabelFolder.create(root, 'pseudo', CLASSES, {})
    for img_id in 'abc':
        folder.write(img_id, (np.arange(8 * 12).reshape(8, 12) % 4).astype(np.uint8))
    return root


@pytest.fixture
def weight_dir(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('weights')
    for img_id in 'abc':
        Image.fromarray(np.arange(8 * 12, dtype=np.uint8).reshape(8, 12)).save(
            root / f'{img_id}.png'
        )
    return root


def settings_of(voc_root: Path, **settings) -> dict:
    return {
        **dict(
            type='mmwsss.PseudoLabelDataset', data_root=str(voc_root), ann_file=SPLIT,
            metainfo=dict(classes=CLASSES), pipeline=[*LOAD, PACK],
        ),
        **{key: str(v) if isinstance(v, Path) else v for key, v in settings.items()},
    }  # fmt: skip


def build(voc_root: Path, **settings) -> PseudoLabelDataset:
    return DATASETS.build(settings_of(voc_root, **settings))


def test_classes_begin_with_background_and_have_the_colours_of_voc(voc_root, label_dir):
    dataset = build(voc_root, label_dir=label_dir)
    assert dataset.metainfo['classes'] == ('background', *CLASSES)
    assert list(map(tuple, dataset.metainfo['palette'])) == voc_palette(4)
    again = build(voc_root, metainfo=dict(classes=('background', *CLASSES)), label_dir=label_dir)
    assert again.metainfo['classes'] == dataset.metainfo['classes']
    voc = VOCPseudoLabelDataset(
        ann_file=SPLIT, data_root=str(voc_root),
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
    )  # fmt: skip
    assert voc.metainfo['classes'] == ('background', *VOC_CLASSES)


def test_classes_come_from_a_label_file_or_a_file_of_names(voc_root, label_dir):
    (voc_root / 'labels.json').write_text(
        json.dumps({'classes': CLASSES, 'labels': {'a.jpg': ['cat'], 'c': ['dog']}})
    )
    dataset = build(
        voc_root, ann_file='', label_file='labels.json', metainfo=None, label_dir=label_dir
    )
    assert dataset.metainfo['classes'][1:] == CLASSES
    assert [dataset.get_data_info(i)['img_id'] for i in range(len(dataset))] == ['a', 'c']
    names = voc_root / 'classes.txt'
    names.write_text('background\nbird\ncat\ndog\n')
    dataset = build(voc_root, metainfo=dict(classes=str(names)), label_dir=label_dir)
    assert dataset.metainfo['classes'][1:] == CLASSES and len(dataset) == 3


def test_sample_has_the_label_as_it_is_on_disk(voc_root, label_dir):
    packed = build(voc_root, label_dir=label_dir)[1]
    sample = packed['data_samples']
    assert sample.img_id == 'b' and sample.ori_shape == (8, 12)
    truth = np.arange(8 * 12).reshape(8, 12) % 4
    np.testing.assert_array_equal(sample.gt_sem_seg.data[0], truth)
    assert 'gt_weight_map' not in sample
    # True masks of the same images, as in validation.
    prefix = dict(img_path='JPEGImages', seg_map_path='SegmentationClass')
    packed = build(voc_root, data_prefix=prefix, test_mode=True)[1]
    truth = np.array(Image.open(voc_root / 'SegmentationClass/b.png'))
    np.testing.assert_array_equal(packed['data_samples'].gt_sem_seg.data[0], truth)


def test_label_and_weights_go_through_the_transforms_together(voc_root, label_dir, weight_dir):
    pipeline = [
        *LOAD,
        dict(type='mmwsss.Resize', scale_factor=1.5, keep_ratio=True),
        dict(type='mmseg.RandomCrop', crop_size=(6, 7)),
        dict(type='mmseg.RandomFlip', prob=1.0),
        PACK,
    ]
    sample = build(voc_root, label_dir=label_dir, weight_dir=weight_dir, pipeline=pipeline)[0]
    sample = sample['data_samples']
    weights = sample.gt_weight_map.data
    assert weights.shape == (1, 6, 7) and weights.max() <= 1
    place = (weights * 255).round().long()
    assert (place % 4 == sample.gt_sem_seg.data).all()
    assert (place[..., 0] > place[..., -1]).all()  # flipped


@pytest.mark.parametrize('factor', [0.5, 0.75, 1.25, 1.5])
def test_labels_are_resized_as_pillow_resizes_them(factor):
    rng = np.random.default_rng(0)
    for size in ((375, 500), (333, 500), (281, 500), (213, 320)):
        labels, weights = rng.integers(0, 256, (2, *size), dtype=np.uint8)
        results = dict(
            img=np.zeros((*size, 3), np.uint8), img_shape=size, gt_seg_map=labels,
            gt_weight_map=weights, seg_fields=['gt_seg_map', 'gt_weight_map'],
        )  # fmt: skip
        results = Resize(scale_factor=factor, keep_ratio=True)(results)
        for name, original in (('gt_seg_map', labels), ('gt_weight_map', weights)):
            height, width = results['img'].shape[:2]
            expected = Image.fromarray(original).resize((width, height), Image.NEAREST)
            np.testing.assert_array_equal(results[name], expected)


def test_test_set_without_masks(voc_root):
    dataset = build(voc_root, pipeline=[LOAD[0], PACK])
    assert 'seg_map_path' not in dataset.get_data_info(0)
    assert 'gt_sem_seg' not in dataset[0]['data_samples']
    with pytest.raises(DataError, match=r'a\.jpg: no mask is given'):
        build(voc_root)[0]


def message(voc_root: Path, **settings) -> str:
    with pytest.raises(DataError) as error:
        build(voc_root, **settings)
    assert '\n' not in str(error.value)
    return str(error.value)


def test_missing_files_are_named_before_training(voc_root, label_dir, weight_dir):
    both = dict(label_dir=label_dir, weight_dir=weight_dir)
    (weight_dir / 'b.png').unlink()
    assert re.search(r'train\.txt:2: no weights .*b\.png', message(voc_root, **both))
    (label_dir / 'a.png').unlink()
    (label_dir / 'c.png').unlink()
    text = message(voc_root, **both)
    assert re.search(r'train\.txt:1: no pseudo-label .*a\.png \(and 1 more\); make it with', text)
    (voc_root / 'JPEGImages/c.jpg').unlink()
    assert re.search(r'train\.txt:3: no image .*c\.jpg', message(voc_root, **both))
    prefix = dict(img_path='JPEGImages', seg_map_path='Masks')
    (voc_root / SPLIT).write_text('a\n')
    assert re.search(r'train\.txt:1: no mask .*Masks/a\.png', message(voc_root, data_prefix=prefix))


def test_labels_of_another_dataset_or_kind_are_refused(voc_root, label_dir, tmp_path):
    text = message(voc_root, label_dir=label_dir, metainfo=dict(classes=('bird', 'dog', 'cat')))
    assert 'made for the classes bird, cat, dog' in text
    LabelFolder.create(tmp_path / 'affinity', 'affinity', CLASSES, {})
    assert 'affinity labels, not pseudo' in message(voc_root, label_dir=tmp_path / 'affinity')


@pytest.mark.parametrize(
    'settings, text',
    [
        (dict(metainfo=dict(classes=('cat', 'cat'))), 'listed twice'),
        (dict(metainfo=dict(classes=('cat', 'background'))), 'listed twice'),
        (dict(metainfo=None), 'no class names'),
    ],
)
def test_wrong_classes_are_refused(voc_root, settings, text):
    assert text in message(voc_root, **settings)


def test_settings_that_would_be_ignored_are_refused(voc_root):
    with pytest.raises(ValueError, match='reduce_zero_label'):
        build(voc_root, reduce_zero_label=True)
    with pytest.raises(ValueError, match='which images'):
        build(voc_root, ann_file='')
    with pytest.raises(ValueError, match='has its own classes'):
        build(voc_root, type='mmwsss.VOCPseudoLabelDataset')


def config_of(dataset: dict, num_classes: int = 4) -> Config:
    model = dict(
        data_preprocessor=dict(mean=[0, 0, 0]),
        decode_head=dict(num_classes=num_classes),
        auxiliary_head=[dict(num_classes=4), dict(num_classes=num_classes)],
    )
    return Config(dict(default_scope='mmwsss', model=model, train_dataloader=dict(dataset=dataset)))


def test_check_finds_wrong_size_value_and_mode(voc_root, label_dir, weight_dir):
    dataset = settings_of(voc_root, label_dir=label_dir, weight_dir=weight_dir)
    assert check_config(config_of(dataset)) == []
    Image.fromarray(np.full((8, 12), 4, np.uint8)).save(label_dir / 'a.png')
    Image.fromarray(np.zeros((12, 8), np.uint8)).save(label_dir / 'b.png')
    Image.new('P', (12, 8)).save(weight_dir / 'c.png')
    faults = check_config(config_of(dataset))
    names = (label_dir / 'a.png', label_dir / 'b.png', weight_dir / 'c.png')
    texts = (
        'value 4 is no class',
        'the mask is 8x12, its image 12x8',
        'mode P, 12x8; save 8-bit',
    )
    assert len(faults) == 3
    for fault, name, text in zip(faults, names, texts):
        assert fault.startswith(f'{name}: ') and text in fault
    # The same faults stop training, with the file's name.
    with pytest.raises(DataError, match='value 4 is no class'):
        DATASETS.build(dataset)[0]
    (weight_dir / 'c.png').write_bytes(b'')
    with pytest.raises(DataError, match=r'c\.png: unreadable weights'):
        DATASETS.build(dataset)[2]


def test_check_compares_classes_with_every_head(voc_root, label_dir):
    dataset = settings_of(voc_root, label_dir=label_dir)
    faults = check_config(config_of(dataset, num_classes=3))
    assert len(faults) == 2
    assert 'has 4 classes, model.decode_head.num_classes is 3' in faults[0]
    assert 'model.auxiliary_head.num_classes is 3' in faults[1]
