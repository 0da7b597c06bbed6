import json
import runpy
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from PIL import Image
from repo import TOOLS
from scipy.io import savemat

from mmwsss.datasets import DataError, ImageLevelDataset, VOCImageLevelDataset
from mmwsss.datasets.converters import own_images, voc12
from mmwsss.datasets.voc import VOC_CLASSES, voc_palette
from mmwsss.pipeline.shipped import SHIPPED
from mmwsss.registry import DATASETS
from mmwsss.worker_processes import ImageError

# VOC: train a, val b. SBD: train a, c; val b, d.
LABELS = {'a': ['dog', 'cat'], 'b': ['person'], 'c': ['car'], 'd': ['tvmonitor', 'aeroplane']}
CAT, CAR = 8, 7


def sbd_mask(value: int) -> np.ndarray:
    mask = np.zeros((4, 6), np.uint8)
    mask[1, 2:5] = value
    return mask


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """Make VOC and SBD of four images."""
    voc, sbd = tmp_path / 'VOC2012', tmp_path / 'sbd'
    for folder in ('JPEGImages', 'Annotations', 'SegmentationClass', 'ImageSets/Segmentation'):
        (voc / folder).mkdir(parents=True)
    (sbd / 'cls').mkdir(parents=True)
    for img_id, names in LABELS.items():
        Image.new('RGB', (6, 4)).save(voc / f'JPEGImages/{img_id}.jpg')
        objects = ''.join(f'<object><name>{name}</name></object>' for name in names)
        (voc / f'Annotations/{img_id}.xml').write_text(f'<annotation>{objects}</annotation>')
        content = {'Boundaries': 0, 'Segmentation': sbd_mask(CAR), 'CategoriesPresent': CAR}
        savemat(sbd / f'cls/{img_id}.mat', {'GTcls': content}, do_compression=True)
    for img_id in 'ab':
        Image.fromarray(sbd_mask(CAT)).save(voc / f'SegmentationClass/{img_id}.png')
    (voc / 'ImageSets/Segmentation/train.txt').write_text('a\n')
    (voc / 'ImageSets/Segmentation/val.txt').write_text('b\n')
    (sbd / 'train.txt').write_text('a\nc\n')
    (sbd / 'val.txt').write_text('b\nd\n')
    return voc, sbd


def test_train_aug_is_train_and_sbd_without_val(roots: tuple[Path, Path]) -> None:
    assert voc12.read_splits(*roots) == {'train': ['a'], 'val': ['b'], 'train_aug': ['a', 'c', 'd']}


def test_voc12_writes_split_masks_and_labels(roots: tuple[Path, Path]) -> None:
    voc, sbd = roots
    counts = voc12.convert(voc, sbd, num_workers=2, verify_counts=False)
    assert counts == {'train': 1, 'val': 1, 'train_aug': 3}
    assert (voc / 'ImageSets/Segmentation/train_aug.txt').read_text() == 'a\nc\nd\n'
    labels = (voc / 'image_labels/train_aug.txt').read_text()
    assert labels == 'a cat dog\nc car\nd aeroplane tvmonitor\n'
    assert (voc / 'image_labels/val.txt').read_text() == 'b person\n'
    masks = voc / 'SegmentationClassAug'
    assert sorted(path.name for path in masks.iterdir()) == ['a.png', 'c.png', 'd.png']
    for img_id, value in (('a', CAT), ('c', CAR)):  # VOC's own mask is preferred
        with Image.open(masks / f'{img_id}.png') as mask:
            np.testing.assert_array_equal(np.asarray(mask), sbd_mask(value))
    with Image.open(masks / 'c.png') as mask:
        assert mask.mode == 'P'
        assert tuple(mask.getpalette()[3 * CAR : 3 * CAR + 3]) == voc_palette()[CAR]
    dataset = VOCImageLevelDataset(
        data_root=str(voc),
        label_file='image_labels/train_aug.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
    )
    assert [dataset.get_data_info(index)['gt_label'] for index in range(3)] == [
        [7, 11],
        [6],
        [0, 19],
    ]


def test_voc12_labels_from_masks(roots: tuple[Path, Path]) -> None:
    voc, sbd = roots
    voc12.convert(voc, sbd, label_source='mask', verify_counts=False)
    assert (voc / 'image_labels/train_aug.txt').read_text() == 'a cat\nc car\nd car\n'
    assert (voc / 'image_labels/val.txt').read_text() == 'b cat\n'


