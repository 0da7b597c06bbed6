"""Scripts that stand in for the tools of a comparison, and the configs and data it needs."""

from pathlib import Path

import pytest

from mmwsss.pipeline.comparison import runs as comparison_runs

TOOL = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
options = dict(o.split('=', 1) for o in sys.argv[sys.argv.index('--cfg-options') + 1:])
with (folder / 'calls').open('a') as calls:
    calls.write(pathlib.Path(sys.argv[0]).stem + '\\n')
if 'fail' in sys.argv[1]:
    sys.exit('this run fails')
if 'train' in sys.argv[0]:
    for name in ('round_0.pth', 'round_1.pth', 'epoch_2.pth'):
        (folder / name).write_text('weights')
    (folder / 'last_checkpoint').write_text('epoch_2.pth\\n')
if '--out' in sys.argv:
    pathlib.Path(sys.argv[sys.argv.index('--out') + 1]).mkdir()
if 'test_evaluator.curve_file' in options:
    seed = float(options['randomness.seed'])
    gain = dict(round_0=0, round_1=5, epoch_2=0)[pathlib.Path(sys.argv[2]).stem]
    gain += float(options.get('alpha', 0)) + 10 * ('model.head.cam_source' in options)
    scores = dict(threshold=[0.1, 0.2, 0.3], mIoU=[10, 50 + seed + gain, 20], F=[70, 60, 50])
    pathlib.Path(options['test_evaluator.curve_file']).write_text(json.dumps(scores))
"""
CONFIG = """
model = dict(head=dict(cam_source='parent'), test_cfg=dict(scales=(1.0, 1.5)))
optim_wrapper = dict(lr=1)
train_cfg = dict(max_epochs=2)
val_evaluator = dict(type='CAMMetric')
test_evaluator = dict(type='CAMMetric', fixed_threshold=0.2)
custom_hooks = [dict(type='FiniteLossHook')]
load_from = None
train_dataloader = dict(dataset=dict(
    type='ImageLevelDataset', ann_file='train.txt', label_file='labels.txt',
    data_prefix='.', metainfo=dict(classes=('cat',))))
test_dataloader = dict(dataset=dict(train_dataloader['dataset'], ann_file='val.txt'))
"""


def set_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it the working folder, with tools, configs and two images."""
    monkeypatch.chdir(folder)
    for name in ('cam.py', 'sub.py', 'fail.py', 'other/cam.py'):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(CONFIG)
    for name in ('p0', 'p1'):
        Path(f'{name}.jpg').touch()
    Path('train.txt').write_text('p0\n')
    Path('val.txt').write_text('p1\n')
    Path('labels.txt').write_text('p0 cat\np1 cat\n')
    tools = folder / 'tools'
    tools.mkdir()
    for name in ('train.py', 'test.py'):
        (tools / name).write_text(TOOL)
    monkeypatch.setattr(comparison_runs, 'TOOLS', tools)


def edit(path: str, old: str, new: str) -> None:
    """Replace a text that is in a file."""
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))
