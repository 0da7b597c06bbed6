"""Resuming from the latest checkpoint of a work dir that was moved, or whose run was killed.

Condition: the checkpoint that ``last_checkpoint`` of the work dir names, by its absolute path, is
not there, as the work dir was moved; or a run was killed while it wrote one of the two files, which
mmengine overwrites in place: ``last_checkpoint`` is empty or damaged, or the checkpoint is cut off;
or its weights are not finite. mmengine then fails to resume, or trains on with NaN.

Remedy: the file of the same name in the work dir is taken in its place; else the newest checkpoint
there that is whole and finite. Of a recorded one that is gone only newer ones take the place: older
ones would quietly undo training.
"""

import os
import os.path as osp
import re
from functools import lru_cache

import mmengine.runner as runner_package
from mmengine.logging import print_log
from mmengine.runner import _flexible_runner, runner as runner_module
from mmengine.runner.checkpoint import find_latest_checkpoint

from mmwsss.structures import is_printable

from .checkpoint_file import read_checkpoint

_SAVED = re.compile(r'(?:epoch|iter)_(\d+)\.pth')


def find_last_checkpoint(work_dir: str) -> str | None:
    """Find the last checkpoint of a run, also if the run was moved or killed.

    Args:
        work_dir (str): The work dir of the run.

    Returns:
        str | None: The checkpoint; None if there is none that is whole.

    Raises:
        FileNotFoundError: If it is not where it was saved, and the work dir has none.
    """
    recorded = _recorded(work_dir)
    if recorded is None or '://' in recorded:
        return recorded
    named = [recorded, osp.join(work_dir, osp.basename(recorded))] if recorded else []
    # With max_keep_ckpts=1 the recorded one is removed before the next is saved and recorded.
    gone = bool(recorded) and not any(map(osp.exists, named))
    candidates = [*named, *_saved(work_dir, _number(recorded) if gone else -1)]
    faults: list[str] = []
    found = next((path for path in candidates if _is_usable(path, faults)), None)
    if found == recorded:
        return found
    record = osp.join(work_dir, 'last_checkpoint')
    if recorded and not any(map(osp.exists, candidates)):
        raise FileNotFoundError(
            f'{record}: there is no {recorded}, nor a file of that name beside it; put it there, '
            f'name another checkpoint (--resume FILE), or delete {record} to begin anew'
        )
    if not recorded:
        faults.insert(0, f'{record} is empty or damaged: the run was killed')
    elif not osp.exists(recorded):
        faults.insert(0, f'{recorded} is gone: the work dir was moved, or the run was killed')
    faults.append(f'taking {found}' if found else 'beginning anew')
    print_log('; '.join(faults), logger='current')
    return found


def _recorded(work_dir: str) -> str | None:
    """Read the path in ``last_checkpoint``; '' if it holds none, None if there is no such file."""
    try:
        recorded = find_latest_checkpoint(work_dir)
    except (IsADirectoryError, UnicodeDecodeError):
        return ''
    return recorded if recorded is None or is_printable(recorded) else ''


def _saved(work_dir: str, after: int) -> list[str]:
    """List the checkpoints of a work dir after an epoch or iteration, the newest first."""
    names = [name for name in os.listdir(work_dir) if _number(name) > after]
    return [osp.join(work_dir, name) for name in sorted(names, key=_number, reverse=True)]


def _number(path: str) -> int:
    """Read the epoch or iteration from a checkpoint's name; -1 if it is no such name."""
    match = _SAVED.fullmatch(osp.basename(path))
    return int(match[1]) if match else -1


def _is_usable(path: str, faults: list[str]) -> bool:
    """Tell whether a checkpoint exists, is whole and finite; what is wrong goes to ``faults``."""
    if not osp.isfile(path):
        return osp.isdir(path)  # strategies of large models save folders
    with open(path, 'rb') as file:
        archive = b'PK'.startswith(file.read(2))
    if not archive:  # PyTorch before 1.6; whoever loads it finds what is wrong
        return True
    status = os.stat(path)
    fault = _fault(path, status.st_size, status.st_mtime_ns)
    if fault:
        faults.append(fault)
    return not fault


@lru_cache(maxsize=64)
def _fault(path: str, size: int, mtime_ns: int) -> str:
    """Describe what is wrong with a checkpoint; kept, since a run asks several times for it."""
    try:
        read_checkpoint(path, 'cpu')
    except (OSError, ValueError) as error:
        return str(error)
    return ''


def resume_moved_runs() -> None:
    """Make automatic resuming, as by ``--resume``, work in moved work dirs and after a kill."""
    for module in (runner_package, runner_module, _flexible_runner):
        module.find_latest_checkpoint = find_last_checkpoint