@pytest.mark.parametrize(('split', 'found'), [('train', 'a'), ('val', 'b'), ('train_aug', 'acd')])
def test_voc_configs_measure_any_split(roots: tuple[Path, Path], split: str, found: str) -> None:
    voc12.convert(*roots, verify_counts=False)
    settings = Config.fromfile(SHIPPED / 'configs/cam.py').test_dataloader.dataset
    settings.data_root = str(roots[0])
    settings.data_prefix = dict(img_path='JPEGImages')  # only VOC's own images have masks
    assert settings.ann_file == 'ImageSets/Segmentation/val.txt'
    settings.ann_file = f'ImageSets/Segmentation/{split}.txt'
    with DefaultScope.overwrite_default_scope('mmwsss'):
        dataset = DATASETS.build(settings)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert ''.join(info['img_id'] for info in infos) == found
    names = [{VOC_CLASSES[label] for label in info['gt_label']} for info in infos]
    assert names == [set(LABELS[img_id]) for img_id in found]


def test_voc12_keeps_masks_of_a_stopped_run(roots: tuple[Path, Path]) -> None:
    voc, sbd = roots
    voc12.convert(voc, sbd, verify_counts=False)
    (sbd / 'cls/c.mat').unlink()
    voc12.convert(voc, sbd, verify_counts=False)
    (voc / 'SegmentationClassAug/c.png').unlink()
    with pytest.raises(ImageError, match=r'c: .*c\.mat: no such file; '):
        voc12.convert(voc, sbd, verify_counts=False)


def test_voc12_insists_on_the_published_counts(roots: tuple[Path, Path]) -> None:
    with pytest.raises(DataError, match='train has 1 images instead of 1464; '):
        voc12.convert(*roots)


def test_voc12_names_a_missing_image(roots: tuple[Path, Path]) -> None:
    (roots[0] / 'JPEGImages/d.jpg').unlink()
    with pytest.raises(DataError, match=r'JPEGImages/d\.jpg: missing; '):
        voc12.convert(*roots, verify_counts=False)


def test_damaged_mat_files_are_named_at_every_length(roots: tuple[Path, Path]) -> None:
    path = roots[1] / 'cls/c.mat'
    np.testing.assert_array_equal(voc12.read_sbd_mask(path), sbd_mask(CAR))
    content = path.read_bytes()
    for length in range(0, len(content) - 1, 3):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=r'c\.mat: .*; ') as error:
            voc12.read_sbd_mask(path)
        assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('content', 'what'),
    [
        ({'x': 1}, 'no class mask'),
        ({'GTcls': {'Boundaries': 1}}, 'no class mask'),
        ({'GTcls': {'Segmentation': np.zeros((2, 2, 2), np.uint8)}}, 'a mask of shape'),
        ({'GTcls': {'Segmentation': np.zeros((2, 2))}}, 'a mask of shape'),
        ({'GTcls': {'Segmentation': np.full((2, 2), 21, np.uint8)}}, 'value 21 is no class'),
    ],
)
def test_mat_files_of_another_kind(tmp_path: Path, content: dict, what: str) -> None:
    savemat(tmp_path / 'x.mat', content)
    with pytest.raises(DataError, match=rf'x\.mat: {what}.*; '):
        voc12.read_sbd_mask(tmp_path / 'x.mat')


def make_images(root: Path, names: list[str]) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (4, 4)).save(root / name)


def test_folders_become_classes(tmp_path: Path) -> None:
    make_images(tmp_path, [f'{c}/{i}.jpg' for c in ('dog', 'Cat') for i in range(10)])
    make_images(tmp_path, ['dog/deep/x.PNG', 'dog/.hidden.jpg', '.trash/y.jpg'])
    (tmp_path / 'dog/notes.txt').write_text('no image')
    conversion = own_images.convert(tmp_path, val_fraction=0.2)
    assert conversion.classes == ('Cat', 'dog')
    assert conversion.labels['dog/deep/x.PNG'] == ('dog',) and len(conversion.labels) == 21
    assert sorted(conversion.train + conversion.val) == sorted(conversion.labels)
    assert Counter(key.split('/')[0] for key in conversion.val) == {'dog': 2, 'Cat': 2}
    splits = [
        ImageLevelDataset(
            ann_file=f'{name}.txt', label_file='image_labels.json', data_root=str(tmp_path),
            data_prefix='',
        )
        for name in ('train', 'val')
    ]  # fmt: skip
    assert [len(split) for split in splits] == [17, 4]
    assert splits[0].metainfo['classes'] == ('Cat', 'dog')
    report = conversion.report().splitlines()
    assert report[1].split() == ['Cat', '8', '2'] and report[2].split() == ['dog', '9', '2']


