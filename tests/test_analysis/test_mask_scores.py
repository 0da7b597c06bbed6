"""Scores of masks against true masks."""

import runpy
import sys

import numpy as np
import pytest
from repo import TOOLS

from mmwsss.analysis.mask_scores import mask_score_table, measure_masks
from mmwsss.datasets.masks import indexed_image
from mmwsss.datasets.png import save_png
from mmwsss.structures import DataError
from mmwsss.worker_processes import ImageError

CLASSES = ('cat', 'dog')


def write(folder, **masks):
    for name, mask in masks.items():
        folder.joinpath('sub').mkdir(parents=True, exist_ok=True)
        image = indexed_image(np.asarray(mask, np.uint8))
        save_png(folder / 'sub' / f'{name}.png', image, {})


def test_scores_are_those_counted_by_hand(tmp_path):
    # Over both images: background 3 of 4 true pixels, one wrong; cat 1 of 3; dog 1 of 1.
    write(tmp_path / 'made', a=[[0, 0, 1, 0]], b=[[2, 0, 0, 255, 0]], other=[[1]])
    write(tmp_path / 'true', a=[[0, 0, 1, 1]], b=[[2, 0, 255, 1, 0]], unlabelled=[[2]])
    scores, images = measure_masks(tmp_path / 'made', tmp_path / 'true', CLASSES)
    assert images == '2 images; 1 masks have no true mask'
    np.testing.assert_allclose(scores.iou, [80, 100 / 3, 100])
    np.testing.assert_allclose(scores.recall, [100, 100 / 3, 100])
    np.testing.assert_allclose(scores.precision, [80, 100, 100])
    np.testing.assert_allclose(scores.total_coverage, 100 * 7 / 8)
    assert 'coverage' in mask_score_table(scores, CLASSES, images)


def test_tool_prints_a_row_for_each_class(tmp_path, monkeypatch, capsys):
    write(tmp_path / 'made', a=[[0, 1, 2]])
    write(tmp_path / 'true', a=[[0, 1, 1]])
    code = run(monkeypatch, tmp_path / 'made', tmp_path / 'true')
    lines = capsys.readouterr().out.replace('|', ' ').splitlines()
    assert code == 0
    assert ['cat', '50.0', '100.0', '50.0'] in [line.split() for line in lines]


@pytest.mark.parametrize(
    'made, true, named',
    [
        ({}, {'a': [[1]]}, 'made: no PNG'),
        ({'a': [[1]]}, {'b': [[1]]}, 'made: no mask has a true mask'),
        ({'a': [[1]]}, {'a': [[0]]}, 'no mask shows a class'),
        ({'a': [[3]]}, {'a': [[1]]}, r'value 3 is no class'),
        ({'a': [[1]]}, {'a': [[1, 1]]}, 'sub/a: .*labels of'),
    ],
)
def test_faults_are_named_in_a_line(tmp_path, monkeypatch, capsys, made, true, named):
    write(tmp_path / 'made', **made)
    write(tmp_path / 'true', **true)
    with pytest.raises((DataError, ImageError), match=named):
        measure_masks(tmp_path / 'made', tmp_path / 'true', CLASSES)
    assert run(monkeypatch, tmp_path / 'made', tmp_path / 'true') == 1
    printed = capsys.readouterr()
    assert len(printed.err.strip().splitlines()) == 1


def run(monkeypatch, made, true):
    tool = str(TOOLS / 'analysis_tools/mask_scores.py')
    monkeypatch.setattr(
        sys, 'argv', [tool, str(made), str(true), '--classes', 'background', *CLASSES]
    )
    with pytest.raises(SystemExit) as end:
        runpy.run_path(tool, run_name='__main__')
    return end.value.code
