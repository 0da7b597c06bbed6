"""Resuming from the latest checkpoint of a work dir that was moved or copied.

Condition: the checkpoint that ``last_checkpoint`` of the work dir names, by its absolute path, is
not there. mmengine then fails to resume, though the file may have come along with the work dir.

Remedy: the file of the same name in the work dir is taken in its place.
"""

import os.path as osp

import mmengine.runner as runner_package
from mmengine.logging import print_log
from mmengine.runner import _flexible_runner, runner as runner_module
from mmengine.runner.checkpoint import find_latest_checkpoint


def find_last_checkpoint(work_dir: str) -> str | None:
    """Find what a run has saved last, as mmengine does, also where its work dir was moved.

    Args:
        work_dir: of the run.

    Returns:
        str | None: The checkpoint; None if none was saved.

    Raises:
        FileNotFoundError: If it is neither where it was saved nor in the work dir.
    """
    recorded = find_latest_checkpoint(work_dir)
    if recorded is None or '://' in recorded or osp.exists(recorded):
        return recorded
    here = osp.join(work_dir, osp.basename(recorded))
    if not osp.exists(here):
        record = osp.join(work_dir, 'last_checkpoint')
        raise FileNotFoundError(
            f'{record}: there is no {recorded}, nor a file of that name beside it; put it there, '
            f'name another checkpoint (--resume FILE), or delete {record} to begin anew'
        )
    print_log(f'{recorded} is gone: its work dir was moved; taking {here}', logger='current')
    return here


def resume_moved_runs() -> None:
    """Make automatic resuming, as by ``--resume``, work in work dirs that were moved."""
    for module in (runner_package, runner_module, _flexible_runner):
        module.find_latest_checkpoint = find_last_checkpoint