def test_a_csv_of_tags_is_converted(tmp_path: Path) -> None:
    images = tmp_path / 'images'
    make_images(images, ['a.jpg', 'x/b.png', 'c.jpg'])
    (tmp_path / 'tags.csv').write_text('image,labels\na,dog;cat\nx/b.png,cat\n')
    out = tmp_path / 'out'
    conversion = own_images.convert(images, tmp_path / 'tags.csv', out, val_fraction=0)
    assert json.loads((out / 'image_labels.json').read_text()) == {
        'classes': ['cat', 'dog'],
        'labels': {'a.jpg': ['dog', 'cat'], 'x/b.png': ['cat']},
    }
    assert (out / 'train.txt').read_text() == 'a.jpg\nx/b.png\n'
    assert not (out / 'val.txt').exists()  # an empty one is refused by every dataset
    assert conversion.untagged == ('c.jpg',)
    assert '1 images have no tag, first c.jpg' in conversion.report()
    assert '1.50 classes per image' in conversion.report()


def test_given_classes_keep_their_order_and_find_typos(tmp_path: Path) -> None:
    make_images(tmp_path, ['dog/a.jpg', 'cat/b.jpg'])
    assert own_images.convert(tmp_path, classes=['dog', 'cat']).classes == ('dog', 'cat')
    with pytest.raises(DataError, match=r"cat/b\.jpg: unknown class 'cat'; the classes are dog"):
        own_images.convert(tmp_path, classes=['dog'])


@pytest.mark.parametrize(
    ('names', 'rows', 'what'),
    [
        (['a.jpg'], None, r'a\.jpg: lies in no class folder; '),
        (['x/a.jpg', 'x/a.png'], None, r'a\.png: same name as x/a\.jpg but for the suffix; '),
        ([], None, 'no such folder; '),
        (['a.jpg'], 'b.jpg,dog', r"tags\.csv:2: no image 'b\.jpg' below .*; "),
        (['a.jpg'], 'a.jpg,', r"tags\.csv:2: image 'a\.jpg' has no label; "),
    ],
)
def test_bad_own_images_are_refused(
    tmp_path: Path, names: list[str], rows: str | None, what: str
) -> None:
    root = tmp_path / 'images'
    make_images(root, names)
    csv_path = None
    if rows is not None:
        csv_path = tmp_path / 'tags.csv'
        csv_path.write_text(f'image,labels\n{rows}\n')
    with pytest.raises(DataError, match=what):
        own_images.convert(root, csv_path)
    assert not (root / 'image_labels.json').exists()


def test_an_empty_folder_has_no_image(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='no image'):
        own_images.convert(tmp_path)


def test_the_split_is_seeded_stratified_and_leaves_every_class_to_train() -> None:
    labels = {f'{i}': ('a',) if i < 60 else ('b', 'c') for i in range(100)}
    labels.update({'rare': ('d',), 'rarer': ('d', 'e')})
    splits = {seed: own_images.split_images(labels, 0.3, seed) for seed in range(20)}
    assert splits[3] == own_images.split_images(labels, 0.3, 3)
    assert len(set(splits.values())) == 20
    for train, val in splits.values():
        assert sorted(train + val) == sorted(labels)
        counts = Counter(labels[key] for key in val)
        assert abs(counts['a',] - 18) <= 1 and abs(counts['b', 'c'] - 12) <= 1
        assert {name for key in train for name in labels[key]} == set('abcde')
    nearly_all, _ = own_images.split_images(labels, 0.99, 0)
    assert {name for key in nearly_all for name in labels[key]} == set('abcde')
    with pytest.raises(ValueError, match='val_fraction'):
        own_images.split_images(labels, 1.0, 0)
    with pytest.raises(ValueError, match='seed must not be negative, got -1'):
        own_images.split_images({'a.jpg': ('cat',)}, 0.2, -1)


