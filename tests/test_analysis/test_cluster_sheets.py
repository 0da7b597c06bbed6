"""Sheets of sub-categories: order, colours and the numbers behind them."""

import csv
import json
import re

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmwsss.analysis.cluster_sheets import write_cluster_sheets

GRAY = {'a': 40, 'b': 80, 'c': 120, 'd': 160}
FIRST = [
    ('a', 'cow', 1, 3.0),
    ('b', 'cow', 0, 2.0),
    ('c', 'cow', 0, 1.0),
    ('d', 'cow', 1, 0.5),
    ('a', 'dog', 0, 0.0),
]
LAST = [(img, name, 0 if img != 'a' else k, d) for img, name, k, d in FIRST]


@pytest.fixture
def work_dir(tmp_path):
    folder = tmp_path / 'run/sub_categories'
    folder.mkdir(parents=True)
    for number, rows in ((1, FIRST), (3, LAST)):
        lines = ['img_id,class,subcategory,distance', *(','.join(map(str, row)) for row in rows)]
        (folder / f'round_{number}.csv').write_text('\n'.join(lines) + '\n')
        figures = dict(images=4, clusters=2, inertia=1.5, nmi=None, ari=None, moved=None)
        classes = [dict(name=name, **figures) for name in ('cow', 'dog', 'pig')]
        (folder / f'round_{number}.json').write_text(json.dumps(dict(classes=classes)))
    return tmp_path / 'run'


@pytest.fixture
def cfg(tmp_path):
    (tmp_path / 'JPEGImages').mkdir()
    for img_id, gray in GRAY.items():
        Image.new('RGB', (30, 20), (gray,) * 3).save(tmp_path / f'JPEGImages/{img_id}.png')
    lines = [f'{img_id}.png cow' for img_id in 'bcd']
    (tmp_path / 'labels.txt').write_text('\n'.join(['a.png cow dog', *lines]) + '\n')
    dataset = dict(
        type='ImageLevelDataset',
        data_root=str(tmp_path),
        label_file='labels.txt',
        img_suffix='.png',
        metainfo=dict(classes=('cow', 'dog', 'pig')),
        pipeline=[],
    )
    return Config(dict(default_scope='mmwsss', train_dataloader=dict(dataset=dataset)))


def tile_centres(png):
    """Gray value at the centre of every tile of the page, row by row; None where white."""
    image = np.array(Image.open(png).convert('RGB')).astype(int)
    gray = (np.ptp(image, 2) == 0) & np.isin(image[..., 0], list(GRAY.values()))
    rows = np.flatnonzero(gray.sum(1) > 100)
    starts = rows[np.flatnonzero(np.diff(rows, prepend=-9) > 9)]
    found = []
    for start in starts:
        line = image[start + 10, :, 0] * gray[start + 10]
        edges = np.flatnonzero(np.diff(line, prepend=0))
        found.append([(int(line[e]), int(e)) for e in edges if line[e]])
    return found


def test_page_shows_the_nearest_of_each_round(cfg, work_dir, tmp_path):
    (page,) = write_cluster_sheets(cfg, work_dir, (1, 3), tmp_path / 'out', ['cow'], count=2)
    tiles = tile_centres(page.with_suffix('.png'))
    # Round 1: c and b, d and a; round 3: d and c (b is left out), a.
    assert [[gray for gray, _ in row] for row in tiles] == [[120, 80, 160, 120], [160, 40, 40]]
    assert tiles[0][2][1] == tiles[1][2][1], 'the rounds start at a column of their own'
    assert tiles[0][2][1] - tiles[0][1][1] > 1.5 * (tiles[0][1][1] - tiles[0][0][1])
    text = page.read_text()
    assert 'sub-category 0; round 1: 2 images; round 3: 3 images; in all of these' in text
    assert 'sub-category 1; round 1: 2 images (dog in 1); round 3: 1 image (dog in 1)' in text


def test_frames_tell_the_first_rounds_sub_category(cfg, work_dir, tmp_path):
    (page,) = write_cluster_sheets(cfg, work_dir, (1, 3), tmp_path / 'out', ['cow'], count=3)
    image = np.array(Image.open(page.with_suffix('.png')).convert('RGB'))
    (first, second) = tile_centres(page.with_suffix('.png'))
    blue, orange = (31, 119, 180), (255, 127, 14)
    heights = [np.flatnonzero((image[:, x + 5] == g).all(1))[0] for g, x in (first[0], second[0])]

    def frames(row, height):
        return [tuple(image[height + 10, x - 2].tolist()) for _, x in row]

    assert frames(first, heights[0]) == [blue, blue, orange, blue, blue]
    assert frames(second, heights[1]) == [orange, orange, orange]


