"""Pipelines: what is run, skipped, resumed and repeated; small scripts stand in for the tools."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fake_stages
import pytest
from fake_stages import ALL, calls, edit, pipeline, run
from mmengine.config import Config

from mmwsss.folder_lock import locked
from mmwsss.pipeline import pipeline as pipeline_module
from mmwsss.pipeline.processes import StageError, tool_command


@pytest.fixture
def root(tmp_path, monkeypatch):
    return fake_stages.set_up(tmp_path, monkeypatch)


def test_every_stage_runs_once_and_hands_on_its_output(root):
    records = run(root)
    assert calls(root) == ALL
    assert [record.kind for record in records] == ['checkpoint', 'cams', 'labels', 'checkpoint']
    last = Path(records[-1].output).read_text()
    assert last == '2 0 label by CAM of 1 0 '
    assert records[1].metrics == {'mIoU': 50.0, 'F': 70.0} and records[1].class_iou == {'cow': 40.0}
    assert records[1].title == 'CAM' and records[0].title == 'classifier'
    results = json.loads((root / 'work/results.json').read_text())
    assert [one['name'] for one in results] == ['classifier', 'cams', 'labels', 'segmentor']
    run(root)
    assert calls(root) == []


def test_chosen_stages_alone_run(root):
    with pytest.raises(ValueError, match="'labels' needs 'cams', which has not run yet"):
        run(root, ['labels'])
    run(root, ['classifier', 'cams'])
    assert calls(root) == ALL[:2]
    run(root, None, 'labels')
    assert calls(root) == ALL[2:]
    run(root, ['labels'], again=True)
    assert calls(root) == ['labels']
    with pytest.raises(ValueError, match="no stage 'crf'; there are classifier, cams"):
        run(root, ['crf'])


def test_failed_stage_goes_on_the_next_time(root, monkeypatch):
    monkeypatch.setenv('FAIL', 'labels')
    with pytest.raises(
        StageError,
        match=r'^this stage fails\n.*pseudo_labels\.py .* failed with status 1: see .*tool\.log',
    ):
        run(root)
    assert calls(root) == ALL[:2]
    assert (root / 'work/labels/tool.log').read_text() == 'this stage fails\n'
    (root / 'work/labels/labels').mkdir()
    (root / 'work/labels/labels/b.png').write_text('done before')
    monkeypatch.delenv('FAIL')
    run(root)
    assert calls(root) == ALL[2:]
    assert (root / 'work/labels/labels/b.png').exists()


def test_what_other_inputs_left_is_not_gone_on_with(root, monkeypatch):
    monkeypatch.setenv('FAIL', 'labels')
    with pytest.raises(StageError):
        run(root)
    (root / 'work/labels/labels').mkdir()
    (root / 'work/labels/labels/b.png').write_text('of other settings')
    edit(root / 'labels.py', "cam_store=''", "cam_store='', background=dict(alpha=2)")
    monkeypatch.delenv('FAIL')
    run(root)
    assert not (root / 'work/labels/labels/b.png').exists()


def test_files_of_others_are_never_removed(root):
    (root / 'work/classifier').mkdir(parents=True)
    (root / 'work/classifier/thesis.tex').write_text('years of work')
    with pytest.raises(ValueError, match='classifier: holds files, but not those of a stage'):
        run(root)
    assert (root / 'work/classifier/thesis.tex').exists()


def test_a_file_of_the_work_dir_in_place_of_the_last_checkpoint(root):
    edit(root / 'pipeline.py', "title='CAM'", "checkpoint_file='epoch_0.pth'")
    records = run(root)
    assert Path(records[1].output, 'a.npz').read_text() == 'CAM of early'


SCRIPT = """
import sys
from pathlib import Path
from mmengine.config import Config
from mmwsss.pipeline import processes
from mmwsss.pipeline.comparison.pipelines import pipeline_table, run_pipelines
from mmwsss.pipeline.pipeline import Pipeline
processes.TOOLS = Path(sys.argv[1], 'tools')
Pipeline.from_config(Config.fromfile(Path(sys.argv[1], 'pipeline.py'))).run()
"""


def test_killed_pipeline_leaves_no_orphan_and_goes_on(root, monkeypatch):
    environment = {**os.environ, 'SLEEP': '60'}
    process = subprocess.Popen([sys.executable, '-c', SCRIPT, str(root)], env=environment)
    begun = root / 'work/classifier/run/begun'
    while not begun.exists():
        assert process.poll() is None
        time.sleep(0.05)
    with pytest.raises(RuntimeError, match='another run works here'):
        run(root)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:  # the tool holds the lock for as long as it lives
        try:
            with locked(root / 'work'):
                break
        except RuntimeError:
            time.sleep(0.05)
    calls(root)
    lines = []
    records = pipeline(root).run(show=lines.append)
    assert calls(root) == ALL and records[0].resumed and not records[1].resumed
    assert lines[0].startswith('== classifier: goes on, log in ')


def test_processes_share_the_batch_of_the_config(root, monkeypatch):
    monkeypatch.setattr(
        pipeline_module, 'tool_command', lambda args, *_: tool_command(args, 'none', 1)
    )
    edit(root / 'cam.py', 'train_dataloader = dict(', 'train_dataloader = dict(batch_size=6, ')
    config = root / 'work/segmentor/config.py'
    monkeypatch.setenv('FAIL', 'segmentor')
    with pytest.raises(StageError):
        pipeline(root, launcher='pytorch', processes=2).run(show=lambda line: None)
    assert Config.fromfile(config).train_dataloader.batch_size == 3
    monkeypatch.delenv('FAIL')
    # Begun on two processes, it goes on in one, and nothing before it runs again.
    (root / 'work/segmentor/run').mkdir()
    (root / 'work/segmentor/run/iter_1.pth').write_text('saved')
    calls(root)
    records = run(root)
    assert calls(root) == ['segmentor --resume'] and records[-1].resumed
    assert Config.fromfile(config).train_dataloader.batch_size == 6
    assert (root / 'work/segmentor/run/iter_1.pth').exists()


def test_launchers_have_their_commands():
    alone = tool_command(['train.py', 'a.py', '--resume'], 'none', 1)
    assert alone[0] == sys.executable and alone[1].endswith('train.py') and alone[2] == 'a.py'
    several = tool_command(['train.py', 'a.py'], 'pytorch', 4)
    assert several[1:4] == ['-m', 'torch.distributed.run', '--nproc_per_node=4']
    assert several[-3:] == ['a.py', '--launcher', 'pytorch']


def test_slurm_takes_srun_args(monkeypatch):
    monkeypatch.setenv('SRUN_ARGS', '--partition=gpu --gres="gpu:2"')
    command = tool_command(['test.py', 'a.py'], 'slurm', 2)
    assert command[:5] == [
        'srun', '--ntasks=2', '--kill-on-bad-exit=1', '--partition=gpu', '--gres=gpu:2',
    ]  # fmt: skip
    assert command[-2:] == ['--launcher', 'slurm']


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ("tool='pseudo_labels'", "tool='refine'", "stage 'labels': tool must be one of train"),
        ("title='CAM'", "titel='CAM'", "'titel'.*its settings are tool, config"),
        ("'cams'}", "'segmentor'}", "'labels' needs 'segmentor', which is no stage before it"),
    ],
)
def test_wrong_settings_are_named(root, old, new, message):
    edit(root / 'pipeline.py', old, new)
    with pytest.raises(ValueError, match=message):
        pipeline(root)


def test_check_names_the_stage_of_a_missing_config(root):
    edit(root / 'pipeline.py', "'cam.py'", "'cma.py'")
    with pytest.raises(
        FileNotFoundError, match=r"stage 'classifier': there is no config .*cma\.py"
    ):
        pipeline(root).check()


def test_check_builds_datasets_before_training(root):
    with pytest.raises(ValueError, match=r"stage 'classifier': .*model"):  # fakes have none
        pipeline(root).check()


def test_a_dropped_stage_is_no_stage(root):
    with (root / 'pipeline.py').open('a') as file:
        file.write("stages['segmentor'] = None\n")
    assert list(pipeline(root).stages) == ['classifier', 'cams', 'labels']
