"""A killed comparison leaves no tool at work, and goes on where it was."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import fake_runs
import pytest

from mmwsss.folder_lock import locked
from mmwsss.pipeline.comparison.rows import Comparison, Row
from mmwsss.pipeline.comparison.runs import run_comparison

SCRIPT = """
import sys
from pathlib import Path
import fake_runs
from mmwsss.pipeline import processes
from test_killed_comparison import COMPARISON
from mmwsss.pipeline.comparison.runs import run_comparison
processes.TOOLS = Path('tools')
run_comparison(COMPARISON)
"""
COMPARISON = Comparison({'CAM': Row('cam.py')}, (0, 1), {'val': 'val.txt'}, Path('runs'), jobs=2)


@pytest.mark.slow
def test_no_tool_of_several_jobs_outlives_a_killed_comparison(tmp_path, monkeypatch):
    fake_runs.set_up(tmp_path, monkeypatch)
    paths = [str(Path(one).parent) for one in (__file__, fake_runs.__file__)]
    path = os.pathsep.join([*paths, os.environ.get('PYTHONPATH', '')])
    environment = {**os.environ, 'SLEEP': '60', 'PYTHONPATH': path}
    folders = [COMPARISON.folder(Row('cam.py'), seed) for seed in COMPARISON.seeds]
    with subprocess.Popen([sys.executable, '-c', SCRIPT], env=environment) as process:
        deadline = time.monotonic() + 120
        while not all((folder / 'train/run/begun').exists() for folder in folders):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        with pytest.raises(RuntimeError, match='another run works here'), locked(folders[1], 0):
            pass
        os.kill(process.pid, signal.SIGKILL)
    for folder in folders:  # nobody holds it any more, so nobody writes
        with locked(folder, patience=5):
            pass
    lines = []
    run_comparison(replace(COMPARISON, jobs=1), lines.append)
    assert [line for line in lines if 'goes on' in line] == lines[:1] + lines[4:5]
    assert [(folder / 'calls').read_text().split() for folder in folders] == [
        ['train', 'train', 'test']
    ] * 2