def test_numbers_are_written_beside_the_sheets(cfg, work_dir, tmp_path):
    pages = write_cluster_sheets(cfg, work_dir, (1, 3), tmp_path / 'out')
    assert [page.stem for page in pages] == ['cow', 'dog'], 'no page without images'
    rows = list(csv.DictReader((tmp_path / 'out/clusters.csv').open()))
    assert [(r['class'], r['subcategory'], r['round'], r['images']) for r in rows] == [
        ('cow', '0', '1', '2'),
        ('cow', '0', '3', '3'),
        ('cow', '1', '1', '2'),
        ('cow', '1', '3', '1'),
        ('dog', '0', '1', '1'),
        ('dog', '0', '3', '1'),
    ]
    assert rows[1]['img_ids'] == 'd;c;b' and float(rows[1]['mean_distance']) == pytest.approx(
        3.5 / 3, 1e-5
    )
    assert (
        rows[0]['kept'] == '2'
        and rows[2]['kept'] == '1'
        and rows[2]['co_occurring_classes'] == 'dog:1'
    )


def test_names_with_blanks_can_be_split(cfg, work_dir, tmp_path):
    (tmp_path / 'JPEGImages/a.png').rename(tmp_path / 'JPEGImages/a b.png')
    lines = ['image,labels', *(f'{img_id}.png,cow' for img_id in ('a b', 'b', 'c', 'd'))]
    (tmp_path / 'labels.csv').write_text('\n'.join(lines))
    cfg.train_dataloader.dataset.label_file = 'labels.csv'
    for file in (work_dir / 'sub_categories').iterdir():
        text = file.read_text().replace('dog', 'wild dog').replace('a,', 'a b,')
        file.write_text(text + 'c,pig,0,1\nc,wild dog,0,1\n' * (file.suffix == '.csv'))
    write_cluster_sheets(cfg, work_dir, (1,), tmp_path / 'out', ['cow'])
    rows = list(csv.DictReader((tmp_path / 'out/clusters.csv').open()))
    assert [row['img_ids'].split(';') for row in rows] == [['c', 'b'], ['d', 'a b']]
    assert [row['co_occurring_classes'].split(';') for row in rows] == [
        ['wild dog:1', 'pig:1'],
        ['wild dog:1'],
    ]


def test_figures_name_the_round_that_they_compare_with(cfg, work_dir, tmp_path):
    file = work_dir / 'sub_categories/round_3.json'
    summary = json.loads(file.read_text())
    summary['classes'][0] |= dict(nmi=0.625, ari=0.5, moved=0.25)
    file.write_text(json.dumps(summary))
    (page,) = write_cluster_sheets(cfg, work_dir, (1, 3), tmp_path / 'out', ['cow'])
    table = re.search(r'<table class="numbers">(.*?)</table>', page.read_text(), re.DOTALL)[1]
    cells = [re.findall(r'<t[hd]>(.*?)</t[hd]>', line) for line in table.splitlines() if line]
    assert [row[4:6] for row in cells] == [
        ['compared with', 'NMI'],
        ['–', '–'],
        ['round 2', cells[2][5]],
    ]
    assert float(cells[2][5]) == pytest.approx(0.625, abs=0.01)


def test_unknown_class_and_round_are_named(cfg, work_dir, tmp_path):
    with pytest.raises(ValueError, match='no images of pig'):
        write_cluster_sheets(cfg, work_dir, (1, 3), tmp_path, ['pig'])
    with pytest.raises(FileNotFoundError, match=r'round_2\.csv: .*round_1\.csv, round_3\.csv'):
        write_cluster_sheets(cfg, work_dir, (1, 2), tmp_path)


def test_images_of_another_dataset_are_refused(cfg, work_dir, tmp_path):
    (tmp_path / 'labels.txt').write_text('a.png cow dog\n')
    with pytest.raises(ValueError, match='c was clustered but is not in the training dataset'):
        write_cluster_sheets(cfg, work_dir, (1,), tmp_path, ['cow'])
