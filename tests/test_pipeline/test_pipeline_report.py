"""The report of a pipeline on made-up stages, against what must stand in it."""

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.voc import VOC_CLASSES, voc_palette
from mmwsss.pipeline.pipeline import Pipeline
from mmwsss.pipeline.records import Dependencies, StageRecord
from mmwsss.pipeline.report import write_report
from mmwsss.pipeline.report_images import draw_sheet
from mmwsss.pipeline.report_table import minutes, stage_table
from mmwsss.pipeline.run import run_pipeline
from mmwsss.registry import DATASETS
from mmwsss.structures import CAMStore, ResponseMap

CLASSES = ('cow', 'dog')
COUNT, SIZE = 5, (24, 32)


def truth_of(index: int) -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    mask[4:12, 4 + index : 20 + index] = 1 + index % 2
    return mask


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Five images with truth, response maps, pseudo-labels (all dog) and masks (all 255)."""
    (tmp_path / 'JPEGImages').mkdir()
    store = CAMStore.create(tmp_path / 'cams', CLASSES)
    labels = LabelFolder.create(tmp_path / 'labels', 'pseudo', CLASSES, {})
    truth = LabelFolder(tmp_path / 'SegmentationClass', 'truth', CLASSES)
    masks = LabelFolder(tmp_path / 'masks', 'prediction', CLASSES)
    for index in range(COUNT):
        name = f'p{index}'
        Image.new('RGB', SIZE[::-1], (130, 10 * index, 70)).save(
            tmp_path / 'JPEGImages' / f'{name}.png'
        )
        truth.write(name, truth_of(index))
        labels.write(name, np.full(SIZE, 2, np.uint8))
        masks.write(name, np.full(SIZE, 255, np.uint8))
        scores = torch.ones(index % 2, 3, 4)  # none at all in every second image
        store.write(ResponseMap(scores, torch.arange(index % 2), SIZE, name))
    tags = {'classes': CLASSES, 'labels': {f'p{i}': [CLASSES[i % 2]] for i in range(COUNT)}}
    (tmp_path / 'image_labels.json').write_text(json.dumps(tags))
    return tmp_path


def record(root: Path, name: str, kind: str, folder: str = '', **kwargs) -> StageRecord:
    settings = dict(
        tool='test', title=f'the {name}', config='c.py', seconds=61.0, made_from=Dependencies()
    )
    return StageRecord(name=name, kind=kind, output=str(root / folder), **settings | kwargs)


def records(root: Path) -> list[StageRecord]:
    return [
        record(root, 'classifier', 'checkpoint', 'epoch_1.pth', tool='train', seconds=600.4),
        record(
            root,
            'cams',
            'cams',
            'cams',
            metrics={'mIoU': 41.237, 'precision': 50.0, 'threshold': 0.19},
            class_iou={'background': 70.0, 'cow': 11.0, 'dog': None},
            reference=50.1,
        ),
        record(root, 'labels', 'labels', 'labels', class_iou={'background': 80.0, 'cow': 31.0}),
        record(
            root,
            'test',
            'masks',
            'masks',
            metrics={'mIoU': 60.0, 'crf/mIoU': 62.5, 'aAcc': 91.0},
            class_iou={'background': 90.0, 'cow': 51.0, 'dog': float('nan')},
            seconds=3600.0,
            resumed=True,
        ),
    ]


def settings(root: Path, **changes) -> dict:
    dataset = dict(
        type='ImageLevelDataset',
        data_root=str(root),
        label_file='image_labels.json',
        img_suffix='.png',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
    )
    columns = {'CAM': 'cams', 'label': 'labels', 'prediction': 'test', 'not yet': 'later'}
    return (
        dict(
            dataset=dataset,
            columns=columns,
            bars=['cams', 'test', 'later'],
            images=3,
            title='a < b',
        )
        | changes
    )


def page_images(page: Path) -> list[np.ndarray]:
    """The images embedded in a page, in their order."""
    coded = re.findall(r'base64,([^"]+)"', page.read_text())
    return [np.array(Image.open(io.BytesIO(base64.b64decode(one)))) for one in coded]


def test_table_has_every_stage_and_the_total(root: Path) -> None:
    lines = stage_table(records(root))
    assert [line['stage'] for line in lines] == [
        'the classifier', 'the cams', 'the labels', 'the test', 'total',
    ]  # fmt: skip
    assert [line['mIoU'] for line in lines] == [None, 41.237, None, 60.0, None]
    assert [line['mIoU with CRF'] for line in lines] == [None, None, None, 62.5, None]
    assert [line['thesis (VOC)'] for line in lines] == [None, 50.1, None, None, None]
    assert lines[1]['other'] == 'precision 50.0, threshold 0.19'
    assert [line['time'] for line in lines] == ['10:00', '01:01', '01:01', '1:00:00+', '1:12:02']


def test_columns_without_values_are_left_out(root: Path) -> None:
    assert [list(line) for line in stage_table(records(root)[:1])] == [['stage', 'time']] * 2


@pytest.mark.parametrize(
    ('seconds', 'text'),
    [(0, '00:00'), (59.6, '01:00'), (3599.4, '59:59'), (3599.5, '1:00:00'), (90061, '25:01:01')],
)
def test_times_are_rounded_to_seconds(seconds: float, text: str) -> None:
    assert minutes(seconds) == text


def test_markdown_shows_table_notes_and_images(root: Path) -> None:
    markdown, page = write_report(settings(root), records(root), root / 'out')
    assert (markdown, page) == (root / 'out/report.md', root / 'out/report.html')
    text = markdown.read_text()
    assert '\n| the cams | 41.24 | – | precision 50.0, threshold 0.19 | 50.10 | 01:01 |\n' in text
    assert 'of VOC 2012' in text
    assert 'interrupted run' in text
    for name in re.findall(r'\]\((.*)\)', text):
        Image.open(root / 'out' / name).verify()
    assert 'report_bars.png' in text
    assert 'report_images.png' in text


@pytest.mark.parametrize(('coverage', 'noted'), [(100.0, False), (85.0, True)])
def test_left_out_pixels_are_explained(root: Path, coverage: float, noted: bool) -> None:
    metrics = {'coverage': coverage, 'mIoU': 50.0}
    labels = record(root, 'labels', 'labels', 'labels', metrics=metrics)
    markdown, _ = write_report(settings(root), [labels], root / 'out')
    assert ('count as missed' in markdown.read_text()) == noted


def test_page_shows_each_stage_of_each_image(root: Path) -> None:
    _, page = write_report(settings(root), records(root), root / 'out')
    text = page.read_text()
    assert re.findall(r'<th>(.*?)</th>', text)[-5:] == [
        'photo', 'CAM', 'label', 'prediction', 'truth',
    ]  # fmt: skip
    assert 'a &lt; b' in text
    assert 'src="report' not in text  # self-contained
    colours = np.array(voc_palette(256), np.uint8)
    bars, *tiles = page_images(page)
    np.testing.assert_array_equal(bars, np.array(Image.open(root / 'out/report_bars.png')))
    assert len(tiles) == 3 * 5
    for row, index in enumerate((0, 2, 4)):  # three of five, evenly spread
        photo, cam, label, prediction, truth = tiles[5 * row : 5 * row + 5]
        np.testing.assert_array_equal(photo, np.broadcast_to([130, 10 * index, 70], photo.shape))
        # No class has a response: the colormap's end (0, 0, 0.5) over half of the photo.
        np.testing.assert_allclose(cam, (photo + np.array([0, 0, 128])) / 2, atol=1)
        assert (label == colours[2]).all()
        assert (prediction == colours[255]).all()
        np.testing.assert_array_equal(truth, colours[truth_of(index)])
        assert f'p{index}: {CLASSES[index % 2]}' in text


def test_heat_map_shows_the_response(root: Path) -> None:
    _, page = write_report(settings(root, images=5), records(root), root / 'out')
    _, *tiles = page_images(page)
    hot = np.array([128, 0, 0])  # the other end of the colormap
    np.testing.assert_allclose(tiles[6], (tiles[5] + hot) / 2, atol=1)


def test_stages_not_done_yet_are_left_out(root: Path) -> None:
    markdown, page = write_report(settings(root), records(root)[:1], root / 'out')
    assert 'the classifier' in markdown.read_text()
    assert '![' not in markdown.read_text()
    assert '<img' not in page.read_text()
    write_report(settings(root), [], root / 'empty')
    assert '| total | 00:00 |' in (root / 'empty/report.md').read_text()


def test_on_voc_the_figures_need_no_excuse(root: Path) -> None:
    tags = {'classes': VOC_CLASSES, 'labels': {f'p{i}': ['cow'] for i in range(COUNT)}}
    (root / 'image_labels.json').write_text(json.dumps(tags))
    markdown, _ = write_report(settings(root, columns={}), records(root), root / 'out')
    assert '50.10' in markdown.read_text()
    assert 'of VOC 2012' not in markdown.read_text()


def test_missing_image_of_a_stage_is_named(root: Path) -> None:
    (root / 'labels/p2.png').unlink()
    with pytest.raises(ValueError, match=r'labels/p2\.png: no such mask'):
        write_report(settings(root), records(root), root / 'out')


def test_checkpoint_is_no_column(root: Path) -> None:
    with pytest.raises(ValueError, match="'classifier' leaves a checkpoint"):
        write_report(settings(root, columns={'x': 'classifier'}), records(root), root / 'out')


def test_a_pipeline_is_checked_run_and_reported(root: Path, monkeypatch, capsys) -> None:
    done = []

    def check(pipeline: Pipeline, names, decode: bool) -> None:
        done.append(('check', names, decode))

    def run(pipeline: Pipeline, names, first, again, show) -> list[StageRecord]:
        done.append(('run', names, first, again))
        show('a stage begins')
        return records(root)

    monkeypatch.setattr(Pipeline, 'check', check)
    monkeypatch.setattr(Pipeline, 'run', run)
    pipeline = Pipeline(dict.fromkeys(['cams', 'walk']), root / 'work', report=settings(root))
    checked = lambda: done.append('checked')  # noqa: E731
    run = run_pipeline(pipeline, ['cams'], again=True, decode=True, checked=checked)
    assert run.report is not None and list(run.records) == [x.name for x in records(root)]
    markdown, page = run.report
    assert done == [('check', ['cams'], True), 'checked', ('run', ['cams'], None, True)]
    assert capsys.readouterr().out == 'a stage begins\n'
    assert page.is_file() and markdown.parent == root / 'work'
    assert 'the labels' in markdown.read_text()
    assert run_pipeline(Pipeline({}, root / 'silent')).report is None
    assert not (root / 'silent').exists()


def test_names_and_titles_are_text(root: Path) -> None:
    title = 'a | b <script>x</script> [y](http://z) `c`\n# d'
    done = [replace(record, title=title) for record in records(root)]
    for path in write_report(settings(root) | {'title': title}, done, root / 'out'):
        text = path.read_text()
        assert '<script>x' not in text
    lines = (root / 'out/report.md').read_text().splitlines()
    assert lines[0] == r'# a \| b \<script\>x\</script\> \[y\](http://z) \`c\` # d'
    table = [line for line in lines if line.startswith('|')]
    assert len({len(re.split(r'(?<!\\)\|', line)) for line in table}) == 1


def test_drawings_of_large_photos_are_bounded_and_show_the_same(root, monkeypatch):
    dataset = DATASETS.build(settings(root)['dataset'])
    shown = {one.name: one for one in records(root) if one.kind != 'checkpoint'}
    whole = draw_sheet(dataset, shown, COUNT)
    monkeypatch.setattr('mmwsss.pipeline.report_images.SIDE', SIZE[1] // 2)
    bounded = draw_sheet(dataset, shown, COUNT)
    tiles = [tile for row in bounded.rows for tile in row]
    assert len(bounded.columns) == 5 and bounded.legend == whole.legend
    assert {tile.shape for tile in tiles} == {(SIZE[0] // 2, SIZE[1] // 2, 3)}
    for index, row in enumerate(bounded.rows):
        expected = truth_of(index)[1::2, 1::2] > 0
        assert ((row[-1] > 0).any(-1) == expected).mean() > 0.9
