"""Settings of a run: memory on CPUs and losses that are not finite."""

import platform
import resource
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from mmwsss.engine import cpu_memory
from mmwsss.engine.hooks import FiniteLossHook

FAULTS = """
import resource, torch
from mmwsss.engine.cpu_memory import keep_freed_memory
{call}
for _ in range(3):
    torch.ones(16, 1024, 1024)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    torch.ones(16, 1024, 1024)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(call: str) -> int:
    code = FAULTS.format(call=call)
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return int(result.stdout.splitlines()[-1])


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason="mallopt is glibc's")
def test_large_blocks_are_not_faulted_in_again():
    # Four times the block; where memory is short, the system may take a kept one away once.
    every_time = 4 * 16 * 2**20 * 4 // resource.getpagesize()
    assert page_faults('keep_freed_memory()') < every_time // 2 < page_faults('')


def test_other_libraries_are_left_alone(monkeypatch):
    monkeypatch.setattr(cpu_memory.platform, 'libc_ver', lambda: ('', ''))
    assert not cpu_memory.keep_freed_memory()


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_loss_that_is_not_finite_stops_training(value):
    runner = SimpleNamespace(iter=9, work_dir='work')
    outputs = dict(loss=torch.tensor(1.0), loss_con=torch.tensor(value))
    with pytest.raises(FloatingPointError, match='loss_con not finite at iteration 10'):
        FiniteLossHook(interval=10).after_train_iter(runner, 9, outputs=outputs)
    FiniteLossHook(interval=10).after_train_iter(SimpleNamespace(iter=8), 8, outputs=outputs)
