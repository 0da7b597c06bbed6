"""The same tags in every form that people have them in."""

import json
from pathlib import Path

import pytest

from mmwsss.datasets.converters.tag_forms import match_images, read_tags
from mmwsss.datasets.converters.tag_forms.entry import plain_path
from mmwsss.structures import DataError

IMAGES = {'a': 'a.jpg', 'sub/b': 'sub/b.png', 'c': 'c.jpg', 'd': 'd.JPG', 'no tag': 'no tag.jpg'}
# What each file below says; d shows none of the classes.
TRUTH = {'a.jpg': {'cat'}, 'sub/b.png': {'cat', 'dog, big'}, 'c.jpg': {'dog, big'}, 'd.JPG': set()}
NEGATIVE = 'd.JPG'


def coco(boxes: bool) -> str:
    box = {'bbox': [0, 0, 5, 5], 'area': 25, 'iscrowd': 0} if boxes else {}
    pairs = [(1, 7), (2, 7), (2, 3), (2, 3), (3, 3)]
    return json.dumps(
        {
            'images': [
                {'id': i, 'file_name': f'/home/me/set/{name}', 'width': 9, 'height': 9}
                for i, name in enumerate(TRUTH, 1)
            ],
            'categories': [{'id': 3, 'name': 'dog, big'}, {'id': 7, 'name': 'cat'}],
            'annotations': [
                {'id': n, 'image_id': i, 'category_id': c, **box} for n, (i, c) in enumerate(pairs)
            ],
        }
    )


def label_studio() -> str:
    def result(kind: str, names: list[str]) -> dict:
        return {'type': kind, 'value': {kind: names, 'x': 1}, 'from_name': 'tags'}

    def task(image: str, *annotations: list[dict]) -> dict:
        done = [{'id': 1, 'was_cancelled': False, 'result': one} for one in annotations]
        return {'id': 1, 'data': {'image': image}, 'annotations': done, 'predictions': []}

    skipped = {'id': 2, 'was_cancelled': True, 'result': [result('choices', ['cat'])]}
    tasks = [
        task('/data/upload/1/0a1b2c3d-a.jpg', [result('choices', ['cat'])]),
        task(
            '/data/local-files/?d=set/sub/b.png',
            [result('choices', ['cat', 'dog, big']), {'type': 'rating', 'value': {'rating': 3}}],
        ),
        task('https://example.org/set/c.jpg?x=1', [result('rectanglelabels', ['dog, big'])]),
        task('s3://bucket/d.JPG', []),
        task('no%20tag.jpg'),
    ]
    tasks[-1]['annotations'].append(skipped)
    return json.dumps(tasks)


