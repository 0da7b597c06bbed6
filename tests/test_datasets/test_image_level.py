import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import DataError, ImageLevelDataset, VOCImageLevelDataset
from mmwsss.datasets.voc import voc_palette
from mmwsss.registry import DATASETS

CLASSES = ('bird', 'cat', 'dog')
SPLIT = 'ImageSets/Segmentation/train.txt'
TRUTH = {'a': [1], 'b': [0, 2], 'c': [2]}


def build(root: Path, **settings) -> ImageLevelDataset:
    settings = {'metainfo': {'classes': CLASSES}, **settings}
    return DATASETS.build({'type': 'ImageLevelDataset', 'data_root': str(root), **settings})


def labels_of(dataset: ImageLevelDataset) -> dict[str, list[int]]:
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return {info['img_id']: info['gt_label'] for info in infos}


@pytest.mark.parametrize(
    'settings',
    [
        {'ann_file': SPLIT, 'label_source': 'xml'},
        {'ann_file': SPLIT, 'label_source': 'mask'},
        {'ann_file': SPLIT, 'label_file': 'labels.txt'},
        {'label_file': 'labels.txt'},
    ],
)
def test_labels_agree_whatever_their_source(voc_root: Path, settings: dict) -> None:
    assert labels_of(build(voc_root, **settings)) == TRUTH


def test_objects_marked_difficult_may_be_left_out(voc_root: Path) -> None:
    (voc_root / SPLIT).write_text('a\nb\n')
    dataset = build(voc_root, ann_file=SPLIT, label_source='xml', count_difficult=False)
    assert labels_of(dataset) == {'a': [1], 'b': [0]}


def test_a_sample_says_what_later_stages_need(voc_root: Path) -> None:
    prefix = {'img_path': 'JPEGImages', 'seg_map_path': 'SegmentationClass'}
    dataset = build(voc_root, ann_file=SPLIT, label_file='labels.txt', data_prefix=prefix)
    assert dataset.get_data_info(1) == {
        'img_path': str(voc_root / 'JPEGImages/b.jpg'),
        'seg_map_path': str(voc_root / 'SegmentationClass/b.png'),
        'img_id': 'b',
        'gt_label': [0, 2],
        'num_classes': 3,
        'sample_idx': 1,
    }
    assert dataset.get_cat_ids(1) == [0, 2]
    assert 'seg_map_path' not in build(voc_root, label_file='labels.txt').get_data_info(0)


def test_folders_of_mixed_images_with_csv(tmp_path: Path) -> None:
    for name in ('x/a.PNG', 'b.c.jpeg', 'd.jpg'):
        (tmp_path / 'images' / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (4, 4)).save(tmp_path / 'images' / name)
    (tmp_path / 'tags.csv').write_text('image,labels\nx/a.PNG,dog\nb.c.jpeg,cat;bird\nd,dog\n')
    dataset = build(tmp_path, label_file='tags.csv', data_prefix='images')
    assert labels_of(dataset) == {'x/a': [2], 'b.c': [0, 1], 'd': [2]}
    assert dataset.get_data_info(2)['img_path'].endswith('images/d.jpg')


def test_json_names_the_classes_and_a_split_restricts_it(voc_root: Path) -> None:
    labels = {'a': ['dog'], 'b': ['cat'], 'absent': ['cat']}
    content = {'classes': ['dog', 'cat'], 'labels': labels}
    (voc_root / 'labels.json').write_text(json.dumps(content))
    (voc_root / SPLIT).write_text('b\na\n')
    dataset = build(voc_root, ann_file=SPLIT, label_file='labels.json', metainfo=None)
    assert dataset.metainfo['classes'] == ('dog', 'cat')
    assert labels_of(dataset) == {'b': [1], 'a': [0]}
    reordered = build(voc_root, ann_file=SPLIT, label_file='labels.json')
    assert labels_of(reordered) == {'b': [1], 'a': [2]}


