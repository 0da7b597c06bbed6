"""Pages of response maps: which images, which thresholds."""

import json
import runpy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from repo import TOOLS

from mmwsss.analysis import response_sheet as module
from mmwsss.analysis.image_ious import image_iou
from mmwsss.analysis.response_sheet import choose_images, read_methods, write_response_sheet
from mmwsss.datasets import ImageLevelDataset
from mmwsss.structures import CAMStore, ResponseMap

TOOL = TOOLS / 'analysis_tools/response_sheet.py'
IDS = ('a', 'b', 'c')


@pytest.fixture
def root(tmp_path):
    for folder in ('JPEGImages', 'SegmentationClass'):
        (tmp_path / folder).mkdir()
    store = CAMStore.create(tmp_path / 'cams', ('cow', 'dog'))
    for shade, img_id in enumerate(IDS):
        Image.new('RGB', (16, 8), (60 + shade,) * 3).save(tmp_path / f'JPEGImages/{img_id}.png')
        Image.fromarray(np.eye(8, 16, dtype=np.uint8)).save(
            tmp_path / f'SegmentationClass/{img_id}.png'
        )
        # Left half 0.3, right half 1.
        scores = torch.tensor([0.3, 0.3, 1.0, 1.0]).expand(1, 2, 4)
        store.write(ResponseMap(scores, torch.tensor([0]), (8, 16), img_id))
    curves = dict(threshold=[0.1, 0.5, 0.6], mIoU=[10.0, 42.0, 20.0])
    (tmp_path / 'cams.json').write_text(json.dumps(curves))
    (tmp_path / 'labels.txt').write_text(''.join(f'{img_id}.png cow\n' for img_id in IDS))
    return tmp_path


@pytest.fixture
def cfg(root):
    dataset = dict(
        type='ImageLevelDataset',
        data_root=str(root),
        label_file='labels.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        metainfo=dict(classes=('cow', 'dog')),
        test_mode=True,
        pipeline=[],
    )
    return Config(dict(default_scope='mmwsss', test_dataloader=dict(dataset=dataset)))


def test_threshold_is_given_or_the_best_of_a_file(root):
    cams, other = str(root / 'cams'), root / 'other.json'
    other.write_text(json.dumps(dict(threshold=[0.7, 0.8], mIoU=[3.0, 2.0])))
    methods, table = read_methods({'x': f'{cams}@0.25', 'y': cams, 'z': f'{cams}@{other}'})
    assert [one.threshold for one in methods.values()] == [0.25, 0.5, 0.7]
    assert table == [
        {'method': 'x', 'mIoU': '–', 'threshold': 0.25},
        {'method': 'y', 'mIoU': 42.0, 'threshold': 0.5},
        {'method': 'z', 'mIoU': 3.0, 'threshold': 0.7},
    ]


def test_store_without_threshold_needs_curves(root):
    (root / 'cams.json').unlink()
    with pytest.raises(FileNotFoundError, match=r'cams\.json: no such file of curves.*@0\.2'):
        read_methods({'x': str(root / 'cams')})


def test_seeds_follow_the_threshold(root, cfg, monkeypatch):
    pages = []
    monkeypatch.setattr(module, 'write_sheet', lambda *args: pages.append(args) or ('', ''))
    methods, table = read_methods({k: f'{root / "cams"}@{k}' for k in ('0.1', '0.6')})
    write_response_sheet(cfg, methods, root / 'page.html', 'title', table, img_ids=('c', 'a'))
    rows, columns, _, _, captions, *_ = pages[0]
    assert columns == ['photo', '0.1: response', '0.1: seed', '0.6: response', '0.6: seed', 'truth']
    assert captions == ['c: cow', 'a: cow']
    assert [int(row[0].mean().round()) for row in rows] == [62, 60]
    covered = [[(seed != 0).any(2).mean() for seed in (row[2], row[4])] for row in rows]
    for everything, right in covered:
        assert everything == 1 and 0.4 < right < 0.6


def test_images_without_masks_have_no_column_of_truth(root, cfg, monkeypatch):
    pages = []
    monkeypatch.setattr(module, 'write_sheet', lambda *args: pages.append(args) or ('', ''))
    del cfg.test_dataloader.dataset.data_prefix['seg_map_path']
    methods, table = read_methods({'x': str(root / 'cams')})
    write_response_sheet(cfg, methods, root / 'page.html', '', table)
    rows, columns, *_, legend = pages[0]
    assert columns == ['photo', 'x: response', 'x: seed'] and [len(row) for row in rows] == [3] * 3
    assert 'cow' in legend and 'dog' not in legend


