"""Affinity labels as data: errors before training, one geometry for image and label."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image

from mmwsss.datasets import AffinityDataset, DataError, LabelFolder, VOCAffinityDataset
from mmwsss.datasets.transforms.affinity_label import LoadAffinityLabel, pool_labels
from mmwsss.datasets.voc import VOC_CLASSES, voc_palette
from mmwsss.registry import TRANSFORMS

CLASSES = ('bird', 'cat', 'dog')
PRESENT = {'a': [1], 'b': [0, 2], 'c': [2]}


@pytest.fixture
def folder(voc_root: Path) -> LabelFolder:
    """Labels of the three images, 12 wide and 8 high."""
    folder = LabelFolder.create(voc_root / 'affinity', 'affinity', CLASSES, {'alpha': 4})
    for img_id, classes in PRESENT.items():
        labels = np.zeros((8, 12), np.uint8)
        labels[:, 4:8] = classes[0] + 1
        labels[:, 8:] = 255
        folder.write(img_id, labels)
    return folder


def make_dataset(root: Path, **kwargs) -> AffinityDataset:
    settings = dict(
        affinity_dir=str(root / 'affinity'),
        data_root=str(root),
        ann_file='ImageSets/Segmentation/train.txt',
        label_file='labels.txt',
        metainfo=dict(classes=CLASSES),
    )
    return AffinityDataset(**{**settings, **kwargs})


def load(root: Path, index: int) -> dict:
    info = make_dataset(root).get_data_info(index)
    info['img'] = np.zeros((8, 12, 3), np.uint8)
    info['ori_shape'] = (8, 12)
    return LoadAffinityLabel()(info)


def test_samples_have_image_and_label(voc_root: Path, folder: LabelFolder) -> None:
    dataset = make_dataset(voc_root)
    assert [info['img_id'] for info in map(dataset.get_data_info, range(3))] == ['a', 'b', 'c']
    assert dataset.get_data_info(0)['affinity_label_path'] == str(folder.path('a'))
    np.testing.assert_array_equal(load(voc_root, 0)['gt_seg_map'], folder.read('a'))


def test_voc_has_its_classes(voc_root: Path) -> None:
    folder = LabelFolder.create(voc_root / 'voc', 'affinity', VOC_CLASSES, {})
    for img_id in PRESENT:
        folder.write(img_id, np.zeros((8, 12), np.uint8))
    dataset = VOCAffinityDataset(
        affinity_dir=str(folder.root), data_root=str(voc_root), label_file='labels.txt'
    )
    assert dataset.metainfo['classes'] == VOC_CLASSES
    assert dataset.get_data_info(0)['affinity_label_path'] == str(folder.path('a'))


def test_wrong_folders_are_told_before_training(voc_root: Path, folder: LabelFolder) -> None:
    with pytest.raises(DataError, match=r'label_folder\.json.*make them with tools/make_affinity'):
        make_dataset(voc_root, affinity_dir=str(voc_root / 'nowhere'))
    with pytest.raises(DataError, match=r'made for the classes bird, cat, dog, not bird, dog, cat'):
        make_dataset(voc_root, metainfo=dict(classes=('bird', 'dog', 'cat')))
    pseudo = LabelFolder.create(voc_root / 'pseudo', 'pseudo', CLASSES, {})
    with pytest.raises(DataError, match='pseudo labels, not affinity labels'):
        make_dataset(voc_root, affinity_dir=str(pseudo.root))
    folder.path('b').unlink()
    with pytest.raises(DataError, match=r"b\.png: no whole affinity label of 'b' \(1 of 3"):
        make_dataset(voc_root)


def test_a_wrong_label_is_named(voc_root: Path, folder: LabelFolder) -> None:
    folder.write('a', np.zeros((9, 12), np.uint8))
    with pytest.raises(DataError, match=r'a\.png: the label is 12x9, its image 12x8'):
        load(voc_root, 0)
    folder.write('a', np.full((8, 12), 3, np.uint8))
    with pytest.raises(DataError, match=r'a\.png: labels class 2, which the image does not show'):
        load(voc_root, 0)
    with pytest.raises(DataError, match=r'a\.png: value 4 is no class'):
        folder.write('a', np.full((8, 12), 4, np.uint8))


def brute_force_pool(labels: np.ndarray, stride: int) -> np.ndarray:
    pooled = np.full([side // stride for side in labels.shape], 255, np.uint8)
    for y, x in np.ndindex(pooled.shape):
        cell = labels[y * stride : (y + 1) * stride, x * stride : (x + 1) * stride]
        for value in range(255):
            if (cell == value).sum() > stride * stride / 2:
                pooled[y, x] = value
    return pooled


def test_pooling_is_a_majority_vote() -> None:
    labels = np.random.default_rng(0).choice([0, 3, 255], (24, 32), p=[0.5, 0.4, 0.1])
    labels = labels.astype(np.uint8)
    pooled = pool_labels(labels, 4)
    np.testing.assert_array_equal(pooled, brute_force_pool(labels, 4))
    assert set(np.unique(pooled)) == {0, 3, 255}
    with pytest.raises(ValueError, match=r'32x24 labels do not divide into cells of 5'):
        pool_labels(labels, 5)


def test_pooling_is_the_published_rule_for_one_class() -> None:
    """The published code averages both CRF results over the cell, then compares them."""
    rng = np.random.default_rng(1)
    strong = rng.integers(0, 2, (40, 40))  # class or background against the strong background
    weak = np.maximum(strong, rng.integers(0, 2, (40, 40)))  # the weak one leaves more foreground

    def cell_winner(votes: np.ndarray) -> np.ndarray:
        share = votes.reshape(8, 5, 8, 5).mean((1, 3))
        return (share > 0.5).astype(int)  # of 25 pixels: no ties

    published = cell_winner(strong) * 7
    published[published == 0] = 255
    published[cell_winner(weak) == 0] = 0
    labels = np.where(strong == 1, 7, np.where(weak == 0, 0, 255)).astype(np.uint8)
    np.testing.assert_array_equal(pool_labels(labels, 5), published)


def test_image_and_label_share_the_geometry() -> None:
    """The colour of every pixel tells its label, before and after the random steps."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, (7, 9)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
    with DefaultScope.overwrite_default_scope('mmwsss'):
        steps = [
            TRANSFORMS.build(step)
            for step in (
                dict(type='mmseg.RandomCrop', crop_size=48),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                dict(type='PadWithLabels', size=64, pad_value=(250.0, 250.0, 250.0)),
                dict(type='PoolAffinityLabel', stride=4),
            )
        ]
    places = set()
    for seed in range(20):
        np.random.seed(seed)
        results = dict(
            img=np.stack([labels * 10] * 3, 2), gt_seg_map=labels, seg_fields=['gt_seg_map']
        )
        results['img_shape'] = labels.shape
        for step in steps:
            results = step(results)
        assert results['img'].shape == (64, 64, 3)
        shown = results['img'][..., 0]
        expected = np.where(shown == 250, 255, shown // 10)
        np.testing.assert_array_equal(results['gt_seg_map'], expected)
        assert results['gt_affinity_label'].shape == (16, 16)
        assert results['gt_affinity_label'].dtype == torch.uint8
        places.add((*np.argwhere(shown != 250)[0].tolist(), int(results['flip'])))
    assert len(places) > 10


def test_label_folder_keeps_labels(tmp_path: Path) -> None:
    folder = LabelFolder.create(tmp_path, 'pseudo', CLASSES, {'a': (1, 2)})
    labels = np.random.default_rng(0).choice([0, 1, 3, 255], (5, 7)).astype(np.uint8)
    path = folder.write('x/y', labels)
    np.testing.assert_array_equal(LabelFolder.open(tmp_path, 'pseudo').read('x/y'), labels)
    with Image.open(path) as image:
        assert image.mode == 'P'
        palette = np.array(image.getpalette()).reshape(-1, 3)
    np.testing.assert_array_equal(palette, voc_palette()[: len(palette)])
    assert list(folder.ids()) == ['x/y']
    assert 'x/y' in folder
    for wrong in (labels.astype(np.int64), labels[None]):
        with pytest.raises(ValueError, match='not uint8'):
            folder.write('z', wrong)


def test_a_truncated_label_is_not_there(tmp_path: Path) -> None:
    folder = LabelFolder.create(tmp_path, 'pseudo', CLASSES, {})
    path = folder.write('x', np.zeros((5, 7), np.uint8))
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert 'x' not in folder
    path.unlink()
    assert 'x' not in folder
    with pytest.raises(DataError, match=r'x\.png: no such mask'):
        folder.read('x')


def test_notes_are_read_from_whole_files_only(tmp_path: Path) -> None:
    folder = LabelFolder.create(tmp_path, 'pseudo', CLASSES, {})
    labels = np.ones((5, 7), np.uint8)
    assert folder.notes('x') is None
    path = folder.write('x', labels)
    assert folder.notes('x') == {}
    notes = {'a': '1 2', 'b': ''}
    folder.write('x', labels, notes)
    assert folder.notes('x') == notes
    np.testing.assert_array_equal(folder.read('x'), labels)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert folder.notes('x') is None
    path.write_bytes(b'no image' + content[-12:])
    assert folder.notes('x') is None


def test_labels_of_different_settings_do_not_mix(tmp_path: Path) -> None:
    LabelFolder.create(tmp_path / 'l', 'pseudo', CLASSES, {'alpha': (4, 1), 'beta': 8})
    LabelFolder.create(tmp_path / 'l', 'pseudo', CLASSES, {'alpha': (4, 1), 'beta': 8})
    with pytest.raises(ValueError, match=r'\(beta was 8, is 9\): take another folder'):
        LabelFolder.create(tmp_path / 'l', 'pseudo', CLASSES, {'alpha': (4, 1), 'beta': 9})
    with pytest.raises(ValueError, match="kind 'pseudo', not 'affinity'"):
        LabelFolder.create(tmp_path / 'l', 'affinity', CLASSES, {})
    (tmp_path / 'm').mkdir()
    Image.new('L', (3, 3)).save(tmp_path / 'm/x.png')
    with pytest.raises(ValueError, match=r'holds files \(.*\) but no label_folder'):
        LabelFolder.create(tmp_path / 'm', 'pseudo', CLASSES, {})


@pytest.mark.parametrize('content', ['{', '[]', '{"format": "mmwsss.CAMStore"}'])
def test_a_damaged_note_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / 'label_folder.json').write_text(content)
    with pytest.raises(DataError, match=r'label_folder\.json: .*again'):
        LabelFolder.open(tmp_path, 'pseudo')


def test_too_many_classes_are_refused(tmp_path: Path) -> None:
    names = [str(index) for index in range(255)]
    with pytest.raises(ValueError, match='254 at most'):
        LabelFolder.create(tmp_path, 'pseudo', names, {})


@pytest.mark.parametrize('name', ['a.jpg', 'cam_store.json', 'cat/a.jpg'])
def test_labels_are_not_mixed_with_other_files(name, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    first = name.split('/')[0]
    with pytest.raises(ValueError, match=rf'holds files \({first}\) but no label_folder'):
        LabelFolder.create(tmp_path, 'pseudo', CLASSES, {})
    assert not (tmp_path / 'label_folder.json').exists()


def test_hidden_files_do_not_hinder_labels(tmp_path):
    (tmp_path / '.tmp-lock').touch()
    LabelFolder.create(tmp_path, 'pseudo', CLASSES, {})
    assert (tmp_path / 'label_folder.json').exists()
