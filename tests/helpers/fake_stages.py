"""Scripts that stand in for the tools of a pipeline, and the pipeline that runs them."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmwsss.pipeline import processes
from mmwsss.pipeline.pipeline import Pipeline
from mmwsss.pipeline.records import StageRecord
from mmwsss.pipeline.stages import STAGES

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
    checkpoint.write_text(f'{cfg["optim_wrapper"]["lr"]} {seed} {read(labels) if labels else ""}')
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
    label = f'label by {read(pathlib.Path(job["cam_store"]) / "a.npz")}'
    (out / 'a.png').write_text(label)
    if job.get('whole_dir'):
        whole = pathlib.Path(job['whole_dir'])
        whole.mkdir(parents=True, exist_ok=True)
        (whole / 'a.png').write_text(f'whole {label}')
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
        tool='train', config='classifier', cfg_options=dict(optim_wrapper=dict(lr=2)),
        inputs={{'train_dataloader.dataset.label_dir': 'labels'}}),
)
"""
CAM = """
optim_wrapper = dict(lr=1)
train_dataloader = dict(dataset=dict(ann_file={root!r} + 'train.txt'))
test_dataloader = dict(dataset=dict(ann_file={root!r} + 'val.txt'))
"""
LABELS = """
label_dataset = dict(ann_file={root!r} + 'train.txt')
pseudo_labels = dict(cam_store='', out_dir='', refiner=dict(type='mmwsss.IdentityRefiner'))
"""
ALL = ['classifier --resume', 'cams', 'labels', 'segmentor --resume']


def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the scripts in the place of the tools, and write the configs of the pipeline.

    Args:
        tmp_path (Path): An empty folder.
        monkeypatch (pytest.MonkeyPatch): Undoes this at the end of the test.

    Returns:
        Path: The folder.
    """
    tools = tmp_path / 'tools'
    tools.mkdir()
    for stage in STAGES.values():
        (tools / stage.script).write_text(FAKE_TOOL)
    monkeypatch.setattr(processes, 'TOOLS', tools)
    monkeypatch.setenv('CALLS', str(tmp_path / 'calls'))
    texts = {'pipeline.py': PIPELINE, 'cam.py': CAM, 'labels.py': LABELS}
    for name, text in texts.items():
        (tmp_path / name).write_text(text.format(root=f'{tmp_path}/'))
    for split in ('train', 'val'):
        (tmp_path / f'{split}.txt').write_text('a\n')
    return tmp_path


def pipeline(root, **overrides) -> Pipeline:
    """Read the pipeline.

    Args:
        root (Path): Folder from :func:`set_up`.
        **overrides (Any): Attributes that replace those of the config.

    Returns:
        Pipeline: The pipeline.
    """
    return Pipeline.from_config(Config.fromfile(root / 'pipeline.py'), **overrides)


def calls(root) -> list[str]:
    """Tell what ran since the last call.

    Args:
        root (Path): Folder from :func:`set_up`.

    Returns:
        list[str]: Name of each stage that ran, and ``--resume`` where it was told to resume.
    """
    path = root / 'calls'
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text in a file.

    Args:
        path (Path): The file.
        old (str): The text, which must be there.
        new (str): What takes its place.
    """
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def run(root, *args, **kwargs) -> list[StageRecord]:
    """Run the pipeline without a word.

    Args:
        root (Path): Folder from :func:`set_up`.
        *args (Any): See :meth:`Pipeline.run`.
        **kwargs (Any): See :meth:`Pipeline.run`.

    Returns:
        list[StageRecord]: Records of the finished stages.
    """
    return pipeline(root).run(*args, show=lambda line: None, **kwargs)
