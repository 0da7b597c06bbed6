"""Pipelines: what is run, skipped, resumed and repeated; small scripts stand in for the tools."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mmengine.config import Config

from mmwsss.apis.fingerprints import (
    data_fingerprint,
    fingerprint_of,
    settings_fingerprint,
)
from mmwsss.apis.pipeline import processes, stage
from mmwsss.apis.pipeline.comparison import pipeline_table, run_pipelines
from mmwsss.apis.pipeline.pipeline import Pipeline
from mmwsss.apis.pipeline.processes import StageError, locked, tool_command
from mmwsss.apis.pipeline.records import StageRecord
from mmwsss.apis.pipeline.stage import Stage, read_label_report, read_metrics
from mmwsss.version import __version__

FAKE_TOOL = """
import hashlib, json, os, pathlib, sys, time
tool, config, *rest = sys.argv
tool = pathlib.Path(tool).stem
cfg = {}
exec(pathlib.Path(config).read_text(), cfg)
name = pathlib.Path(config).parent.name
def read(path):
    path = pathlib.Path(path)
    files = sorted(path.rglob('*.png')) if path.is_dir() else [path]
    return '|'.join(file.read_text() for file in files)
if os.environ.get('FAIL') == name:
    sys.exit('this stage fails')
with open(os.environ['CALLS'], 'a') as calls:
    print(name, *(['--resume'] if '--resume' in rest else []), file=calls)
folder = pathlib.Path(config).parent
if tool == 'train':
    run = pathlib.Path(cfg['work_dir'])
    run.mkdir(parents=True, exist_ok=True)
    (run / 'begun').touch()
    time.sleep(float(os.environ.get('SLEEP', 0)))
    checkpoint = run / 'epoch_1.pth'
    labels = cfg['train_dataloader']['dataset'].get('label_dir')
    seed = cfg['randomness']['seed']
    checkpoint.write_text(f'{cfg["lr"]} {seed} {read(labels) if labels else ""}')
    (run / 'epoch_0.pth').write_text('early')
    (run / 'last_checkpoint').write_text(str(checkpoint))
elif tool == 'test':
    out = pathlib.Path(rest[rest.index('--out') + 1])
    out.mkdir(parents=True)
    if cfg.get('store', True):
        (out / 'cam_store.json').write_text('{}')
    (out / 'a.npz').write_text('CAM of ' + read(rest[0]))
    (hook,) = [hook for hook in cfg['custom_hooks'] if 'MetricsFile' in hook['type']]
    metrics = {'cam/mIoU': 50.0, 'cam/F': 70.0, 'cam/IoU/cow': 40.0}
    pathlib.Path(hook['out_file']).write_text(json.dumps(metrics))
else:
    job = cfg['pseudo_labels']
    out = pathlib.Path(job['out_dir'])
    out.mkdir(parents=True, exist_ok=True)
    (out / 'a.png').write_text(f'label by {read(pathlib.Path(job["cam_store"]) / "a.npz")}')
