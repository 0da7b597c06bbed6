"""Comparisons: the table, what is repeated, and what a failed run says."""

import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from mmwsss.apis import comparison as module
from mmwsss.apis.comparison import (
    Comparison,
    Row,
    best_score,
    comparison_table,
    mean_and_deviation,
    read_scores,
    result_file,
    run_comparison,
    run_dir,
    store_dir,
)

FAKE_TOOL = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
options = dict(o.split('=', 1) for o in sys.argv[sys.argv.index('--cfg-options') + 1:])
with (folder / 'calls').open('a') as calls:
    calls.write(pathlib.Path(sys.argv[0]).stem + '\\n')
if 'fail' in sys.argv[1]:
    sys.exit('this run fails')
if 'train' in sys.argv[0]:
    for name in ('round_0.pth', 'round_1.pth', 'epoch_2.pth'):
        (folder / name).touch()
    (folder / 'last_checkpoint').write_text('epoch_2.pth\\n')
if '--out' in sys.argv:
    pathlib.Path(sys.argv[sys.argv.index('--out') + 1]).mkdir()
if 'test_evaluator.curve_file' in options:
    seed = float(options['randomness.seed'])
    gain = dict(round_0=0, round_1=5, epoch_2=0)[pathlib.Path(sys.argv[2]).stem]
    gain += float(options.get('alpha', 0))
    scores = dict(threshold=[0.1, 0.2, 0.3], mIoU=[10, 50 + seed + gain, 20], F=[70, 60, 50])
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
    return Comparison(
        {'CAM': Row(config)}, (0, 1, 2), {'val': 'val.txt'}, tmp_path / 'runs', jobs=2
    )


def rounds(tmp_path):
    rows = {f'round {r}': Row('sub.py', f'round_{r}.pth') for r in (0, 1)} | {'end': Row('sub.py')}
    return replace(comparison(tmp_path), rows=rows)


def calls(folder):
    return (folder / 'calls').read_text().split()


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
    assert calls(run_dir(runs, 'CAM', 0)) == ['train', 'test']
    assert calls(run_dir(runs, 'CAM', 1)) == ['train', 'test', 'test']


def test_rows_of_one_config_share_its_training(tmp_path, tools):
    runs = rounds(tmp_path)
    run_comparison(runs)
    assert [calls(run_dir(runs, 'end', s)) for s in runs.seeds] == [['train', *['test'] * 3]] * 3
    table = comparison_table(runs).splitlines()[2:]
    assert table == [
        '| round 0 | 51.0 ± 1.0 | 0.20 |',
        '| round 1 | 56.0 ± 1.0 | 0.20 |',
        '| end | 51.0 ± 1.0 | 0.20 |',
    ]


def test_checkpoints_of_a_trained_run_are_measured_without_training(tmp_path, tools):
    runs = rounds(tmp_path)
    trained = replace(runs, rows={'end': runs.rows['end']})
    run_comparison(trained)
    run_comparison(runs)
    folder = run_dir(runs, 'round 1', 2)
    assert folder == tmp_path / 'runs/sub/seed_2' == run_dir(trained, 'end', 2)
    assert calls(folder) == ['train', 'test', 'test', 'test']
    assert {file.name for file in folder.glob('*.json')} == {
        'cam_val.json',
        'cam_val_round_0.json',
        'cam_val_round_1.json',
    }


def test_missing_checkpoint_lists_those_there_are(tmp_path, tools):
    runs = replace(comparison(tmp_path), rows={'CAM': Row('cam.py', 'round_7.pth')})
    with pytest.raises(FileNotFoundError, match=r'round_7\.pth: .*epoch_2\.pth, round_0\.pth'):
        run_comparison(runs)


def test_rows_of_other_options_are_other_runs(tmp_path, tools):
    rows = {'0.5': Row('cam.py', options=('alpha=0.5',)), '2': Row('cam.py', options=('alpha=2',))}
    runs = replace(comparison(tmp_path), rows=rows, seeds=(0,))
    run_comparison(runs)
    assert [read_scores(runs, name, 'val', 'mIoU') for name in rows] == [[50.5], [52.0]]
    assert run_dir(runs, '2', 0) == tmp_path / 'runs/cam__alpha=2/seed_0'


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


def test_tool_refuses_a_config_without_a_name(monkeypatch):
    tool = Path(module.__file__).parents[2] / 'tools/analysis_tools/compare_methods.py'
    monkeypatch.setattr('sys.argv', [str(tool), 'cam.py', '--splits', 'val=val.txt'])
    with pytest.raises(SystemExit, match='NAME=VALUE'):
        runpy.run_path(str(tool), run_name='__main__')


def test_tool_refuses_two_rows_of_one_name(monkeypatch):
    tool = Path(module.__file__).parents[2] / 'tools/analysis_tools/compare_methods.py'
    rows = ['CAM=cam.py', 'CAM=mixup.py']
    monkeypatch.setattr('sys.argv', [str(tool), *rows, '--splits', 'val=val.txt'])
    with pytest.raises(SystemExit, match=r'CAM twice: cam\.py and mixup\.py'):
        runpy.run_path(str(tool), run_name='__main__')


def test_response_maps_are_kept_on_request(tmp_path, tools):
    runs = replace(comparison(tmp_path), seeds=(0,))
    run_comparison(runs)
    folder = run_dir(runs, 'CAM', 0)
    assert not store_dir(folder, 'val').exists()
    result_file(folder, 'val').unlink()
    # What an interrupted test left would be refused by the tool.
    store_dir(folder, 'val').mkdir()
    (store_dir(folder, 'val') / 'p0.npz').touch()
    run_comparison(replace(runs, store=True))
    assert list(store_dir(folder, 'val').iterdir()) == []
