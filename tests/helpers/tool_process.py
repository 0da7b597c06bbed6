"""Runs a tool in a process of its own, forked from a server that has imported the package.

So it starts in a tenth of a second, where ``python tools/train.py`` imports for seconds. The server
is the one of the package's pools.
"""

import os
import runpy
import sys
import tempfile
from pathlib import Path

import torch
from repo import TOOLS

from mmwsss.worker_processes import start_context

PATIENCE = 900  # seconds


def call_tool(tool: str, *arguments: object, cwd: Path | None = None, expect: int = 0) -> str:
    """Run a tool to its end.

    Args:
        tool (str): Path of the tool below ``tools``.
        *arguments (object): Its command line.
        cwd (Path, optional): Working directory. Defaults to that of this process.
        expect (int): Exit status that it must have. Defaults to 0.

    Returns:
        str: What it has written to its standard output and error.
    """
    context = start_context()
    with tempfile.NamedTemporaryFile() as output:
        line = [str(TOOLS / tool), *map(str, arguments)]
        process = context.Process(target=_run, args=(line, str(cwd or Path.cwd()), output.name))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
        text = Path(output.name).read_text()
    assert process.exitcode == expect, text[-5000:]
    return text


def _run(line: list[str], cwd: str, output: str) -> None:
    descriptor = os.open(output, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.chdir(cwd)
    torch.set_num_threads(1)  # test processes share the cores
    sys.argv = line
    runpy.run_path(line[0], run_name='__main__')