def remove(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


def write(name: str, text: str) -> Callable[[Path], None]:
    return lambda root: (root / name).write_text(text)


def mask_of(value: int) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        Image.fromarray(np.full((8, 12), value, np.uint8)).save(root / 'SegmentationClass/b.png')

    return apply


FILE = {'ann_file': SPLIT, 'label_file': 'labels.txt'}
XML = {'ann_file': SPLIT, 'label_source': 'xml'}
MASK = {'ann_file': SPLIT, 'label_source': 'mask'}
WITH_MASKS = {
    **FILE,
    'data_prefix': {'img_path': 'JPEGImages', 'seg_map_path': 'SegmentationClass'},
}
BAD = {
    'missing image': (remove('JPEGImages/b.jpg'), FILE, f'{SPLIT}:2', 'no image .*b.jpg'),
    'missing image, no split': (
        remove('JPEGImages/b.jpg'),
        {'label_file': 'labels.txt'},
        'labels.txt:2',
        'no image .*b.jpg',
    ),
    'missing mask': (remove('SegmentationClass/c.png'), WITH_MASKS, f'{SPLIT}:3', 'no mask'),
    'unknown class': (
        write('labels.txt', 'a cat\nb horse\nc dog\n'),
        FILE,
        'labels.txt:2',
        "'horse'.*bird, cat, dog",
    ),
    'unknown class in XML': (
        write('Annotations/b.xml', '<a><object><name>horse</name></object></a>'),
        XML,
        'Annotations/b.xml',
        'horse',
    ),
    'unknown class in a mask': (mask_of(9), MASK, 'SegmentationClass/b.png', 'value 9'),
    'not labelled': (
        write('labels.txt', 'a cat\nc dog\n'),
        FILE,
        f'{SPLIT}:2: not in',
        'labels.txt.*no label',
    ),
    'no object': (write('Annotations/b.xml', '<a/>'), XML, 'Annotations/b.xml', 'no label'),
    'only background': (mask_of(0), MASK, 'SegmentationClass/b.png', 'no label'),
    'only ignored': (mask_of(255), MASK, 'SegmentationClass/b.png', 'no label'),
    'no annotation': (remove('Annotations/a.xml'), XML, 'Annotations/a.xml', 'no such'),
    'duplicate': (write(SPLIT, 'a\nb\na.jpg\n'), FILE, f'{SPLIT}:3', 'duplicate'),
    'empty split': (write(SPLIT, '\n'), FILE, SPLIT, 'empty'),
    'no split': (remove(SPLIT), FILE, SPLIT, 'no such file'),
    'no label file': (remove('labels.txt'), FILE, 'labels.txt', 'no such file'),
}


@pytest.mark.parametrize(('spoil', 'settings', 'place', 'what'), BAD.values(), ids=BAD.keys())
def test_bad_data_is_named_before_training(
    voc_root: Path, spoil: Callable[[Path], None], settings: dict, place: str, what: str
) -> None:
    build(voc_root, **settings)
    spoil(voc_root)
    with pytest.raises(DataError, match=what) as error:
        build(voc_root, **settings)
    message = str(error.value)
    assert message.startswith(str(voc_root / place))
    assert '\n' not in message and ';' in message


def test_many_missing_images_are_one_line_with_their_number(voc_root: Path) -> None:
    for img_id in ('a', 'c'):
        (voc_root / f'JPEGImages/{img_id}.jpg').unlink()
    with pytest.raises(DataError, match=r'train\.txt:1: no image .*a\.jpg \(and 1 more\); '):
        build(voc_root, **FILE)


@pytest.mark.parametrize(
    ('classes', 'what'),
    [(None, 'no class names'), (('cat', 'cat'), 'twice'), (('background', 'cat'), 'background')],
)
def test_bad_class_names_are_refused(voc_root: Path, classes: tuple | None, what: str) -> None:
    with pytest.raises(DataError, match=rf'labels\.txt: .*{what}'):
        build(voc_root, **FILE, metainfo=classes and {'classes': classes})


@pytest.mark.parametrize(
    'settings',
    [
        {'ann_file': SPLIT, 'label_source': 'tags'},
        {'ann_file': SPLIT},
        {'ann_file': SPLIT, 'label_source': 'xml', 'label_file': 'labels.txt'},
        {'label_source': 'xml'},
    ],
)
def test_contradictory_settings_are_refused(voc_root: Path, settings: dict) -> None:
    with pytest.raises(ValueError, match='label_source'):
        build(voc_root, **settings)


def test_a_broken_image_stops_training_instead_of_being_replaced(voc_root: Path) -> None:
    (voc_root / 'JPEGImages/b.jpg').write_bytes(b'no image')
    dataset = build(voc_root, **FILE, pipeline=[{'type': 'LoadImage'}])
    assert dataset[0]['img'].shape == (8, 12, 3)
    with pytest.raises(DataError, match=r'b\.jpg: unreadable'):
        dataset[1]


def test_voc_dataset_knows_its_classes(voc_root: Path) -> None:
    dataset = VOCImageLevelDataset(data_root=str(voc_root), label_file='labels.txt')
    assert len(dataset.metainfo['classes']) == 20
    assert labels_of(dataset) == {'a': [7], 'b': [2, 11], 'c': [11]}


def test_the_palette_is_that_of_voc() -> None:
    # From the benchmark's colour map: background, aeroplane, person, tvmonitor, ignored.
    palette = voc_palette()
    expected = {0: (0, 0, 0), 1: (128, 0, 0), 15: (192, 128, 128), 20: (0, 64, 128)}
    assert {index: palette[index] for index in expected} == expected
    assert palette[255] == (224, 224, 192)


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('labels.txt', 'a cat\nb\nc dog\n'),
        ('labels.csv', 'image,labels\na,cat\nb,\nc,dog\n'),
        ('labels.json', '{"labels": {"a": ["cat"], "b": [], "c": ["dog"]}}'),
    ],
)
def test_images_without_a_tag_are_refused_kept_or_dropped(
    voc_root: Path, name: str, text: str
) -> None:
    (voc_root / name).write_text(text)
    with pytest.raises(DataError, match=f"{name}.*'b' has no label"):
        build(voc_root, label_file=name)
    kept = build(voc_root, label_file=name, negatives='keep')
    assert labels_of(kept) == {'a': [1], 'b': [], 'c': [2]}
    dropped = build(voc_root, label_file=name, negatives='drop', ann_file=SPLIT)
    assert labels_of(dropped) == {'a': [1], 'c': [2]}


@pytest.mark.parametrize('source', ['xml', 'mask'])
def test_images_that_show_no_class_are_negatives_whatever_the_source(
    voc_root: Path, source: str
) -> None:
    (voc_root / 'Annotations/b.xml').write_text('<a/>')
    Image.new('L', (12, 8)).save(voc_root / 'SegmentationClass/b.png')
    kept = build(voc_root, ann_file=SPLIT, label_source=source, negatives='keep')
    assert labels_of(kept) == {'a': [1], 'b': [], 'c': [2]}


def test_an_image_that_nobody_tagged_is_no_negative(voc_root: Path) -> None:
    (voc_root / 'labels.txt').write_text('a cat\nc dog\n')
    with pytest.raises(DataError, match=r"not in .*labels\.txt: image 'b' has no label"):
        build(voc_root, label_file='labels.txt', ann_file=SPLIT, negatives='keep')
    with pytest.raises(ValueError, match='refuse, keep, drop'):
        build(voc_root, label_file='labels.txt', negatives='ignore')
