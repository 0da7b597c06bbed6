"""Running the tools: one after another, one pipeline a folder, no orphans."""

import ctypes
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / '.mim' / 'tools'
LOCK_NAME = '.lock'
_PR_SET_PDEATHSIG = 1


class StageError(RuntimeError):
    """A stage's tool failed."""


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Hold a folder's lock, which the tools inherit, so that nobody else works there.

    Yields:
        the lock's file descriptor.

    Raises:
        RuntimeError: another run holds it.
    """
    import fcntl  # not on Windows

    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK_NAME, 'w') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RuntimeError(
                f'{folder}: another run works here; wait for it, stop it, or take another folder'
            ) from error
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


def run_tool(command: Sequence[str], lock: int) -> None:
    """Run a tool to its end; it dies with this process.

    Raises:
        StageError: it failed; its own message stands above.
    """
    parent = os.getpid()
    environment = {**os.environ, 'PYTHONUNBUFFERED': '1'}
    process = subprocess.Popen(
        command, env=environment, pass_fds=(lock,), preexec_fn=lambda: _die_with(parent)
    )
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code != 0:
        raise StageError(f'{shlex.join(map(str, command))} failed with status {code}')


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
