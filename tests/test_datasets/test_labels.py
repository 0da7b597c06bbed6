import json
import re
from pathlib import Path

import pytest

from mmwsss.datasets.labels import (
    read_label_csv,
    read_label_file,
    read_label_json,
    read_label_txt,
    read_xml,
)
from mmwsss.datasets.splits import image_id, read_split
from mmwsss.structures import DataError


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding='utf-8')
    return path


@pytest.mark.parametrize(
    ('key', 'img_id'),
    [
        ('a', 'a'),
        ('a.jpg', 'a'),
        ('a.JPEG', 'a'),
        ('./x/a.png', 'x/a'),
        ('v1.2/a.b', 'v1.2/a.b'),
        ('2007.05.01', '2007.05.01'),
        ('my photo.tiff', 'my photo'),
    ],
)
def test_image_id_strips_only_image_suffixes(key: str, img_id: str) -> None:
    assert image_id(key, 'file:1') == img_id


@pytest.mark.parametrize('key', ['', '/a.jpg', '../a.jpg', 'x/../../a', 'x\\a.jpg', '.'])
def test_image_id_refuses_what_leaves_the_root(key: str) -> None:
    with pytest.raises(DataError, match=r'^file:7: .*below the image root'):
        image_id(key, 'file:7')


def test_three_forms_of_the_same_labels_agree(tmp_path: Path) -> None:
    forms = [
        _write(tmp_path, 'l.txt', 'x/a.jpg cat dog\n\nb  bird\n'),
        _write(tmp_path, 'l.csv', '\ufeffimage,labels\r\nx/a.jpg, cat;dog\r\n\r\nb,"bird"\r\n'),
        _write(tmp_path, 'l.json', '{"labels": {"x/a.jpg": ["cat", "dog"], "b": ["bird"]}}'),
    ]
    for form in forms:
        tags = read_label_file(form).tags
        assert {i: (set(t.names), t.key) for i, t in tags.items()} == {
            'x/a': ({'cat', 'dog'}, 'x/a.jpg'),
            'b': ({'bird'}, 'b'),
        }
        assert list(tags) == ['x/a', 'b']


def test_csv_keeps_names_with_blanks_and_commas(tmp_path: Path) -> None:
    path = _write(tmp_path, 'l.csv', 'image,labels\n"a, b.jpg","traffic light;cat, black;cat"\n')
    table = read_label_csv(path)
    assert table.tags['a, b'].names == ('traffic light', 'cat, black', 'cat')


def test_repeated_tags_of_a_image_count_once(tmp_path: Path) -> None:
    table = read_label_txt(_write(tmp_path, 'l.txt', 'a dog cat dog\n'))
    assert table.tags['a'].names == ('dog', 'cat')


def test_json_gives_classes_in_their_order(tmp_path: Path) -> None:
    path = _write(tmp_path, 'l.json', json.dumps({'classes': ['z', 'a'], 'labels': {'p': ['a']}}))
    assert read_label_json(path).classes == ('z', 'a')


GOOD_JSON = '{\n"classes": ["cat"],\n"labels": {\n"a": ["cat"],\n%s\n}}\n'

