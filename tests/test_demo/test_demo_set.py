"""The demo set against what a reader of VOC layout expects of it."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import ImageLevelDataset
from mmwsss.demo import CLASSES, make_demo_set, render_scene
from mmwsss.demo.animals import HEADS, animal
from mmwsss.demo.canvas import bounds, fill
from mmwsss.demo.shapes import Layer, box, curve, ellipse
from mmwsss.demo.vehicles import vehicle

SMALL = dict(num_train=10, num_val=7, seed=3, size=(128, 96))


@pytest.fixture(scope='module')
def demo_root(tmp_path_factory) -> Path:
    return make_demo_set(tmp_path_factory.mktemp('demo') / 'set', **SMALL)


def stems_of(root: Path, split: str) -> list[str]:
    return (root / 'ImageSets' / 'Segmentation' / f'{split}.txt').read_text().split()


def labels_of(root: Path) -> dict:
    return json.loads((root / 'image_labels.json').read_text())


def digest(root: Path) -> dict[str, str]:
    files = sorted(p for p in root.rglob('*') if p.is_file())
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }


def test_labels_are_the_classes_in_the_masks(demo_root):
    content = labels_of(demo_root)
    assert content['classes'] == list(CLASSES)
    stems = [*stems_of(demo_root, 'train'), *stems_of(demo_root, 'val')]
    assert sorted(content['labels']) == sorted(stems) and len(set(stems)) == len(stems)
    for stem in stems:
        with Image.open(demo_root / 'SegmentationClass' / f'{stem}.png') as image:
            assert image.mode == 'P'
            present = np.unique(np.asarray(image))
        names = [content['classes'][value - 1] for value in present if value]
        assert names == content['labels'][stem] and 1 <= len(names) <= 3


def test_images_and_masks_have_the_size_asked_for(demo_root):
    for split, count in (('train', 10), ('val', 7)):
        stems = stems_of(demo_root, split)
        assert len(stems) == count
        for stem in stems:
            with Image.open(demo_root / 'JPEGImages' / f'{stem}.jpg') as image:
                assert image.size == SMALL['size'] and image.mode == 'RGB'
            with Image.open(demo_root / 'SegmentationClass' / f'{stem}.png') as mask:
                assert mask.size == SMALL['size']


def test_every_class_is_in_both_splits_about_equally_often(demo_root):
    labels = labels_of(demo_root)['labels']
    for split in ('train', 'val'):
        names = [name for stem in stems_of(demo_root, split) for name in labels[stem]]
        counts = [names.count(name) for name in CLASSES]
        assert min(counts) >= 1 and max(counts) - min(counts) <= 2


def test_palette_is_the_one_of_voc(demo_root):
    with Image.open(demo_root / 'SegmentationClass' / 'val_0000.png') as mask:
        palette = np.array(mask.getpalette()).reshape(-1, 3)[:8].tolist()
    assert palette == [
        [0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0],
        [0, 0, 128], [128, 0, 128], [0, 128, 128], [128, 128, 128],
    ]  # fmt: skip


def test_same_arguments_same_files(demo_root, tmp_path):
    assert digest(make_demo_set(tmp_path / 'again', **SMALL)) == digest(demo_root)


def test_another_seed_gives_other_images(demo_root, tmp_path):
    other = digest(make_demo_set(tmp_path / 'other', **{**SMALL, 'seed': 4}))
    image = 'JPEGImages/train_0000.jpg'
    assert other[image] != digest(demo_root)[image]


def test_splits_share_no_image(demo_root):
    digests = [d for name, d in digest(demo_root).items() if name.endswith('.jpg')]
    assert len(set(digests)) == len(digests)


def test_rerun_leaves_a_complete_set_alone(demo_root):
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in demo_root.rglob('*')}
    make_demo_set(demo_root, **SMALL)
    assert {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in demo_root.rglob('*')} == before


@pytest.mark.parametrize(
    'damage',
    [
        lambda root: (root / 'JPEGImages' / 'val_0003.jpg').unlink(),
        lambda root: (root / 'SegmentationClass' / 'train_0001.png').write_bytes(b''),
        lambda root: (root / 'image_labels.json').write_text('{"classes": ['),
        lambda root: (root / 'ImageSets' / 'Segmentation' / 'train.txt').unlink(),
    ],
    ids=['image missing', 'mask empty', 'labels truncated', 'split missing'],
)
def test_damaged_set_is_made_anew(demo_root, tmp_path, damage):
    root = shutil.copytree(demo_root, tmp_path / 'set')
    damage(root)
    assert digest(make_demo_set(root, **SMALL)) == digest(demo_root)
    assert os.listdir(tmp_path) == ['set']


def test_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(*args: object) -> None:
        raise RuntimeError('disk full')

    monkeypatch.setattr('mmwsss.demo.writer._save', fail)
    with pytest.raises(RuntimeError, match='disk full'):
        make_demo_set(tmp_path / 'set', **SMALL)
    assert os.listdir(tmp_path) == []


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    (tmp_path / 'JPEGImages').mkdir()
    precious = tmp_path / 'JPEGImages' / 'mine.jpg'
    precious.write_bytes(b'mine')
    with pytest.raises(FileExistsError, match='not a demo set'):
        make_demo_set(tmp_path, **SMALL)
    assert precious.read_bytes() == b'mine'


@pytest.mark.parametrize(
    ('change', 'message'),
    [(dict(num_val=6), 'at least 7'), (dict(size=(256, 32)), 'at least 64x64')],
)
def test_impossible_arguments_are_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        make_demo_set(tmp_path / 'set', **{**SMALL, **change})
    assert os.listdir(tmp_path) == []


def test_image_level_dataset_reads_it(demo_root):
    dataset = ImageLevelDataset(
        data_root=str(demo_root),
        ann_file='ImageSets/Segmentation/val.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        pipeline=[],
    )
    assert tuple(dataset.metainfo['classes']) == CLASSES and len(dataset) == 7


def test_licence_is_stated(demo_root):
    assert 'CC0 1.0' in (demo_root / 'LICENSE').read_text()


@pytest.mark.parametrize('index', range(len(CLASSES)), ids=CLASSES)
def test_a_scene_shows_its_class_and_nothing_else(index):
    image, mask = render_scene([index], (256, 192), np.random.RandomState(index))
    assert image.dtype == mask.dtype == np.uint8 and image.shape == (*mask.shape, 3)
    assert set(np.unique(mask)) == {0, index + 1}
    assert 0.015 < (mask > 0).mean() < 0.6


@pytest.mark.parametrize('name', CLASSES)
def test_what_tells_the_class_is_a_smaller_part_of_the_figure(name):
    draw = animal if name in HEADS else vehicle
    to_pixels = np.array([[100.0, 0.0, 150.0], [0.0, 100.0, 250.0]])
    shares = []
    for seed in range(5):
        layers = [part.moved(to_pixels) for part in draw(name, np.random.RandomState(seed))]
        whole = fill((300, 300), [p for part in layers for p in part.polygons]) > 0
        head = fill((300, 300), [p for part in layers if part.key for p in part.polygons]) > 0
        shares.append(head.sum() / whole.sum())
    assert min(shares) > 0.05 and max(shares) < 0.6


@pytest.mark.slow
def test_the_default_set_is_small(tmp_path):
    root = make_demo_set(tmp_path / 'set')
    assert sum(p.stat().st_size for p in root.rglob('*') if p.is_file()) < 5_000_000
    assert len(stems_of(root, 'train')) == 160 and len(stems_of(root, 'val')) == 60


def test_curve_is_beziers():
    points = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]])
    t = np.linspace(0, 1, 7)[:, None]
    expected = (1 - t) ** 2 * points[0] + 2 * t * (1 - t) * points[1] + t**2 * points[2]
    np.testing.assert_allclose(curve(points, 7), expected, atol=1e-12)


def test_moved_layer_keeps_its_proportions():
    layer = Layer((box(0, 0, 2, 1), ellipse(0, 0, 1, 1)), (0, 0, 0), roundness=0.1)
    moved = layer.moved(np.array([[0.0, -3.0, 5.0], [3.0, 0.0, 7.0]]))
    np.testing.assert_allclose(bounds([moved]), (2.0, 4.0, 8.0, 13.0), atol=1e-9)
    assert moved.roundness == pytest.approx(0.3)
