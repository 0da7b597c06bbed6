"""Running the tools: one after another, one pipeline a folder, no orphans."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from mmwsss.folder_lock import LOCK_VARIABLE, FolderLock
from mmwsss.parent_process import end_with_parent

from .progress import ProgressDisplay
from .shipped import TOOLS

# «W1126 09:12:18.332000 22304 torch/distributed/elastic/…»: from here on of the launcher alone. An
# environment below the working folder is named before torch.
_OF_TORCHRUN = re.compile(r'[A-Z]\d{4} [\d:.]+ \d+ (?:\S*/)?torch/distributed/elastic')


class StageError(RuntimeError):
    """A stage's tool failed."""


def tool_command(arguments: Sequence[str], launcher: str, processes: int) -> list[str]:
    """Put together the command that runs a tool.

    Args:
        arguments (Sequence[str]): The tool's file name and its arguments.
        launcher (str): 'none', 'pytorch' (processes of this machine) or 'slurm' (srun, which also
            gets SRUN_ARGS of the environment).
        processes (int): Number of processes, one for each accelerator.

    Returns:
        list[str]: The command.
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


def run_tool(
    command: Sequence[str], lock: FolderLock, log: Path | None = None, jobs: int = 1
) -> None:
    """Run a tool to its end; it dies with this process.

    Args:
        command (Sequence[str]): The command, see :func:`tool_command`.
        lock (FolderLock): Lock that the tool's processes share.
        log (Path, optional): File that its output is added to. Defaults to None: it is shown.
        jobs (int): Tools that run at the same time. Of several, each gets its share of the cores,
            and none shows its progress. Defaults to 1.

    Raises:
        StageError: If the tool failed; has the end of the log.
    """
    parent = os.getpid()
    environment = {**os.environ, 'PYTHONUNBUFFERED': '1', LOCK_VARIABLE: str(lock.path)}
    if jobs > 1:
        environment.setdefault('OMP_NUM_THREADS', str(max(1, (os.cpu_count() or 1) // jobs)))
    size = log.stat().st_size if log and log.is_file() else 0
    with open(log, 'ab') if log else nullcontext() as stream:
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT if log else None,
            pass_fds=(lock.descriptor,),
            preexec_fn=lambda: end_with_parent(signal.SIGTERM, parent),
        )
        try:
            code = _wait(process, log if jobs == 1 else None)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code != 0:
        failed = f'{shlex.join(map(str, command))} failed with status {code}'
        raise StageError(f'{_tail(log, size)}\n{failed}: see {log}' if log else failed)


def _wait(process: subprocess.Popen, log: Path | None) -> int:
    """Wait for a tool to end, and show its progress if there is a log; return its status."""
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


def _tail(log: Path, begin: int, lines: int = 15) -> str:
    """Read the last lines of a log after a byte, without what torchrun adds to them."""
    with open(log, 'rb') as file:
        file.seek(begin)
        written = file.read().decode(errors='replace')
    # It may begin within a line: the processes share the log.
    return '\n'.join(_OF_TORCHRUN.split(written, maxsplit=1)[0].splitlines()[-lines:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
