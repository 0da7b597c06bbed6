"""The processes of a launcher end with it, hold the pipeline's lock, and their errors are shown."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmwsss.folder_lock import locked
from mmwsss.pipeline import processes
from mmwsss.pipeline.processes import StageError, run_tool, tool_command

TOOL = """
import os, pathlib, sys, time
from mmwsss.parent_process import join_launcher
join_launcher('pytorch')
folder = pathlib.Path(sys.argv[1])
folder.joinpath('rank' + os.environ['RANK']).write_text(f'{os.getpid()} {os.getppid()}')
if '--fail' in sys.argv:
    raise ValueError('photo.png: unreadable image')
while True:
    folder.joinpath('wrote' + os.environ['RANK']).write_text(str(time.time()))
    time.sleep(0.05)
"""
PIPELINE = """
import sys
from pathlib import Path
from mmwsss.folder_lock import locked
from mmwsss.pipeline import processes
from mmwsss.pipeline.processes import run_tool, tool_command
folder = Path(sys.argv[1])
processes.TOOLS = folder
with locked(folder) as lock:
    run_tool(tool_command(['tool.py', str(folder)], 'pytorch', 2), lock, folder / 'tool.log')
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / 'tool.py').write_text(TOOL)
    monkeypatch.setattr(processes, 'TOOLS', tmp_path)
    return tmp_path


def wait_for(*paths: Path) -> None:
    deadline = time.monotonic() + 120
    while not all(path.exists() and path.read_text() for path in paths):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize('victim', ['launcher', 'pipeline'])
def test_no_rank_outlives_what_started_it(victim: str, folder: Path) -> None:
    with subprocess.Popen([sys.executable, '-c', PIPELINE, str(folder)]) as process:
        wait_for(*(folder / f'{name}{rank}' for name in ('rank', 'wrote') for rank in range(2)))
        agent = int((folder / 'rank0').read_text().split()[1])
        os.kill(agent if victim == 'launcher' else process.pid, signal.SIGKILL)
        begin = time.monotonic()
        with locked(folder, patience=20):  # nobody holds it any more, so nobody writes
            written = [(folder / f'wrote{rank}').read_text() for rank in range(2)]
            assert time.monotonic() - begin < 5
            time.sleep(0.5)
            assert written == [(folder / f'wrote{rank}').read_text() for rank in range(2)]


def test_the_reason_is_shown_and_not_what_the_launcher_adds(folder: Path) -> None:
    log = folder / 'tool.log'
    log.write_text('of an earlier run\n')
    command = tool_command(['tool.py', str(folder), '--fail'], 'pytorch', 2)
    with locked(folder) as lock, pytest.raises(StageError) as error:
        run_tool(command, lock, log)
    *lines, last = str(error.value).splitlines()
    assert lines[-1] == 'ValueError: photo.png: unreadable image'
    assert 'failed with status 1' in last and 'earlier' not in str(error.value)
    assert 'ChildFailedError' in log.read_text() and 'ChildFailedError' not in str(error.value)
