import itertools
import os
import subprocess
import sys
import time
from multiprocessing import forkserver
from pathlib import Path

import pytest

from mmwsss.process_pool import ordered_map
from mmwsss.worker_processes import ImageError, start_context

KILLED = """
import os, signal
from mmwsss.ordered_queue import OrderedQueue

def pid(item):
    return os.getpid()

if __name__ == '__main__':
    queue = OrderedQueue(pid, workers=1)
    queue.put(1)
    print(queue._waiting[0][1].result(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
NO_GUARD = """
from mmwsss.process_pool import ordered_map
list(ordered_map(abs, [1], workers=1, progress=False))
"""


def square(number):
    if number == 13:
        raise ValueError('unlucky')
    return number * number


def die(number):
    if number == 2:
        os._exit(1)
    return number


def test_one_process_keeps_the_order():
    assert list(ordered_map(square, range(5), progress=False)) == [0, 1, 4, 9, 16]


def test_first_failure_is_named_and_stops():
    results = ordered_map(square, [3, 13, 4], name_of='number {}'.format, progress=False)
    assert next(results) == 9
    with pytest.raises(ImageError, match=r'^number 13: ValueError: unlucky$') as caught:
        next(results)
    assert isinstance(caught.value.__cause__, ValueError)
    assert list(results) == []


def test_failure_may_be_returned_in_its_place():
    results = list(ordered_map(square, [3, 13, 4], on_error='return', progress=False))
    assert results[0] == 9
    assert results[2] == 16
    assert results[1].name == '13'
    assert isinstance(results[1].__cause__, ValueError)


def test_endless_items_are_taken_as_needed():
    results = ordered_map(square, itertools.count(), progress=False)
    assert [next(results) for _ in range(4)] == [0, 1, 4, 9]


def test_progress_bar_shows_the_end(capsys):
    list(ordered_map(square, range(3), description='squaring'))
    assert 'squaring' in capsys.readouterr().out


@pytest.mark.parametrize('bad', [{'workers': -1}, {'on_error': 'skip'}])
def test_bad_options_are_errors(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        ordered_map(square, [1], **bad)


@pytest.mark.slow
def test_pool_keeps_the_order_and_survives_a_failure():
    items = [*range(10, 16), *range(3)]
    taken = []
    results = ordered_map(
        square,
        (taken.append(item) or item for item in itertools.chain(items, itertools.count(20))),
        workers=2,
        on_error='return',
        progress=False,
    )
    first = [next(results) for _ in items]
    results.close()
    assert first[3].name == '13'
    assert isinstance(first[3].__cause__, ValueError)
    assert [r for r in first if not isinstance(r, ImageError)] == [
        item * item for item in items if item != 13
    ]
    assert len(taken) <= len(items) + 8


@pytest.mark.slow
def test_dead_worker_is_told_with_a_remedy():
    with pytest.raises(ImageError, match=r'^\d: a worker process died.*take fewer workers$'):
        list(ordered_map(die, range(8), workers=1, progress=False))


def parent(number):
    return os.getppid()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != 'linux', reason='processes are spawned there')
def test_pools_share_a_server_that_has_imported_the_package():
    servers = [set(ordered_map(parent, [1, 2], workers=2, progress=False)) for _ in range(2)]
    assert servers[0] == servers[1]
    assert len(servers[0]) == 1
    assert os.getpid() not in servers[0]


@pytest.mark.skipif(sys.platform != 'linux', reason='processes are spawned there')
def test_start_without_a_socket_and_elsewhere(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(forkserver, 'ensure_running', lambda: None)
        assert start_context().get_start_method() == 'forkserver'

    def refuse():
        raise OSError('AF_UNIX path too long')

    with monkeypatch.context() as patch:
        patch.setattr(forkserver, 'ensure_running', refuse)
        assert start_context().get_start_method() == 'spawn'
    monkeypatch.setattr(sys, 'platform', 'darwin')
    assert start_context().get_start_method() == 'spawn'


def run_script(folder: Path, text: str) -> subprocess.CompletedProcess:
    (folder / 'script.py').write_text(text)
    command = [sys.executable, str(folder / 'script.py')]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_workers_end_when_their_parent_is_killed(tmp_path):
    worker = int(run_script(tmp_path, KILLED).stdout.split()[-1])
    until = time.monotonic() + 60
    while Path(f'/proc/{worker}').exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(f'/proc/{worker}').exists()


@pytest.mark.slow
def test_script_without_a_guard_ends_with_an_explanation(tmp_path):
    done = run_script(tmp_path, NO_GUARD)
    assert done.returncode == 1
    assert "if __name__ == '__main__'" in done.stderr