def iou_by_loops(mask, truth):
    values = []
    for label in range(255):
        cells = [(m, t) for m, t in zip(mask.flat, truth.flat) if t != 255]
        either = sum(label in cell for cell in cells)
        if either:
            values.append(sum(m == t == label for m, t in cells) / either)
    return 100 * sum(values) / len(values)


def test_iou_of_an_image_against_loops():
    rng = np.random.default_rng(0)
    mask, truth = (rng.choice([0, 1, 4, 255], (6, 7)).astype(np.uint8) for _ in range(2))
    assert image_iou(mask, truth) == pytest.approx(iou_by_loops(mask, truth))
    assert image_iou(truth, truth) == 100
    assert np.isnan(image_iou(mask, np.full_like(mask, 255)))


def test_images_are_chosen_by_their_iou(root, cfg):
    truth = np.eye(8, 16, dtype=np.uint8)
    for folder, wrong in (('before', 'abc'), ('after', 'b')):
        (root / folder).mkdir()
        for place, img_id in enumerate(IDS):
            mask = truth.copy()
            if img_id in wrong:
                mask[:, : 4 + 3 * place] ^= 1
            Image.fromarray(mask).save(root / folder / f'{img_id}.png')
    folders = {name: str(root / name) for name in ('before', 'after')}
    methods, table = read_methods({'CAM': f'{root / "cams"}@0.5', **folders})
    assert [row['threshold'] for row in table] == [0.5, '–', '–']
    out = root / 'page.html'
    assert choose_images(cfg, methods, out, 2, ['before']) == ['c', 'b']
    assert choose_images(cfg, methods, out, 2, ['before', 'after']) == ['c', 'a']
    assert Image.open(root / 'page_iou.png').width > 100
    lines = (root / 'page.csv').read_text().splitlines()
    assert lines[0] == 'img_id,CAM,before,after' and lines[1].endswith(',100.0') and len(lines) == 4
    with pytest.raises(ValueError, match='no method is called Other: CAM, before, after'):
        choose_images(cfg, methods, out, 2, ['Other'])


def test_masks_are_a_column(root, cfg, monkeypatch):
    pages = []
    monkeypatch.setattr(module, 'write_sheet', lambda *args: pages.append(args) or ('', ''))
    methods, table = read_methods({'mask': str(root / 'SegmentationClass')})
    write_response_sheet(cfg, methods, root / 'page.html', '', table)
    rows, columns, *_ = pages[0]
    assert columns == ['photo', 'mask', 'truth']
    for row in rows:
        np.testing.assert_array_equal(row[1], row[2])


def test_unknown_image_is_named(root, cfg):
    methods, table = read_methods({'x': str(root / 'cams')})
    with pytest.raises(ValueError, match='no image d'):
        write_response_sheet(cfg, methods, root / 'page.html', '', table, img_ids=('a', 'd'))


@pytest.mark.parametrize('threshold', ['1', '-0.1', 'nan', '2'])
def test_a_threshold_that_no_score_can_have_is_refused(root, threshold):
    with pytest.raises(ValueError, match=r'cams@.*: the threshold is .*; give one in \[0, 1\)'):
        read_methods({'x': f'{root / "cams"}@{threshold}'})


def test_a_sheet_shows_at_least_one_image(root, cfg):
    methods, table = read_methods({'x': f'{root / "cams"}@0.2'})
    with pytest.raises(ValueError, match='0 images are to be shown; show at least 1'):
        write_response_sheet(cfg, methods, root / 'page.html', '', table, count=0)


def test_a_test_set_without_tags_is_refused(root, cfg, monkeypatch):
    monkeypatch.setattr(ImageLevelDataset, 'get_data_info', lambda *_: {'img_path': 'a.jpg'})
    methods, table = read_methods({'x': f'{root / "cams"}@0.2'})
    with pytest.raises(ValueError, match='its test set has no tags; name the config of a class'):
        write_response_sheet(cfg, methods, root / 'page.html', '', table)


def test_tool_writes_page_and_image(root, cfg, monkeypatch, capsys):
    cfg.dump(root / 'cfg.py')
    arguments = [str(root / 'cfg.py'), f'CAM={root / "cams"}', f'Other={root / "cams"}@0.2']
    arguments += ['--out', str(root / 'page.html'), '--count', '2']
    monkeypatch.setattr('sys.argv', [str(TOOL), *arguments])
    runpy.run_path(str(TOOL), run_name='__main__')
    assert str(root / 'page.png') in capsys.readouterr().out
    page = (root / 'page.html').read_text()
    assert page.count('<img') == 2 * 6 and '42.00' in page and 'CAM: seed' in page
    assert Image.open(root / 'page.png').width > 6 * 256