"""

PIPELINE = """
configs = dict(classifier={root!r} + 'cam.py', labels={root!r} + 'labels.py')
work_dir = {root!r} + 'work'
stages = dict(
    classifier=dict(tool='train', config='classifier'),
    cams=dict(tool='test', config='classifier', checkpoint='classifier', title='CAM'),
    labels=dict(
        tool='pseudo_labels', config='labels', inputs={{'pseudo_labels.cam_store': 'cams'}}),
    segmentor=dict(
        tool='train', config='classifier', cfg_options=dict(lr=2),
        inputs={{'train_dataloader.dataset.label_dir': 'labels'}}),
)
"""
CAM = """
lr = 1
train_dataloader = dict(dataset=dict(ann_file={root!r} + 'train.txt'))
test_dataloader = dict(dataset=dict(ann_file={root!r} + 'val.txt'))
"""
LABELS = """
label_dataset = dict(ann_file={root!r} + 'train.txt')
pseudo_labels = dict(cam_store='', out_dir='', refiner=dict(type='mmwsss.IdentityRefiner'))
"""
ALL = ['classifier --resume', 'cams', 'labels', 'segmentor --resume']


@pytest.fixture
def root(tmp_path, monkeypatch):
    tools = tmp_path / 'tools'
    tools.mkdir()
    for name in stage.SCRIPTS.values():
        (tools / name).write_text(FAKE_TOOL)
    monkeypatch.setattr(processes, 'TOOLS', tools)
    monkeypatch.setenv('CALLS', str(tmp_path / 'calls'))
    texts = {'pipeline.py': PIPELINE, 'cam.py': CAM, 'labels.py': LABELS}
    for name, text in texts.items():
        (tmp_path / name).write_text(text.format(root=f'{tmp_path}/'))
    for split in ('train', 'val'):
        (tmp_path / f'{split}.txt').write_text('a\n')
    return tmp_path


def pipeline(root, **overrides) -> Pipeline:
    return Pipeline.from_config(Config.fromfile(root / 'pipeline.py'), **overrides)


def calls(root) -> list[str]:
    """What ran since the last time."""
    path = root / 'calls'
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def run(root, *args, **kwargs) -> list[StageRecord]:
    return pipeline(root).run(*args, say=lambda line: None, **kwargs)


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


def test_changed_config_repeats_what_depends_on_it(root):
    run(root)
    calls(root)
    edit(root / 'labels.py', "cam_store=''", "cam_store='', background=dict(alpha=2)")
    run(root)
    assert calls(root) == ['labels']  # the same label again: the segmentor stays


def test_changed_weights_repeat_everything_after(root):
    run(root)
    calls(root)
    edit(root / 'cam.py', 'lr = 1', 'lr = 3')
    records = run(root)
    assert calls(root) == ALL
    assert Path(records[-1].output).read_text() == '2 0 label by CAM of 3 0 '


def test_comments_and_order_of_a_config_do_not_count(root):
    run(root)
    calls(root)
    edit(root / 'cam.py', 'lr = 1', '# the rate\nlr = 1')
    run(root)
    assert calls(root) == []


def test_changed_data_repeat_the_stages_that_read_them(root):
    run(root)
    calls(root)
    (root / 'val.txt').write_text('a\nb\n')
    run(root)
    assert calls(root) == ['cams']


def test_a_work_dir_may_move(root):
    run(root)
    calls(root)
    (root / 'work').rename(root / 'elsewhere')
    records = pipeline(root, work_dir=root / 'elsewhere').run(say=lambda line: None)
    assert calls(root) == []
    assert all(Path(record.output).exists() for record in records)
    # A stage that is made again takes the outputs from the new place.
    edit(root / 'labels.py', "cam_store=''", "cam_store='', background=dict(alpha=2)")
    pipeline(root, work_dir=root / 'elsewhere').run(say=lambda line: None)
    assert calls(root) == ['labels']
    assert not (root / 'work').exists()


def test_seed_counts(root):
    run(root)
    calls(root)
    pipeline(root, seed=1).run(say=lambda line: None)
    assert calls(root) == ALL


@pytest.mark.parametrize('damage', ['gone', 'edited'])
def test_lost_or_edited_output_is_made_again(root, damage):
    run(root)
    calls(root)
    label = root / 'work/labels/labels/a.png'
    label.unlink() if damage == 'gone' else label.write_text('by hand')
    label.with_name('b.png').write_text('by hand too')
    run(root)
    assert calls(root) == ['labels']
    assert [file.name for file in label.parent.iterdir()] == ['a.png']


def test_chosen_stages(root):
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


def test_new_title_is_no_reason_to_run(root):
    run(root)
    calls(root)
    edit(root / 'pipeline.py', "title='CAM'", "title='response maps', reference=48.0")
    records = run(root)
    assert calls(root) == []
    assert (records[1].title, records[1].reference) == ('response maps', 48.0)


def test_a_file_of_the_work_dir_in_place_of_the_last_checkpoint(root):
    edit(root / 'pipeline.py', "title='CAM'", "checkpoint_file='epoch_0.pth'")
    records = run(root)
    assert Path(records[1].output, 'a.npz').read_text() == 'CAM of early'


SCRIPT = """
import sys
from pathlib import Path
from mmengine.config import Config
from mmwsss.apis.pipeline import processes
from mmwsss.apis.pipeline.comparison import pipeline_table, run_pipelines
from mmwsss.apis.pipeline.pipeline import Pipeline
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
    records = pipeline(root).run(say=lines.append)
    assert calls(root) == ALL and records[0].resumed and not records[1].resumed
    assert lines[0].startswith('== classifier: goes on, log in ')


def test_launchers():
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


def test_options_apply_every_time_that_a_config_is_loaded(root):
    settings = dict(
        tool='pseudo_labels',
        config=str(root / 'labels.py'),
        cfg_options=dict(pseudo_labels=dict(refiner=dict(_delete_=True, kind='other'))),
    )
    one = Stage.parse('x', settings, {})
    for _ in range(2):
        assert one.load_config().pseudo_labels.refiner == dict(kind='other')


def test_a_config_must_fit_its_tool(root):
    one = Stage.parse('x', dict(tool='affinity_labels', config=str(root / 'labels.py')), {})
    with pytest.raises(ValueError, match=r"stage 'x': .*labels\.py has no affinity_labels"):
        one.load_config()


def test_dropped_stage(root):
    with (root / 'pipeline.py').open('a') as file:
        file.write("stages['segmentor'] = None\n")
    assert list(pipeline(root).stages) == ['classifier', 'cams', 'labels']


