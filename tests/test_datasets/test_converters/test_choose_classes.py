import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from repo import TOOLS

from mmwsss.datasets import DataError, ImageLevelDataset
from mmwsss.datasets.converters.choose_classes import choose_classes

TOOL = TOOLS / 'dataset_converters/choose_classes.py'
CLASSES = ['cat', 'dog', 'horse']
LABELS = {'a': ['cat', 'horse'], 'x/b': ['dog'], 'c': ['horse', 'dog'], 'd': ['dog'], 'e': []}
TRAIN, VAL = ['a', 'x/b', 'e'], ['c', 'd']
MASK = np.array([[0, 1, 255], [2, 3, 0]], np.uint8)
OF_HORSE_AND_CAT = np.array([[0, 2, 255], [0, 1, 0]], np.uint8)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a dataset of five images, of which one shows no class."""
    root = tmp_path / 'data/all'
    for img_id in LABELS:
        image, mask = root / f'JPEGImages/{img_id}.jpg', root / f'SegmentationClass/{img_id}.png'
        for path in (image, mask):
            path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (3, 2)).save(image)
        Image.fromarray(MASK).save(mask)
    content = {'classes': CLASSES, 'labels': LABELS}
    (root / 'image_labels.json').write_text(json.dumps(content, indent=0))
    (root / 'ImageSets/Segmentation').mkdir(parents=True)
    for name, keys in (('train', TRAIN), ('val', VAL)):
        (root / f'ImageSets/Segmentation/{name}.txt').write_text('\n'.join(keys))
    return root


def dataset(root: Path, split: str, **settings: str) -> ImageLevelDataset:
    return ImageLevelDataset(
        data_root=str(root),
        ann_file=f'ImageSets/Segmentation/{split}.txt',
        label_file='image_labels.json',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        negatives='keep',
        **settings,
    )


def labels(data: ImageLevelDataset) -> dict[str, list[int]]:
    infos = [data.get_data_info(index) for index in range(len(data))]
    return {info['img_id']: info['gt_label'] for info in infos}


def test_labels_lists_and_masks_of_the_wanted_classes(root: Path) -> None:
    out = root.parent / 'some'
    choice = choose_classes(root, out, ['horse', 'cat'])
    assert choice.report() == 'horse, cat: 1 images to train and 2 negatives, 1 to measure'
    assert json.loads((out / 'image_labels.json').read_text()) == {
        'classes': ['horse', 'cat'],
        'labels': {'a': ['horse', 'cat'], 'x/b': [], 'c': ['horse'], 'd': [], 'e': []},
    }
    assert (out / 'classes.txt').read_text() == 'background\nhorse\ncat\n'
    assert labels(dataset(out, 'train')) == {'a': [0, 1]}
    assert labels(dataset(out, 'train_negatives')) == {'a': [0, 1], 'x/b': [], 'e': []}
    assert labels(dataset(out, 'val')) == {'c': [0]}
    for img_id in ('a', 'x/b', 'e', 'c'):  # of d, which measures nothing, there is none
        with Image.open(out / f'SegmentationClass/{img_id}.png') as mask:
            assert mask.mode == 'P'
            np.testing.assert_array_equal(np.asarray(mask), OF_HORSE_AND_CAT)
    assert not (out / 'SegmentationClass/d.png').exists()


def test_images_stay_where_they_are_when_both_folders_move(root: Path, tmp_path: Path) -> None:
    (tmp_path / 'link').symlink_to(root.parent, target_is_directory=True)
    choose_classes(root, tmp_path / 'link/some', ['dog'])
    root.parent.rename(tmp_path / 'moved')
    path = dataset(tmp_path / 'moved/some', 'train').get_data_info(0)['img_path']
    assert Path(path).resolve() == tmp_path / 'moved/all/JPEGImages/x/b.jpg'


@pytest.mark.parametrize(
    ('classes', 'what'),
    [
        (['dgo'], "--classes: unknown class 'dgo' (the closest is 'dog'); the classes are cat, "),
        (['Dog'], "--classes: unknown class 'Dog' (there is 'dog': case and blanks count); "),
        (['dog', 'dog'], '--classes: a class is listed twice'),
        ([], '--classes: no class names'),
    ],
)
def test_classes_that_are_none_are_refused(root: Path, classes: list[str], what: str) -> None:
    with pytest.raises(DataError) as error:
        choose_classes(root, root.parent / 'some', classes)
    assert str(error.value).startswith(what) and '\n' not in str(error.value)
    assert [path.name for path in root.parent.iterdir()] == ['all']


def damage_mask(root: Path) -> None:
    (root / 'SegmentationClass/c.png').write_bytes(b'no image')


def add_value(root: Path) -> None:
    Image.fromarray(MASK + 1).save(root / 'SegmentationClass/c.png')


def drop_mask(root: Path) -> None:
    (root / 'SegmentationClass/c.png').unlink()


def add_image(root: Path) -> None:
    (root / 'ImageSets/Segmentation/val.txt').write_text('c\nf\n')


def drop_horses(root: Path) -> None:
    (root / 'ImageSets/Segmentation/val.txt').write_text('d\n')


def drop_classes(root: Path) -> None:
    (root / 'image_labels.json').write_text(json.dumps({'labels': LABELS}))


@pytest.mark.parametrize(
    ('change', 'what'),
    [
        (damage_mask, r'SegmentationClass/c\.png: '),
        (add_value, r'SegmentationClass/c\.png: value 4 is no class'),
        (drop_mask, r'SegmentationClass/c\.png: '),
        (add_image, r"val\.txt:2: not in .*image_labels\.json: add 'f' there, or remove it"),
        (drop_horses, r'val\.txt: no image shows horse; choose other classes'),
        (drop_classes, r'image_labels\.json: no class names'),
    ],
)
def test_faults_of_the_dataset_leave_nothing(root: Path, change, what: str) -> None:
    change(root)
    with pytest.raises(DataError, match=what) as error:
        choose_classes(root, root.parent / 'some', ['horse'])
    assert '\n' not in str(error.value)
    assert [path.name for path in root.parent.iterdir()] == ['all']


def test_the_tool_writes_once(root: Path, monkeypatch, capsys) -> None:
    out = root.parent / 'some'
    monkeypatch.setattr(sys, 'argv', [str(TOOL), str(root), str(out), '--classes', 'dog'])
    for code in (0, 1):
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(TOOL), run_name='__main__')
        assert end.value.code == code
    printed = capsys.readouterr()
    assert printed.out.endswith('dog: 1 images to train and 2 negatives, 2 to measure\n')
    assert printed.err == f'{out}: is there already; remove it, or name another folder\n'
    assert labels(dataset(out, 'val')) == {'c': [0], 'd': [0]}
