"""Scripts that stand in for the tools of a comparison, and the configs and data it needs."""

from pathlib import Path

import pytest
from mmengine.registry import MODELS
from torch import nn

from mmwsss.pipeline import processes
from mmwsss.pipeline.comparison.rows import Comparison, Row

VAL = {'val': 'val.txt'}
# Names of the tests of a row's last weights and of two rounds.
TESTS = ('cam_val', 'cam_val_round_0', 'cam_val_round_1')

TOOL = """
import json, os, pathlib, sys, time
tool, config, *rest = sys.argv
cfg = {}
exec(pathlib.Path(config).read_text(), cfg)
folder = pathlib.Path(config).parent
with (folder.parent / 'calls').open('a') as calls:
    calls.write(pathlib.Path(tool).stem + '\\n')
if folder.parent.parent.name == 'fail':
    sys.exit('this run fails')
if 'train' in pathlib.Path(tool).stem:
    run = pathlib.Path(cfg['work_dir'])
    run.mkdir(exist_ok=True)
    (run / 'begun').touch()
    time.sleep(float(os.environ.get('SLEEP', 0)))
    for name in ('round_0.pth', 'round_1.pth', 'epoch_2.pth'):
        (run / name).write_text('weights')
    (run / 'last_checkpoint').write_text('epoch_2.pth\\n')
else:
    if '--out' in rest:
        pathlib.Path(rest[rest.index('--out') + 1]).mkdir()
    gain = dict(round_0=0, round_1=5, epoch_2=0)[pathlib.Path(rest[0]).stem]
    gain += cfg.get('alpha', 0) + 10 * (cfg['model']['head']['cam_source'] == 'sub_max')
    miou = [10, 50 + cfg['randomness']['seed'] + gain, 20]
    scores = dict(threshold=[0.1, 0.2, 0.3], mIoU=miou, F=[70, 60, 50])
    pathlib.Path(cfg['test_evaluator']['curve_file']).write_text(json.dumps(scores))
    (hook,) = [hook for hook in cfg['custom_hooks'] if 'MetricsFile' in hook['type']]
    pathlib.Path(hook['out_file']).write_text(json.dumps({'cam/mIoU': miou[1]}))
"""
CONFIG = """
model = dict(
    type='ComparedModel', head=dict(cam_source='parent'), test_cfg=dict(scales=(1.0, 1.5)))
optim_wrapper = dict(lr=1)
train_cfg = dict(max_epochs=2)
val_evaluator = dict(type='CAMMetric')
test_evaluator = dict(type='CAMMetric', fixed_threshold=0.2)
custom_hooks = [dict(type='FiniteLossHook')]
load_from = None
train_dataloader = dict(dataset=dict(
    type='ImageLevelDataset', ann_file='train.txt', label_file='labels.txt',
    data_prefix='images', metainfo=dict(classes=('cat',))))
test_dataloader = dict(dataset=dict(train_dataloader['dataset'], ann_file='val.txt'))
"""


@MODELS.register_module()
class ComparedModel(nn.Module):
    """A model without weights, which takes every setting."""

    def __init__(self, **settings: object) -> None:
        super().__init__()


def set_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put tools, configs and two images into a folder, and make it the working folder.

    Args:
        folder (Path): An empty folder.
        monkeypatch (pytest.MonkeyPatch): Undoes this at the end of the test.
    """
    monkeypatch.chdir(folder)
    for name in ('cam.py', 'sub.py', 'fail.py', 'other/cam.py'):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(CONFIG)
    Path('images').mkdir()
    for name in ('p0', 'p1'):
        Path(f'images/{name}.jpg').touch()
    Path('train.txt').write_text('p0\n')
    Path('val.txt').write_text('p1\n')
    Path('labels.txt').write_text('p0 cat\np1 cat\n')
    tools = folder / 'tools'
    tools.mkdir()
    for name in ('train.py', 'test.py'):
        (tools / name).write_text(TOOL)
    monkeypatch.setattr(processes, 'TOOLS', tools)


def edit(path: str, old: str, new: str) -> None:
    """Replace a text in a file.

    Args:
        path (str): The file.
        old (str): The text, which must be there.
        new (str): What takes its place.
    """
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))


def comparison(folder: Path, config: str = 'cam.py') -> Comparison:
    """Describe a comparison of one method with three seeds, whose runs lie in ``folder``."""
    return Comparison({'CAM': Row(config)}, (0, 1, 2), VAL, folder / 'runs', jobs=2)