LABEL_STUDIO_MIN = [
    {'image': '/data/upload/1/0a1b2c3d-a.jpg', 'id': 1, 'choice': 'cat', 'annotator': 1},
    {'image': 'sub/b.png', 'id': 2, 'choice': {'choices': ['cat', 'dog, big']}, 'lead_time': 1.5},
    {'image': 'c.jpg', 'id': 3, 'label': [{'x': 1, 'rectanglelabels': ['dog, big']}]},
]
CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version>
<image id="0" name="a.jpg" width="9" height="9"><tag label="cat" source="manual"></tag></image>
<image id="1" name="sub/b.png"><tag label="cat"/><box label="dog, big" xtl="1"/></image>
<image id="2" name="c.jpg"><tag label="dog, big"/></image><image id="3" name="d.JPG"></image>
</annotations>"""
VOC = '<annotation>{}</annotation>'
OBJECT = '<object><name>{}</name></object>'
FORMS = {
    'own CSV': (
        'tags.csv',
        'image,labels\na.jpg,cat\nsub/b.png,"cat;dog, big"\nc,"dog, big"\nd,\n',
    ),
    'one-hot': ('t.csv', 'image,cat,"dog, big"\na.jpg,1,0\nsub/b.png,1,1\nc.jpg,0,1\nd.JPG,0,0\n'),
    'one-hot, floats': ('t.csv', 'id,"dog, big",cat\na,0.0,1.0\nb,1.0,1.0\nc,1.0,0.0\nd,0.0,0.0\n'),
    'a row a tag': (
        't.csv',
        'filename,class\na.jpg,cat\nb.png,cat\nb.png,"dog, big"\nc.jpg,"dog, big"\nd.JPG,\n',
    ),
    'semicolons': ('t.csv', 'image;tags\na.jpg;cat\nsub/b.png;cat|dog, big\nc;dog, big\nd;\n'),
    'tabs': ('t.tsv', 'path\tlabel\n./a.jpg\tcat\nsub\\b.png\tcat;dog, big\nc\tdog, big\nd\t\n'),
    'metadata.csv': (
        'metadata.csv',
        'file_name,width,labels\na.jpg,9,cat\nsub/b.png,9,"[""cat"", ""dog, big""]"\n'
        'c.jpg,9,"dog, big"\nd.JPG,9,\n',
    ),
    'metadata.jsonl': (
        'metadata.jsonl',
        '{"file_name": "a.jpg", "label": "cat"}\n{"file_name": "c.jpg", "labels": ["dog, big"]}\n'
        '{"file_name": "sub/b.png", "labels": ["cat", "dog, big"]}\n'
        '{"file_name": "d.JPG", "labels": []}\n',
    ),
    'Label Studio CSV': (
        't.csv',
        'annotator,choice,id,image\n1,cat,1,/data/upload/1/0a1b2c3d-a.jpg\n'
        '1,"{""choices"":[""cat"",""dog, big""]}",2,sub/b.png\n1,"dog, big",3,c.jpg\n1,,4,d.JPG\n',
    ),
    'own JSON': (
        't.json',
        '{"labels": {"a": ["cat"], "sub/b": ["cat", "dog, big"], "c": ["dog, big"], "d": []}}',
    ),
    'COCO, boxes': ('t.json', coco(boxes=True)),
    'COCO, images': ('t.json', coco(boxes=False)),
    'Label Studio': ('t.json', label_studio()),
    'Label Studio MIN': ('t.json', json.dumps(LABEL_STUDIO_MIN)),
    'CVAT': ('t.xml', CVAT),
    'VOC': (
        'xml/',
        {
            'a.xml': VOC.format(OBJECT.format('cat')),
            'sub/b.xml': VOC.format(OBJECT.format('cat') + OBJECT.format('dog, big')),
            'c.xml': VOC.format(OBJECT.format('dog, big') * 2),
            'd.xml': VOC.format(''),
        },
    ),
}
# Forms that cannot say that an image shows none of the classes.
NO_NEGATIVES = ('COCO, boxes', 'COCO, images', 'CVAT', 'Label Studio MIN')


def write(folder: Path, name: str, content: str | dict[str, str]) -> Path:
    path = folder / name
    for below, text in {'': content}.items() if isinstance(content, str) else content.items():
        file = path / below if below else path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding='utf-8')
    return path


def read(path: Path | None, root: Path, **kwargs: bool) -> dict[str, set[str]]:
    table, _ = read_tags(path, IMAGES, root, **kwargs)
    return {tags.key: set(tags.names) for tags in match_images(table, IMAGES, root).tags.values()}


@pytest.mark.parametrize('form', FORMS)
def test_every_form_says_the_same(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, *FORMS[form])
    truth = dict(TRUTH)
    if form in NO_NEGATIVES:
        del truth[NEGATIVE]
    assert read(path, tmp_path) == truth


@pytest.mark.parametrize('form', ['COCO, boxes', 'CVAT'])
def test_images_that_are_only_listed_may_be_negatives(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, *FORMS[form])
    assert read(path, tmp_path, listed_negatives=True) == TRUTH


def test_a_table_needs_no_header(tmp_path: Path) -> None:
    path = write(tmp_path, 't.csv', 'a.jpg,cat\nsub/b.png,cat|dog\n')
    assert read(path, tmp_path) == {'a.jpg': {'cat'}, 'sub/b.png': {'cat', 'dog'}}


def test_metadata_among_the_images_is_found(tmp_path: Path) -> None:
    write(tmp_path, *FORMS['metadata.jsonl'])
    assert read(None, tmp_path) == TRUTH


def test_folders_are_classes(tmp_path: Path) -> None:
    images = {'cat/1': 'cat/1.jpg', 'dog/x/2': 'dog/x/2.jpg'}
    for tags in (None, tmp_path):
        table, form = read_tags(tags, images, tmp_path)
        assert {t.key: t.names for t in table.tags.values()} == {
            'cat/1.jpg': ('cat',),
            'dog/x/2.jpg': ('dog',),
        }
        assert form == 'a folder for each class'
    with pytest.raises(DataError, match=r'a\.jpg: lies in no class folder'):
        read_tags(None, IMAGES, tmp_path)


BAD = {
    'unknown CSV': ('t.csv', 'image,width,height\na.jpg,7,9\n', 'tried.*one-hot CSV'),
    'unknown JSON': ('t.json', '{"shapes": []}', 'tried.*COCO JSON.*Label Studio'),
    'unknown XML': ('t.xml', '<dataset/>', 'tried.*CVAT for images.*VOC XML'),
    'another kind': ('t.xlsx', '', r'unknown kind.*\.csv'),
    'no JSON': ('t.json', '{', 'not JSON'),
    'no XML': ('t.xml', '<a>\n<b></a>', ':2: not XML'),
    'ragged': ('t.csv', 'image,cat\na.jpg,1\nc.jpg,1,0\n', ':3: 3 columns instead of 2'),
    'empty': ('t.csv', '\n', 'empty'),
    'no file_name': (
        'm.jsonl',
        '{"file_name": "a.jpg", "label": "x"}\n{"f": 1}',
        ':2: .*file_name',
    ),
    'no labels': ('m.jsonl', '{"file_name": "a.jpg"}', ':1: none of the columns'),
    'one-hot twice': ('t.csv', 'image,cat,dog\na.jpg,1,0\na.jpg,0,1\n', ':3: duplicate image'),
    'COCO without the category': (
        't.json',
        '{"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [],'
        '"annotations": [{"image_id": 1, "category_id": 2}]}',
        'category_id 2, which is not listed',
    ),
    'COCO without a name': (
        't.json',
        '{"images": [{"id": 1}], "categories": [], "annotations": []}',
        'lacks id or file_name',
    ),
    'COCO without a tag': (
        't.json',
        '{"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [], "annotations": []}',
        'no image has a tag',
    ),
    'a task of another shape': (
        't.json',
        '[{"data": {"image": "a.jpg"}, "annotations": [1]}]',
        'whole',
    ),
    'COCO of another shape': (
        't.json',
        '{"images": [{"id": [], "file_name": 1}], "categories": [], "annotations": []}',
        'no whole COCO JSON',
    ),
    'no XML in the folder': ('xml/', {'a.txt': ''}, 'without .xml files'),
}


@pytest.mark.parametrize('case', BAD)
def test_faults_are_one_line_that_names_the_file(tmp_path: Path, case: str) -> None:
    name, content, message = BAD[case]
    path = write(tmp_path, name, content)
    with pytest.raises(DataError, match=message) as error:
        read(path, tmp_path)
    assert str(error.value).startswith(str(path)) and '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('key', 'message'),
    [('e.jpg', "no image 'e.jpg' below"), ('b.png', 'may be sub/b.png or other/b.png')],
)
def test_tags_of_no_image_or_of_several_are_errors(tmp_path: Path, key: str, message: str) -> None:
    images = {**IMAGES, 'other/b': 'other/b.png'}
    path = write(tmp_path, 't.csv', f'image,labels\na.jpg,cat\n{key},cat\n')
    table, _ = read_tags(path, images, tmp_path)
    with pytest.raises(DataError, match=f'{path}:3: .*{message}'):
        match_images(table, images, tmp_path)


def test_two_names_of_one_image_are_a_duplicate(tmp_path: Path) -> None:
    path = write(tmp_path, 't.csv', 'image,labels\na.jpg,cat\nset/a.jpg,dog\n')
    table, _ = read_tags(path, IMAGES, tmp_path)
    with pytest.raises(DataError, match=f'{path}:3: duplicate'):
        match_images(table, IMAGES, tmp_path)


def test_accents_match_however_they_are_written(tmp_path: Path) -> None:
    images = {'cafe\u0301': 'cafe\u0301.jpg'}
    path = write(tmp_path, 't.csv', 'image,labels\ncaf\u00e9.jpg,cup\n')
    table, _ = read_tags(path, images, tmp_path)
    matched = match_images(table, images, tmp_path)
    assert [tags.key for tags in matched.tags.values()] == ['cafe\u0301.jpg']


@pytest.mark.parametrize(
    ('name', 'path'),
    [
        ('a.jpg', 'a.jpg'),
        ('/abs/x/a b.jpg', 'abs/x/a b.jpg'),
        ('C:\\photos\\a.jpg', 'photos/a.jpg'),
        ('../x/./a.jpg', 'x/a.jpg'),
        ('https://host:80/x/a%20b.jpg?token=1', 'x/a b.jpg'),
        ('/data/local-files/?d=x/a.jpg', 'x/a.jpg'),
        ('gs://bucket/x/a.jpg', 'x/a.jpg'),
    ],
)
def test_paths_lose_what_another_machine_added(name: str, path: str) -> None:
    assert plain_path(name) == path
