"""Running the tools: one after another, one pipeline a folder, no orphans."""

import ctypes
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from .progress import ProgressDisplay
from .shipped import TOOLS

LOCK_NAME = '.lock'
_PR_SET_PDEATHSIG = 1


class StageError(RuntimeError):
    """A stage's tool failed."""


@contextmanager
def locked(folder: Path, patience: float = 5.0) -> Iterator[int]:
    """Hold a folder's lock, which the tools inherit, so that nobody else works there.

    Args:
        folder: made where there is none.
        patience: seconds to wait for the tool of a run that was killed to end.

    Yields:
        the lock's file descriptor.

    Raises:
        RuntimeError: another run holds it.
    """
    import fcntl  # not on Windows

    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience
    with open(folder / LOCK_NAME, 'w') as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise RuntimeError(
                        f'{folder}: another run works here; wait for it, stop it, or take another '
                        'folder'
                    ) from error
                time.sleep(0.1)
        yield file.fileno()


def tool_command(arguments: Sequence[str], launcher: str, processes: int) -> list[str]:
    """Command that runs a tool.

    Args:
        arguments: the tool's file name and its arguments.
        launcher: 'none', 'pytorch' (processes of this machine) or 'slurm' (srun; SRUN_ARGS of the
            environment go to it).
        processes: how many, one an accelerator.
    """
    tool = [str(TOOLS / arguments[0]), *arguments[1:]]
    if launcher == 'none':
        return [sys.executable, *tool]
    if launcher == 'pytorch':
        run = ['-m', 'torch.distributed.run', f'--nproc_per_node={processes}']
        run += [f'--master_port={_free_port()}']
        return [sys.executable, *run, *tool, '--launcher', 'pytorch']
    given = shlex.split(os.environ.get('SRUN_ARGS', ''))
    srun = ['srun', f'--ntasks={processes}', '--kill-on-bad-exit=1', *given]
    return [*srun, sys.executable, '-u', *tool, '--launcher', 'slurm']


def run_tool(command: Sequence[str], lock: int, log: Path | None = None) -> None:
    """Run a tool to its end; it dies with this process.

    Args:
        command: see :func:`tool_command`.
        lock: see :func:`locked`.
        log: file that its output is added to; None: it is shown.

    Raises:
        StageError: it failed; has the end of the log.
    """
    parent = os.getpid()
    environment = {**os.environ, 'PYTHONUNBUFFERED': '1'}
    with open(log, 'ab') if log else nullcontext() as stream:
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT if log else None,
            pass_fds=(lock,),
            preexec_fn=lambda: _die_with(parent),
        )
        try:
            code = _wait(process, log)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code != 0:
        failed = f'{shlex.join(map(str, command))} failed with status {code}'
        raise StageError(f'{_tail(log)}\n{failed}: see {log}' if log else failed)


def _wait(process: subprocess.Popen, log: Path | None) -> int:
    """Wait for a tool to end, and show its progress by its log; return its status."""
    if log is None:
        return process.wait()
    display = ProgressDisplay(log)
    try:
        while True:
            try:
                return process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                display.update()
    finally:
        display.close()


def _tail(log: Path, lines: int = 15) -> str:
    return '\n'.join(log.read_text(errors='replace').splitlines()[-lines:])


def _die_with(parent: int) -> None:
    """Ask Linux to end this process when its parent is gone, even by SIGKILL."""
    if not sys.platform.startswith('linux'):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was gone already
        os._exit(1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
