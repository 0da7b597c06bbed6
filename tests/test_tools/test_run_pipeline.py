"""The real pipeline on images of a few colours: killed at every stage, in two processes."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_pipeline import COUNT, files, run, start, weights, write_pipeline

from mmwsss.structures import CAMStore

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """The configs of a pipeline and their data."""
    root = tmp_path_factory.mktemp('pipeline')
    write_pipeline(root)
    return root


@pytest.fixture(scope='module')
def unbroken(root) -> Path:
    run(root, 'unbroken')
    return root / 'unbroken'


def kill_when(root: Path, work: str, reached: Callable[[], bool]) -> None:
    """Start a pipeline and kill it, but not its tools, as soon as something is reached."""
    process = start(root, work)
    while not reached():
        assert process.poll() is None, process.communicate()[0][-5000:]
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)  # until the tool, which holds the pipe too, is gone


def test_report_has_every_stage(unbroken):
    results = {
        one['name']: one['metrics']
        for one in json.loads(Path(unbroken, 'results.json').read_text())
    }
    assert list(results) == [
        'classifier', 'cams', 'cams_val', 'affinity_labels', 'affinitynet', 'pseudo_labels',
        'segmentor', 'test',
    ]  # fmt: skip
    assert {'mIoU', 'crf/mIoU'} <= results['test'].keys()
    text = Path(unbroken, 'report.md').read_text()
    for name in ('cams', 'pseudo_labels', 'test'):
        assert f'{results[name]["mIoU"]:.2f}' in text
    assert len(files(unbroken / 'test/predictions/CRFIoUMetric')) == COUNT


def test_affinitynet_starts_from_the_classifier(unbroken):
    checkpoint = Path(unbroken, 'classifier/run/last_checkpoint').read_text()
    log = Path(unbroken, 'affinitynet/tool.log').read_text()
    assert f'Load checkpoint from {checkpoint}' in log


def test_killed_anywhere_it_ends_as_the_unbroken_run(root, unbroken):
    work = root / 'killed'
    moments = [
        lambda: (work / 'classifier/run/epoch_1.pth').exists(),
        lambda: len(files(work / 'cams')) > 1,
        lambda: len(files(work / 'affinity_labels')) > 1,
        lambda: (work / 'segmentor/run/iter_2.pth').exists(),
    ]
    for moment in moments:
        kill_when(root, 'killed', moment)
    output = run(root, 'killed')
    assert '== classifier: done before' in output and '== segmentor: goes on' in output
    for stage in ('classifier', 'affinitynet', 'segmentor'):
        pairs = zip(weights(work / stage), weights(unbroken / stage))
        assert all(torch.equal(ours, theirs) for ours, theirs in pairs), stage
    for folder in ('cams', 'affinity_labels/labels', 'pseudo_labels/labels', 'test/predictions'):
        assert files(work / folder) == files(unbroken / folder), folder


def test_two_processes_give_what_one_gives(root, unbroken):
    before = files(unbroken / 'pseudo_labels/labels')
    maps = {response.img_id: response for response in CAMStore.open(unbroken / 'cams/predictions')}
    options = ['--again', '--launcher', 'pytorch', '--gpus', '2']
    run(root, 'unbroken', '--stages', 'pseudo_labels', *options)
    assert files(unbroken / 'pseudo_labels/labels') == before and len(before) == COUNT
    run(root, 'unbroken', '--stages', 'cams', *options)
    for response in CAMStore.open(unbroken / 'cams/predictions'):
        # Images meet others in their batch: a value may be rounded the other way.
        torch.testing.assert_close(
            response.scores, maps[response.img_id].scores, atol=1.01 / 255, rtol=0
        )
