"""Comparisons: the table, what is repeated, and what a failed run says."""

import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from mmwsss.apis import comparison as module
from mmwsss.apis.comparison import (
    Comparison,
    best_score,
    comparison_table,
    mean_and_deviation,
    result_file,
    run_comparison,
    run_dir,
)

FAKE_TOOL = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
options = dict(o.split('=', 1) for o in sys.argv[sys.argv.index('--cfg-options') + 1:])
with (folder / 'calls').open('a') as calls:
    calls.write(pathlib.Path(sys.argv[0]).stem + '\\n')
if 'fail' in sys.argv[1]:
    sys.exit('this run fails')
(folder / 'last_checkpoint').write_text('epoch_1.pth\\n')
if 'test_evaluator.curve_file' in options:
    seed = float(options['randomness.seed'])
    scores = dict(threshold=[0.1, 0.2, 0.3], mIoU=[10, 50 + seed, 20])
    pathlib.Path(options['test_evaluator.curve_file']).write_text(json.dumps(scores))
"""


@pytest.fixture
def tools(tmp_path, monkeypatch):
    folder = tmp_path / 'tools'
    folder.mkdir()
    for name in ('train.py', 'test.py'):
        (folder / name).write_text(FAKE_TOOL)
    monkeypatch.setattr(module, 'TOOLS', folder)
    return folder


def comparison(tmp_path, config='cam.py'):
    return Comparison({'CAM': config}, (0, 1, 2), {'val': 'val.txt'}, tmp_path / 'runs', jobs=2)


def test_best_is_where_miou_is_best():
    curves = dict(threshold=[0.1, 0.2, 0.3], mIoU=[1.0, 3.0, 2.0], recall=[9.0, 8.0, 7.0])
    assert best_score(curves, 'mIoU') == 3.0
    assert best_score(curves, 'threshold') == 0.2 and best_score(curves, 'recall') == 8.0


def test_deviation_is_the_samples():
    assert mean_and_deviation([1, 2, 3]) == (2.0, 1.0)


def test_table_of_means_over_seeds(tmp_path, tools):
    runs = comparison(tmp_path)
    run_comparison(runs)
    assert comparison_table(runs).splitlines() == [
        '| method | val mIoU | val threshold |',
        '| --- | --- | --- |',
        '| CAM | 51.0 ± 1.0 | 0.20 |',
    ]


def test_single_seed_has_no_deviation(tmp_path, tools):
    runs = replace(comparison(tmp_path), seeds=(1,))
    run_comparison(runs)
    assert comparison_table(runs).splitlines()[-1] == '| CAM | 51.0 | 0.20 |'


def test_complete_runs_are_not_repeated(tmp_path, tools):
    runs = comparison(tmp_path)
    run_comparison(runs)
    result_file(run_dir(runs, 'CAM', 1), 'val').unlink()
    run_comparison(runs)
    calls = [(run_dir(runs, 'CAM', s) / 'calls').read_text().split() for s in (0, 1)]
    assert calls == [['train', 'test'], ['train', 'test', 'test']]


def test_failed_run_names_its_log(tmp_path, tools):
    runs = comparison(tmp_path, 'fail.py')
    with pytest.raises(RuntimeError, match=r'train\.py of fail\.py .* see .*train\.out'):
        run_comparison(runs)
    assert 'this run fails' in (run_dir(runs, 'CAM', 0) / 'train.out').read_text()


def test_real_tools_are_found():
    assert (module.TOOLS / 'train.py').is_file()


def test_tool_prints_and_writes_the_table(tmp_path, tools, monkeypatch, capsys):
    tool = Path(module.__file__).parents[2] / 'tools/analysis_tools/compare_methods.py'
    out = tmp_path / 'table.md'
    arguments = ['CAM=cam.py', '--seeds', '0', '1', '2', '--splits', 'val=val.txt']
    arguments += ['--work-dir', str(tmp_path / 'runs'), '--out', str(out)]
    monkeypatch.setattr('sys.argv', [str(tool), *arguments])
    runpy.run_path(str(tool), run_name='__main__')
    assert '| CAM | 51.0 ± 1.0 | 0.20 |' in capsys.readouterr().out
    assert out.read_text() == comparison_table(comparison(tmp_path))


def test_tool_refuses_a_config_without_a_name(monkeypatch):
    tool = Path(module.__file__).parents[2] / 'tools/analysis_tools/compare_methods.py'
    monkeypatch.setattr('sys.argv', [str(tool), 'cam.py', '--splits', 'val=val.txt'])
    with pytest.raises(SystemExit, match='NAME=VALUE'):
        runpy.run_path(str(tool), run_name='__main__')