def test_metrics_with_and_without_crf(tmp_path):
    path = tmp_path / 'metrics.json'
    path.write_text(
        json.dumps({'mIoU': 1.0, 'IoU/cow': 2.0, 'crf/mIoU': 3.0, 'crf/IoU/cow': 4.0, 'aAcc': 5.0})
    )
    metrics, classes = read_metrics(path)
    assert metrics == {'mIoU': 1.0, 'crf/mIoU': 3.0, 'aAcc': 5.0} and classes == {'cow': 4.0}


def test_label_report(tmp_path):
    rows = [
        dict(zip(('class', 'CAM IoU', 'IoU', 'precision', 'recall'), row))
        for row in (
            ('background', 70.0, 80.0, 90.0, 85.0),
            ('cow', 40.0, None, 60.0, 75.0),
            ('mean', 55.0, 80.0, 75.0, 80.0),
        )
    ]
    (tmp_path / 'report.json').write_text(json.dumps({'coverage': 100.0, 'classes': rows}))
    metrics, classes = read_label_report(tmp_path / 'report.json')
    f_score = 2 * 75 * 80 / (75 + 80)
    assert metrics.pop('F') == pytest.approx(f_score)
    assert metrics == {'coverage': 100.0, 'mIoU': 80.0, 'precision': 75.0, 'recall': 80.0}
    assert classes == {'background': 80.0, 'cow': None}


def test_labels_without_masks_have_no_metrics(tmp_path):
    assert read_label_report(tmp_path / 'report.json') == ({}, {})


def test_changed_weights_on_disk_repeat_the_training_that_starts_from_them(root):
    weights = root / 'imagenet.pth'
    weights.write_text('1')
    (root / 'cam.py').open('a').write(
        f'model = dict(backbone=dict(init_cfg=dict(checkpoint={str(weights)!r})))\n'
    )
    run(root)
    calls(root)
    os.utime(weights, (0, 0))
    run(root)
    assert calls(root) == []
    weights.write_text('2')
    run(root)
    assert {'classifier --resume', 'segmentor --resume'} <= set(calls(root))


def test_changed_load_from_repeats_its_stage(root):
    weights = root / 'start.pth'
    weights.write_text('1')
    edit(root / 'pipeline.py', 'lr=2', f'lr=2, load_from={str(weights)!r}')
    run(root)
    calls(root)
    weights.write_text('2')
    run(root)
    assert calls(root) == ['segmentor --resume']


def test_changed_masks_measure_labels_again(root):
    masks = root / 'masks'
    masks.mkdir()
    edit(root / 'labels.py', "cam_store=''", f"cam_store='', mask_dir={str(masks)!r}")
    run(root)
    calls(root)
    (masks / 'a.png').write_text('corrected')
    run(root)
    assert calls(root) == ['labels']


def test_stages_without_local_weights_keep_their_fingerprint(root):
    whole = pipeline(root)
    stage = whole.stages['classifier']
    cfg = stage.load_config()
    datasets = data_fingerprint(stage.datasets(cfg))
    settings = settings_fingerprint(stage.relevant(cfg))
    known = fingerprint_of([__version__, 'train', settings, 'seed 0', datasets, ''])
    assert whole.fingerprint(stage, cfg, {}) == known


def test_settings_of_another_tool_repeat_nothing(root):
    run(root)
    calls(root)
    with (root / 'cam.py').open('a') as file:
        file.write("pseudo_labels = dict(t=6)\nval_evaluator = dict(type='x')\n")
    run(root)
    assert calls(root) == []
    with (root / 'cam.py').open('a') as file:
        file.write('test_cfg = dict(fp16=True)\n')
    run(root)
    assert calls(root) == ['cams']


def test_table_of_means_over_seeds(root, monkeypatch):
    monkeypatch.setattr(Pipeline, 'check', lambda self: None)
    monkeypatch.chdir(root)
    configs = {'ours': str(root / 'pipeline.py'), 'without': str(root / 'short.py')}
    (root / 'short.py').write_text(
        "_base_ = './pipeline.py'\nstages = dict(cams=dict(title='x'))\n"
    )
    run_pipelines(configs, [0, 1], root / 'runs', say=lambda line: None)
    path = root / 'runs/pipeline/seed_1/results.json'
    path.write_text(path.read_text().replace('50.0', '52.0'))
    rows = pipeline_table(configs, [0], root / 'runs', ['mIoU', 'F']).splitlines()
    assert rows[2:] == [
        '| CAM | 50.0 |  |',
        '| CAM, F | 70.0 |  |',
        '| x |  | 50.0 |',
        '| x, F |  | 70.0 |',
    ]
    assert pipeline_table(configs, [0, 1], root / 'runs').splitlines() == [
        '| stage | ours | without |',
        '| --- | --- | --- |',
        '| CAM | 51.0 ± 1.4 |  |',
        '| x |  | 50.0 ± 0.0 |',
    ]
