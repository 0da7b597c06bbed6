"""Sweeps: which runs they are, and the files that tell what came out."""

import csv
import json
import runpy

import numpy as np
import pytest
from PIL import Image
from repo import TOOLS

from mmwsss.analysis.sweep import sweep_rows, write_sweep
from mmwsss.pipeline.comparison import runs as comparison_runs
from mmwsss.pipeline.comparison.rows import Comparison, Row, result_file

TOOL = TOOLS / 'analysis_tools/sweep.py'


def fill(comparison, score=lambda value, seed: 50.0):
    """Write the results that runs would have left."""
    for value, row in comparison.rows.items():
        for seed in comparison.seeds:
            file = result_file(comparison.folder(row, seed), row, 'val')
            file.parent.mkdir(parents=True, exist_ok=True)
            best = score(value, seed)
            scores = dict(threshold=[0.1, 0.2], mIoU=[best - 5, best], F=[best, best + 10])
            file.write_text(json.dumps(scores))


def sweep(tmp_path, rows):
    return Comparison(rows, (0, 1, 2), {'val': 'val.txt'}, tmp_path / 'runs')


def test_config_takes_every_value():
    rows = sweep_rows(['cam.py@round_1.pth'], 'a.b', ['0', '1e-4'])
    assert rows == {
        '0': Row('cam.py', 'round_1.pth', ('a.b=0',)),
        '1e-4': Row('cam.py', 'round_1.pth', ('a.b=1e-4',)),
    }


def test_configs_of_their_own_and_baseline():
    rows = sweep_rows(['1=cam.py', '5=sub_k5.py@round_3.pth'], baseline='plain.py')
    assert rows == {
        '1': Row('cam.py'),
        '5': Row('sub_k5.py', 'round_3.pth'),
        'baseline': Row('plain.py'),
    }


def test_options_of_the_test_stay_with_their_value():
    rows = sweep_rows(['5=sub.py@round_3.pth model.head.cam_source=sub_max', '6=sub.py'])
    options = ('model.head.cam_source=sub_max',)
    assert rows == {'5': Row('sub.py', 'round_3.pth', test_options=options), '6': Row('sub.py')}


def test_config_without_value_is_refused():
    with pytest.raises(ValueError, match=r'cam\.py has no value'):
        sweep_rows(['cam.py'], 'a.b')


def test_value_that_comes_twice_is_refused():
    with pytest.raises(ValueError, match='twice'):
        sweep_rows(['1=cam.py', 'sub.py'], 'k', ['1', '2'])


def test_files_hold_every_run(tmp_path):
    runs = sweep(tmp_path, sweep_rows(['5=a.py', '10=b.py'], baseline='c.py'))
    fill(runs, lambda value, seed: dict(zip(runs.rows, (40, 60, 20)))[value] + seed)
    figure, lines, table = write_sweep(runs, 'K', tmp_path / 'figure_3.4')
    assert [f.name for f in (figure, lines, table)] == [
        'figure_3.4.png',
        'figure_3.4.csv',
        'figure_3.4.md',
    ]
    rows = list(csv.reader(lines.open()))
    assert rows[0] == ['K', 'split', 'seed', 'mIoU', 'threshold'] and len(rows) == 10
    assert rows[2] == ['5', 'val', '1', '41.0000', '0.2']
    assert table.read_text().splitlines() == [
        '| K | val mIoU | val threshold |',
        '| --- | --- | --- |',
        '| 5 | 41.0 ± 1.0 | 0.20 |',
        '| 10 | 61.0 ± 1.0 | 0.20 |',
        '| baseline | 21.0 ± 1.0 | 0.20 |',
    ]
    assert len(np.unique(np.array(Image.open(figure).convert('L')))) > 20


def test_another_score_is_read_at_the_best_miou(tmp_path):
    runs = sweep(tmp_path, sweep_rows(['5=a.py']))
    fill(runs)
    _, lines, _ = write_sweep(runs, 'K', tmp_path / 'f', 'F')
    assert [row['F'] for row in csv.DictReader(lines.open())] == ['60.0000'] * 3


def test_baseline_alone_is_refused(tmp_path):
    with pytest.raises(ValueError, match='at least one value'):
        write_sweep(sweep(tmp_path, sweep_rows([], baseline='a.py')), 'K', tmp_path / 'f')


def test_tool_runs_and_draws(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(comparison_runs, 'run_comparison', fill)
    arguments = ['no.py', '--key', 'model.x', '--values', '0.1', '0.2', '--splits', 'val=val.txt']
    arguments += ['--work-dir', str(tmp_path / 'runs'), '--out', str(tmp_path / 'out/sweep')]
    monkeypatch.setattr('sys.argv', [str(TOOL), *arguments])
    runpy.run_path(str(TOOL), run_name='__main__')
    assert '| 0.2 | 50.0 ± 0.0 | 0.20 |' in capsys.readouterr().out
    assert (tmp_path / 'runs/no__model.x=0.2/seed_2/cam_val/cams.json').is_file()
    assert (tmp_path / 'out/sweep.md').read_text().startswith('| model.x | val mIoU |')
