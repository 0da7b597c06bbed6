"""One rule tells which names can be images' ids, for readers of labels and for writers of files."""

import json
from pathlib import Path

import pytest

from mmwsss.datasets.labels import read_label_file, read_xml
from mmwsss.datasets.splits import image_id, read_split
from mmwsss.structures import CAMStore, DataError, img_id_path

BAD = [
    '', '.', '..', '/a', 'a/../b', '../a', 'a\\b', '.tmp-x', 'a/.tmp-y', '.tmp-z/a', 'a\tb',
    'a\x1b[31mb', 'a\x7f', 'a\x9b2J', 'a\u2028b', 'a\0',
]  # fmt: skip
GOOD = ['a', 'a/b', 'a b', 'Köln', 'a.b', '.hidden', '..a', 'tmp-x', 'x.tmp-y', '猫', 'a\u00a0b']


@pytest.mark.parametrize('name', BAD)
def test_what_cannot_be_written_is_refused_when_it_is_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='img_id'):
        img_id_path(tmp_path, name, '.png')
    for key in (name, name + '.jpg') if name else ('',):
        with pytest.raises(DataError, match='is no image'):
            image_id(key, 'a.txt:1')


@pytest.mark.parametrize('name', GOOD)
def test_what_is_read_can_be_written(name: str, tmp_path: Path) -> None:
    for key in (name, f'{name}.JPG', f'./{name}'):
        assert img_id_path(tmp_path, image_id(key, ''), '.png') == tmp_path / f'{name}.png'


@pytest.mark.parametrize('name', [name for name in BAD if name and name != 'a\0'])
def test_splits_and_label_files_refuse_them(name: str, tmp_path: Path) -> None:
    (tmp_path / 'split.txt').write_text(f'{name}\n')
    (tmp_path / 'tags.json').write_text(json.dumps({'labels': {name: ['cat']}}))
    (tmp_path / 'tags.csv').write_text(f'image,labels\n{name},cat\n')
    for read, file in (
        (read_split, 'split.txt'),
        (read_label_file, 'tags.json'),
        (read_label_file, 'tags.csv'),
    ):
        with pytest.raises(DataError, match=rf'{file}.* is no image'):
            read(tmp_path / file)


def test_stores_refuse_them(tmp_path: Path) -> None:
    store = CAMStore.create(tmp_path, ['cat'])
    for name in BAD:
        with pytest.raises(ValueError, match='img_id'):
            store.path(name)


def test_half_a_character_is_no_name(tmp_path: Path) -> None:
    (tmp_path / 'tags.json').write_text('{"labels": {"a\\ud800": ["cat"]}}')
    with pytest.raises(DataError, match=r'tags.json.* is no image') as caught:
        read_label_file(tmp_path / 'tags.json')
    str(caught.value).encode()


@pytest.mark.parametrize('name', ['c\\u001b[2Jat', 'c\\u0085at', 'c\\ud800', 'c\\nat'])
def test_class_names_are_printable(name: str, tmp_path: Path) -> None:
    for content in (f'{{"labels": {{"a": ["{name}"]}}}}',
                    f'{{"classes": ["{name}"], "labels": {{"a": ["cat"]}}}}'):  # fmt: skip
        (tmp_path / 'tags.json').write_text(content)
        with pytest.raises(DataError, match=r'tags.json.* class name') as caught:
            read_label_file(tmp_path / 'tags.json')
        assert str(caught.value).isprintable()


def test_class_names_of_annotations_are_printable(tmp_path: Path) -> None:
    file = tmp_path / 'a.xml'
    file.write_text('<annotation><object><name>c\tat</name></object></annotation>')
    with pytest.raises(DataError, match=r'a.xml.* class name'):
        read_xml(file)
