"""Work divided among the processes of a launcher and of a pool, and the failures in all of them."""

import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from mmengine.config import Config
from mmengine.dist import all_gather_object, get_dist_info, init_dist, is_distributed
from mmengine.registry import init_default_scope

from mmwsss.compat.cpu_distributed import prepare_cpu_distributed
from mmwsss.datasets import LabelFolder
from mmwsss.folder_lock import claimed
from mmwsss.main_process import call_on_main_process
from mmwsss.parent_process import join_launcher
from mmwsss.worker_processes import ImageError

Item = TypeVar('Item')

# Starting a pool of any size takes as long as the CRF of so many small images (6 s of 0.15 s).
_IMAGES_PER_START = 40


def start_processes(cfg: Config) -> None:
    """Set the default scope and join the processes that the launcher has started.

    Args:
        cfg (Config): A config with ``launcher``; without one, this process works alone.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    launcher = cfg.get('launcher', 'none')
    join_launcher(launcher)
    if launcher != 'none' and not is_distributed() and not prepare_cpu_distributed(cfg):
        init_dist(launcher, **cfg.get('env_cfg', {}).get('dist_cfg', {}))


@contextmanager
def open_labels(
    root: str | os.PathLike, kind: str, classes: Sequence[str], settings: Mapping
) -> Iterator[LabelFolder]:
    """Make a folder of labels, or go on with one; no other run may write there meanwhile.

    All processes must enter this together.

    Args:
        root (str | os.PathLike): The folder.
        kind (str): Kind of the labels, 'affinity' or 'pseudo'.
        classes (Sequence[str]): Names of the foreground classes.
        settings (Mapping): Settings that the labels depend on.

    Yields:
        LabelFolder: The folder.

    Raises:
        ValueError: In every process, if another run writes there, or labels that are there were
            made from something else.
    """
    call_on_main_process(lambda: LabelFolder.create(root, kind, classes, settings))
    with claimed(root):
        yield LabelFolder.open(root, kind, classes)


def own_share(items: Sequence[Item]) -> Sequence[Item]:
    """Take the items that this process works on.

    Args:
        items (Sequence): All items, the same in every process.

    Returns:
        Sequence: Every ``world_size``-th item, counted from the rank of this process.
    """
    rank, world_size = get_dist_info()
    return items[rank::world_size]


def pool_size(workers: int | None, images: int) -> int:
    """Choose how many processes the pool of this process has.

    All processes of the launcher must call this together.

    Args:
        workers (int, optional): The number that the user asked for. None: one for each core,
            where the processes of the launcher divide the cores that they share; 0 where this
            is a single core, or where the images are too few to make up for the start.
        images (int): How many images this process works on.

    Returns:
        int: The number of processes; 0 works in this one.
    """
    if workers is not None:
        return workers
    cores = _usable_cores()
    everywhere = all_gather_object((socket.gethostname(), cores))
    sharing = sum(
        host == socket.gethostname() and not cores.isdisjoint(others) for host, others in everywhere
    )
    mine = len(cores) // sharing
    # What the pool saves, images * (1 - 1 / mine), must outweigh the import of the package.
    return mine if images * (mine - 1) >= _IMAGES_PER_START * mine else 0


def _usable_cores() -> set[int]:
    """The cores that the system lets this process use."""
    if hasattr(os, 'sched_getaffinity'):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def collect_failures(results: Iterable[object]) -> list[ImageError]:
    """Finish the work of a pool.

    Args:
        results (Iterable): Results of :func:`ordered_map` with ``on_error='return'``.

    Returns:
        list[ImageError]: The errors among the results.
    """
    return [result for result in results if isinstance(result, ImageError)]


def raise_failures(failures: Sequence[ImageError], total: int) -> None:
    """Raise an error in every process if any process has failures.

    Args:
        failures (Sequence[ImageError]): The failures in this process.
        total (int): How many images all processes have together.

    Raises:
        RuntimeError: If there is a failure; names the first images and their errors.
    """
    count, lines = gather_lines([str(failure) for failure in failures])
    if count:
        raise RuntimeError(
            f'{count} of {total} images failed; the others are done, run again when these are '
            f'corrected:\n{lines}'
        )


def gather_lines(lines: Sequence[str]) -> tuple[int, str]:
    """Gather lines of text from all processes.

    Args:
        lines (Sequence[str]): The lines of this process.

    Returns:
        tuple[int, str]: How many lines there are altogether, and the first five of them, sorted
        and joined.
    """
    everywhere = sorted(line for gathered in all_gather_object(lines) for line in gathered)
    more = [f'… and {len(everywhere) - 5} more'] if len(everywhere) > 5 else []
    return len(everywhere), '\n'.join([*everywhere[:5], *more])
