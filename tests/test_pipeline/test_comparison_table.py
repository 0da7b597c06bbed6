"""Rows of a comparison, its table, and the tool that writes it."""

import runpy
from dataclasses import replace

import pytest
from fake_runs import comparison
from repo import TOOLS

from mmwsss.pipeline.comparison.rows import (
    Row,
    comparison_table,
    mean_and_deviation,
)
from mmwsss.pipeline.comparison.runs import run_comparison


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


def test_slashes_of_options_make_no_directories():
    assert '/' not in Row('a/cam.py', options=('load_from=/x/y.pth',)).run


def test_configs_of_one_name_are_refused(tmp_path):
    rows = {'a': Row('one/cam.py'), 'b': Row('two/cam.py')}
    with pytest.raises(ValueError, match=r'one/cam\.py and two/cam\.py would share'):
        replace(comparison(tmp_path), rows=rows)


def test_row_of_a_command_line():
    assert Row.parse('configs/sub.py@round_1.pth') == Row('configs/sub.py', 'round_1.pth')
    assert Row.parse('configs/sub.py') == Row('configs/sub.py')


def test_chosen_scores_are_columns(tmp_path, tools):
    runs = comparison(tmp_path)
    run_comparison(runs)
    assert comparison_table(runs, ('F', 'mIoU')).splitlines() == [
        '| method | val F | val mIoU | val threshold |',
        '| --- | --- | --- | --- |',
        '| CAM | 60.0 ± 0.0 | 51.0 ± 1.0 | 0.20 |',
    ]


def test_tool_prints_and_writes_the_table(tmp_path, tools, monkeypatch, capsys):
    tool = TOOLS / 'analysis_tools/compare_methods.py'
    out = tmp_path / 'table.md'
    arguments = ['CAM=cam.py', 'round 1=cam.py@round_1.pth', '--scores', 'mIoU', 'F']
    arguments += ['--seeds', '0', '1', '2', '--splits', 'val=val.txt']
    arguments += ['--work-dir', str(tmp_path / 'runs'), '--out', str(out)]
    monkeypatch.setattr('sys.argv', [str(tool), *arguments])
    runpy.run_path(str(tool), run_name='__main__')
    table = out.read_text()
    assert table in capsys.readouterr().out
    assert table.splitlines()[2:] == [
        '| CAM | 51.0 ± 1.0 | 60.0 ± 0.0 | 0.20 |',
        '| round 1 | 56.0 ± 1.0 | 60.0 ± 0.0 | 0.20 |',
    ]


def test_tool_adds_differences_to_a_row(tmp_path, tools, monkeypatch, capsys):
    tool = TOOLS / 'analysis_tools/compare_methods.py'
    arguments = ['CAM=cam.py', 'round 1=cam.py@round_1.pth', '--splits', 'val=val.txt']
    arguments += ['--work-dir', str(tmp_path / 'runs'), '--against', 'CAM']
    monkeypatch.setattr('sys.argv', [str(tool), *arguments])
    runpy.run_path(str(tool), run_name='__main__')
    assert '| difference to CAM | val mIoU | val p |' in capsys.readouterr().out
    monkeypatch.setattr('sys.argv', [str(tool), *arguments[:-1], 'cam'])
    with pytest.raises(SystemExit, match='no row has this name, but CAM, round 1'):
        runpy.run_path(str(tool), run_name='__main__')


def test_tool_refuses_a_config_without_a_name(monkeypatch):
    tool = TOOLS / 'analysis_tools/compare_methods.py'
    monkeypatch.setattr('sys.argv', [str(tool), 'cam.py', '--splits', 'val=val.txt'])
    with pytest.raises(SystemExit, match='NAME=VALUE'):
        runpy.run_path(str(tool), run_name='__main__')


def test_tool_refuses_two_rows_of_one_name(monkeypatch):
    tool = TOOLS / 'analysis_tools/compare_methods.py'
    rows = ['CAM=cam.py', 'CAM=mixup.py']
    monkeypatch.setattr('sys.argv', [str(tool), *rows, '--splits', 'val=val.txt'])
    with pytest.raises(SystemExit, match=r'CAM twice: cam\.py and mixup\.py'):
        runpy.run_path(str(tool), run_name='__main__')


def test_test_options_of_a_command_line():
    row = Row.parse('my configs/sub.py@a.pth  a.b=[1, 2] c=/x y.pth ')
    assert row == Row('my configs/sub.py', 'a.pth', test_options=('a.b=[1, 2]', 'c=/x y.pth'))
    assert '/' not in row.measured('val')
