"""One run works in a folder at a time, and a killed one leaves nothing behind."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mmwsss import folder_lock
from mmwsss.folder_lock import LOCK_VARIABLE, claimed, locked, share_lock
from mmwsss.process_pool import ordered_map
from mmwsss.structures import atomic_open
from mmwsss.worker_processes import ImageError


@contextmanager
def other_process(code: str, **environment: str) -> Iterator[subprocess.Popen]:
    """A process that runs code, says «ready» and sleeps."""
    code += '\nprint("ready", flush=True)\nimport time; time.sleep(60)'
    with subprocess.Popen(
        [sys.executable, '-c', code], env=os.environ | environment, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b'ready\n'
        yield process
        process.kill()


SHARE = 'from mmwsss.folder_lock import share_lock; share_lock()'


def test_whoever_shares_a_lock_holds_it(tmp_path: Path) -> None:
    with locked(tmp_path) as lock:
        sharing = other_process(SHARE, **{LOCK_VARIABLE: str(lock.path)})
        process = sharing.__enter__()
    with pytest.raises(RuntimeError, match='another run works here'), locked(tmp_path, 0):
        pass
    process.kill()
    process.wait()
    with locked(tmp_path, 0):
        pass


def test_who_comes_late_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    descriptor = os.open(tmp_path / '.lock', os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    monkeypatch.setenv(LOCK_VARIABLE, str(tmp_path / '.lock'))
    with pytest.raises(RuntimeError, match='has ended'):
        share_lock()
    os.close(descriptor)


def test_a_lock_is_neither_emptied_nor_followed(tmp_path: Path) -> None:
    (tmp_path / '.lock').write_text('kept')
    with locked(tmp_path):
        assert (tmp_path / '.lock').read_text() == 'kept'
    target = tmp_path / 'target'
    for content in ('victim', None):  # a link, and one that leads nowhere
        (tmp_path / '.lock').unlink()
        target.write_text(content) if content else target.unlink()
        (tmp_path / '.lock').symlink_to(target)
        with pytest.raises(OSError, match=r'\.lock: a link'), locked(tmp_path):
            pass
    assert not target.exists()


def test_two_processes_cannot_claim_one_folder(tmp_path: Path) -> None:
    claim = f'from mmwsss.folder_lock import claimed; c = claimed({str(tmp_path)!r}); c.__enter__()'
    with other_process(claim) as process:
        with pytest.raises(ValueError, match=f'{tmp_path}: another run writes'), claimed(tmp_path):
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        for _ in range(2):
            with claimed(tmp_path):
                pass


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    code = f"""
import pathlib
from mmwsss.structures import atomic_open
opened = atomic_open(pathlib.Path({str(tmp_path)!r}, 'a', 'b.png'))
file = opened.__enter__()
file.write(b'half')
file.flush()
"""
    with other_process(code) as process:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (unfinished,) = (tmp_path / 'a').iterdir()
    (tmp_path / '.tmp-notes').touch()  # somebody else's
    with claimed(tmp_path):
        pass
    assert not unfinished.exists() and (tmp_path / '.tmp-notes').exists()


def test_a_full_disk_is_named_once(tmp_path: Path) -> None:
    calls = []

    def write(name: str) -> None:
        calls.append(name)
        with atomic_open(tmp_path / name):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ImageError, match=f'a: OSError.*No space left.*{tmp_path}/a'):
        list(ordered_map(write, ['a', 'b', 'c'], on_error='return', progress=False))
    assert calls == ['a'] and not list(tmp_path.iterdir())
    with pytest.raises(OSError, match=f'No space left.*{tmp_path}/d'):
        write('d')


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='there is no /dev/full')
def test_a_disk_that_is_really_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = open
    monkeypatch.setattr('builtins.open', lambda path, mode: real('/dev/full', 'wb'))
    with (
        pytest.raises(OSError, match=f'No space left.*{tmp_path}/a'),
        atomic_open(tmp_path / 'a') as f,
    ):
        f.write(b'x')


ORPHAN = """
import os, subprocess, sys
child = '''
import os, sys, time
from mmwsss.parent_process import join_launcher
join_launcher("pytorch")
print(os.getpid(), flush=True)
time.sleep(60)
'''
subprocess.Popen([sys.executable, '-c', child]).wait()
"""


def test_a_process_ends_with_its_launcher() -> None:
    with subprocess.Popen([sys.executable, '-c', ORPHAN], stdout=subprocess.PIPE) as launcher:
        child = int(launcher.stdout.readline())
        os.kill(launcher.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while alive(child):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody waits for any more does not."""
    try:
        state = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except FileNotFoundError:
        return False
    return state != 'Z'


def test_without_a_pipeline_there_is_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LOCK_VARIABLE, raising=False)
    monkeypatch.setattr(folder_lock, '_open', None)
    share_lock()