# file name, content, what the message must start with after the path, what it must say
BAD = [
    ('l.txt', 'a cat\nb\n', ':2: ', 'no label'),
    ('l.txt', 'a cat\n\na.jpg dog\n', ':3: ', r'duplicate.*l\.txt:1'),
    ('l.txt', '../a cat\n', ':1: ', 'below the image root'),
    ('l.txt', '\n \n', ': ', 'no image'),
    ('l.xlsx', 'a', ': ', 'unknown kind'),
    ('l.csv', 'file,tags\na,cat\n', ':1: ', 'image,labels'),
    ('l.csv', '', ':1: ', 'image,labels'),
    ('l.csv', 'image;labels\na;cat\n', ':1: ', 'image,labels'),
    ('l.csv', 'image,labels\na,cat,dog\n', ':2: ', '3 columns'),
    ('l.csv', 'image,labels\na\n', ':2: ', '1 columns'),
    ('l.csv', 'image,labels\na,cat\nb,;\n', ':3: ', 'no label'),
    ('l.csv', 'image,labels\na,cat\n,dog\n', ':3: ', 'no image|is no image'),
    ('l.csv', 'image,labels\na.jpg,cat\na.png,dog\n', ':3: ', r'duplicate.*l\.csv:2'),
    ('l.csv', 'image,labels\na,"cat\n', ':2: ', 'not CSV'),
    ('l.json', '{\n"labels": {,}}', ':2: ', 'not JSON'),
    ('l.json', '["cat"]', ': ', 'unknown form'),
    ('l.json', '{"a": ["cat"]}', ': ', 'unknown form'),
    ('l.json', '{"classes": "cat", "labels": {}}', ': ', 'unknown form'),
    ('l.json', GOOD_JSON % '"b": "cat"', ':5: ', 'no list'),
    ('l.json', GOOD_JSON % '"b": []', ':5: ', 'no label'),
    ('l.json', GOOD_JSON % '"a": ["cat"]', ':5: ', 'duplicate'),
    ('l.json', GOOD_JSON % '"a.jpg": ["cat"]', ':5: ', r'duplicate.*l\.json:4'),
    ('l.json', '{"labels": {"a": ["cat"], "a": ["dog"]}}', ": key 'a': ", 'duplicate'),
    ('l.json', '{"labels": {}}', ': ', 'no image'),
]


@pytest.mark.parametrize(('name', 'text', 'place', 'what'), BAD)
def test_bad_label_files_name_file_line_and_remedy(
    tmp_path: Path, name: str, text: str, place: str, what: str
) -> None:
    path = _write(tmp_path, name, text)
    with pytest.raises(DataError, match=what) as error:
        read_label_file(path)
    message = str(error.value)
    assert message.startswith(f'{path}{place}')
    assert '\n' not in message and ';' in message


def test_split_keeps_the_order_and_the_lines(tmp_path: Path) -> None:
    path = _write(tmp_path, 'train.txt', '\ufeffb\r\n\r\n  my photo 1.jpg \nx/a')
    assert read_split(path) == {'b': f'{path}:1', 'my photo 1.jpg': f'{path}:3', 'x/a': f'{path}:4'}


@pytest.mark.parametrize(
    ('text', 'what'), [('', 'empty'), ('\n\n', 'empty'), ('a\nb\na.jpg\n', r':3: duplicate.*:1')]
)
def test_bad_splits_are_refused(tmp_path: Path, text: str, what: str) -> None:
    path = _write(tmp_path, 'train.txt', text)
    with pytest.raises(DataError, match=f'^{re.escape(str(path))}.*{what}'):
        read_split(path)


def test_unreadable_text_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'absent\.txt: no such file; '):
        read_split(tmp_path / 'absent.txt')
    with pytest.raises(DataError, match='a folder'):
        read_split(tmp_path)
    path = tmp_path / 'latin.txt'
    path.write_bytes('caf\xe9'.encode('latin-1'))
    with pytest.raises(DataError, match=r'latin\.txt: not UTF-8'):
        read_split(path)


XML = (
    '<annotation>\n<object><name>dog</name><difficult>1</difficult>'
    '<part><name>head</name></part></object>\n'
    '<object><name>cat</name><difficult>0</difficult></object>\n'
    '<object><name>cat</name></object>\n</annotation>'
)


def test_xml_counts_difficult_objects_on_demand_and_no_parts(tmp_path: Path) -> None:
    path = _write(tmp_path, 'a.xml', XML)
    assert read_xml(path) == ('dog', 'cat')
    assert read_xml(path, count_difficult=False) == ('cat',)


def test_bad_xml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'absent\.xml: no such annotation; '):
        read_xml(tmp_path / 'absent.xml')
    for end in range(len(XML)):
        path = _write(tmp_path, 'cut.xml', XML[:end])
        with pytest.raises(DataError, match=r'cut\.xml:\d+: not XML'):
            read_xml(path)
    path = _write(tmp_path, 'a.xml', '<annotation><object/></annotation>')
    with pytest.raises(DataError, match='an object has no name; '):
        read_xml(path)
