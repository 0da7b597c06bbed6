"""Names that look alike, in the forms of different disks."""

import json
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from mmwsss.datasets import DataError, ImageLevelDataset, PseudoLabelDataset
from mmwsss.datasets.converters.own_images import convert
from mmwsss.datasets.names import (
    MAX_CLASSES,
    check_classes,
    closest_name,
    path_on_disk,
    similar_names,
)


def nfc(text: str) -> str:
    return unicodedata.normalize('NFC', text)


def nfd(text: str) -> str:
    return unicodedata.normalize('NFD', text)


FORMS = [(disk, table) for disk in (nfc, nfd) for table in (nfc, nfd)]


def save(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('L' if path.suffix == '.png' else 'RGB', (4, 4)).save(path)


@pytest.mark.parametrize(('disk', 'table'), FORMS)
def test_images_masks_and_classes_meet_in_any_form(tmp_path: Path, disk, table) -> None:
    save(tmp_path / disk('images/Köln/Tür.jpg'))
    save(tmp_path / disk('masks/Köln/Tür.png'))
    (tmp_path / 'tags.csv').write_text(table('image,labels\nKöln/Tür.jpg,Bär\n'), 'utf-8')
    (tmp_path / 'train.txt').write_text(nfc('Köln/Tür\n'), 'utf-8')
    prefix = dict(img_path='images', seg_map_path='masks')
    common = dict(data_root=str(tmp_path), ann_file='train.txt', data_prefix=prefix)
    tagged = ImageLevelDataset(
        **common, label_file='tags.csv', metainfo=dict(classes=(nfd('Bär'), 'dog'))
    )
    masked = PseudoLabelDataset(**common, metainfo=dict(classes=(nfd('Bär'),)))
    assert tagged.metainfo['classes'] == (nfc('Bär'), 'dog')
    assert masked.metainfo['classes'] == ('background', nfc('Bär'))
    assert tagged.get_data_info(0)['gt_label'] == [0]
    for dataset in (tagged, masked):
        info = dataset.get_data_info(0)
        assert info['img_id'] == nfc('Köln/Tür')
        assert Path(info['img_path']) == tmp_path / disk('images/Köln/Tür.jpg')
        assert Path(info['seg_map_path']) == tmp_path / disk('masks/Köln/Tür.png')


@pytest.mark.parametrize(('disk', 'table'), FORMS)
def test_the_converter_finds_images_in_any_form(tmp_path: Path, disk, table) -> None:
    save(tmp_path / disk('images/Köln.jpg'))
    (tmp_path / 'tags.csv').write_text(table('image,labels\nKöln.jpg,Bär\n'), 'utf-8')
    convert(tmp_path / 'images', tmp_path / 'tags.csv', tmp_path, val_fraction=0)
    content = json.loads((tmp_path / 'image_labels.json').read_text('utf-8'))
    assert content == {'classes': [nfc('Bär')], 'labels': {disk('Köln.jpg'): [nfc('Bär')]}}
    assert (tmp_path / 'train.txt').read_text('utf-8') == disk('Köln.jpg\n')


def test_folders_of_both_forms_are_one_class(tmp_path: Path) -> None:
    save(tmp_path / nfc('Bär/a.jpg'))
    save(tmp_path / nfd('Bär/b.jpg'))
    assert convert(tmp_path, val_fraction=0).classes == (nfc('Bär'),)
    with pytest.raises(DataError, match=r'same name as .*rename it'):
        save(tmp_path / nfd('Bär/a.png'))
        convert(tmp_path)


def test_paths_are_as_the_disk_spells_them(tmp_path: Path) -> None:
    save(tmp_path / nfd('ä/ö.jpg'))
    for path in (nfc('ä/ö.jpg'), nfd('ä') + nfc('/ö.jpg'), nfd('ä/ö.jpg')):
        assert path_on_disk(str(tmp_path / path)) == str(tmp_path / nfd('ä/ö.jpg'))
    for path in ('absent/x.jpg', nfc('ä/ü.jpg'), nfc('ü/ö.jpg'), ''):
        absent = str(tmp_path / path)
        assert path_on_disk(absent) == absent or nfc(path_on_disk(absent)) == nfc(absent)


@pytest.mark.parametrize(
    ('classes', 'what'),
    [
        ('cat', r"classes is the text 'cat', not a list; in Python write \('cat',\)"),
        (None, 'no class names'),
        ((), 'no class names'),
        (('cat', 'dog', 'cat'), 'a class is listed twice'),
        ((nfc('Bär'), nfd('Bär')), 'a class is listed twice'),
        (('cat', 'background'), "'background' is no class"),
        (('cat', ' '), 'is no name of a class'),
        (('cat', 3), '3 is no name of a class'),
        ([f'c{i}' for i in range(255)], '255 classes, but masks of 8 bits hold 254 at most'),
        ([f'c{i}' for i in range(300)], '300 classes'),
    ],
)
def test_impossible_classes_are_refused_everywhere(tmp_path: Path, classes, what: str) -> None:
    with pytest.raises(DataError, match=rf'^file: .*{what}'):
        check_classes(classes, 'file')
    save(tmp_path / 'images/a.jpg')
    (tmp_path / 'tags.csv').write_text('image,labels\na.jpg,cat\n')
    common = dict(data_root=str(tmp_path), label_file='tags.csv', data_prefix='images')
    for kind in (ImageLevelDataset, PseudoLabelDataset):
        common['data_prefix'] = dict(img_path='images')
        with pytest.raises(DataError, match=what):
            kind(**common, metainfo=dict(classes=classes))


def test_as_many_classes_as_masks_can_hold_are_accepted() -> None:
    assert len(check_classes([f'c{i}' for i in range(MAX_CLASSES)], 'file')) == 254


def test_alike_names_are_found() -> None:
    names = ('cat', 'Cat ', 'traffic light', 'traffic_light', 'dog', 'Traffic-Light')
    assert similar_names(names) == [
        ('cat', 'Cat '),
        ('traffic light', 'traffic_light', 'Traffic-Light'),
    ]


@pytest.mark.parametrize(
    ('name', 'hint'),
    [
        ('Cat', r"unknown class 'Cat' \(there is 'cat': case and blanks count\)"),
        ('"cat,dog"', r"unknown class 'cat,dog' \(several tags are joined by ';'\)"),
        ('cat|dog', r"unknown class 'cat|dog' \(several tags are joined by ';'\)"),
        ('dgo', r"unknown class 'dgo' \(the closest is 'dog'\); correct"),
        ('cow', r"unknown class 'cow'; correct"),
    ],
)
def test_unknown_classes_come_with_a_hint(tmp_path: Path, name: str, hint: str) -> None:
    save(tmp_path / 'images/a.jpg')
    (tmp_path / 'tags.csv').write_text(f'image,labels\na.jpg,{name}\n')
    with pytest.raises(DataError, match=rf'tags\.csv:2: {hint}'):
        ImageLevelDataset(
            data_root=str(tmp_path), label_file='tags.csv', data_prefix='images',
            metainfo=dict(classes=('cat', 'dog')),
        )  # fmt: skip


def test_no_hint_where_nothing_is_alike() -> None:
    assert closest_name('cow', ('cat', 'dog')) == closest_name('x,y', ('cat',)) == ''