def run(monkeypatch: pytest.MonkeyPatch, tool: str, *arguments: object) -> int:
    monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
    with pytest.raises(SystemExit) as status:
        runpy.run_path(str(TOOLS / 'dataset_converters' / tool), run_name='__main__')
    return status.value.code


def test_the_tools_run(
    roots: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    assert run(monkeypatch, 'voc12.py', *roots, '--skip-counts') == 0
    assert 'train_aug: 3 images' in capsys.readouterr().out
    assert run(monkeypatch, 'own_images.py', tmp_path / 'absent') == 1
    assert capsys.readouterr().err.endswith('no such folder; correct the path\n')
    make_images(tmp_path / 'own', ['cat/a.jpg', 'dog/b.jpg'])
    assert run(monkeypatch, 'own_images.py', tmp_path / 'own', '--val-fraction', 0) == 0
    assert 'images      2      0' in capsys.readouterr().out


def test_a_folder_background_is_refused(tmp_path: Path) -> None:
    make_images(tmp_path, ['cat/a.jpg', 'background/b.jpg'])
    with pytest.raises(DataError, match=r"background/b\.jpg: 'background' is no class .*rename"):
        own_images.convert(tmp_path)
    assert not (tmp_path / 'image_labels.json').exists()


def test_classes_that_are_given_twice_are_refused(tmp_path: Path) -> None:
    make_images(tmp_path, ['cat/a.jpg', 'dog/b.jpg'])
    with pytest.raises(DataError, match='--classes: a class is listed twice'):
        own_images.convert(tmp_path, classes=['cat', 'dog', 'cat'])


def test_without_a_held_out_image_there_is_no_val(tmp_path: Path) -> None:
    make_images(tmp_path, ['cat/a.jpg', 'dog/b.jpg'])
    (tmp_path / 'val.txt').write_text('of another run\n')
    conversion = own_images.convert(tmp_path, val_fraction=0.3)  # each class needs its image
    assert conversion.val == () and not (tmp_path / 'val.txt').exists()
    assert 'no val.txt: no image is held out' in conversion.report()


def test_what_cannot_be_read_back_is_not_written(tmp_path: Path) -> None:
    make_images(tmp_path, ['cat/a.jpg', 'dog/b.jpg'])
    own_images.convert(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.glob('*.*')}
    labels = {'cat/a.jpg': ('cat',), 'absent.jpg': ('dog',)}
    for wrong in (
        own_images.Conversion(('cat', 'dog'), labels, tuple(labels), (), (), tmp_path),
        own_images.Conversion(('cat',), {' a.jpg': ('cat',)}, (' a.jpg',), (), ()),
        own_images.Conversion(('cat',), {'a.jpg': ('cat ',)}, ('a.jpg',), (), ()),
        own_images.Conversion(('cat', 'cat'), {'cat/a.jpg': ()}, ('cat/a.jpg',), (), (), tmp_path),
    ):
        with pytest.raises(DataError, match=r'\(nothing was written\)') as error:
            own_images.write_conversion(wrong, tmp_path)
        assert str(error.value).startswith(str(tmp_path)) and '.tmp-' not in str(error.value)
        assert {path: path.read_bytes() for path in tmp_path.glob('*.*')} == before


def test_the_report_tells_what_is_left_out_and_what_is_doubtful(tmp_path: Path) -> None:
    make_images(tmp_path / 'images', ['a.jpg', 'b.jpg', 'c.jpg'])
    (tmp_path / 'images/d.cr2').write_bytes(b'')
    rows = 'a.jpg,cat\nb.jpg,Cat\nc.jpg,"cat,dog"\n'
    (tmp_path / 'tags.csv').write_text(f'image,labels\n{rows}')
    report = own_images.convert(tmp_path / 'images', tmp_path / 'tags.csv', tmp_path).report()
    assert "'Cat' and 'cat' are 2 classes: spell them alike if they are one" in report
    assert "'cat,dog' is one class: join tags by ';' if it means several" in report
    assert 'left out: 1 .cr2 (OpenCV reads no raw: convert them to JPEG), such as d.cr2' in report
