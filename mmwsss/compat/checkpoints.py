"""Loading checkpoints without ever unpickling arbitrary objects.

Condition: any checkpoint. A resumable one holds the message hub's history buffers, which PyTorch's
``weights_only=True`` does not know; mmengine then either stops (original) or warns and unpickles
everything (OneDL fork), which would run whatever code a file contains.

Remedy: local and HTTP checkpoints are read with ``weights_only=True`` and the few types that
mmengine writes. What needs more is refused, with the file's name. An attribute look-up, which a
history buffer's state contains, is allowed on that class alone.
"""

import os.path as osp
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_dist_info
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader


def _history_buffer_attribute(owner: type, name: str) -> Any:
    """``getattr`` for the methods that a history buffer's state refers to, and nothing else."""
    if owner is not HistoryBuffer or name not in ('min', 'max', 'current', 'mean'):
        raise pickle.UnpicklingError(f'attribute {name!r} of {owner!r} is not allowed')
    return getattr(owner, name)


def safe_globals() -> list:
    """The objects beside tensors that a checkpoint of mmengine may contain."""
    core = np._core if hasattr(np, '_core') else np.core
    dtypes = {type(np.dtype(kind)) for kind in ('f2', 'f4', 'f8', 'i4', 'i8', 'u1', 'u4', 'bool')}
    return [
        HistoryBuffer,
        (_history_buffer_attribute, 'builtins.getattr'),
        slice,
        np.ndarray,
        np.dtype,
        *dtypes,
        *((f, f'{m}.{f.__name__}') for f in _reconstructors(core) for m in _CORE_MODULES),
    ]


_CORE_MODULES = ('numpy._core.multiarray', 'numpy.core.multiarray')


def _reconstructors(core: Any) -> tuple[Callable, Callable]:
    return core.multiarray._reconstruct, core.multiarray.scalar


def load_from_local_safely(filename: str, map_location: Any = None) -> Any:
    """Read a local checkpoint with ``weights_only=True``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a PyTorch checkpoint, is truncated, or contains other objects than
            tensors and mmengine's logs.
    """
    filename = osp.expanduser(filename)
    if not osp.isfile(filename):
        raise FileNotFoundError(f'{filename}: there is no such checkpoint')
    try:
        with torch.serialization.safe_globals(safe_globals()):
            return torch.load(filename, map_location=map_location, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(
            f'{filename} cannot be loaded as a checkpoint of tensors: '
            f'{_first_line(error)} If it is whole and from a source you trust, save its '
            "state dict alone: torch.save({'state_dict': …}, …)"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def load_from_http_safely(
    filename: str, map_location: Any = None, model_dir: str | None = None
) -> Any:
    """Download a checkpoint, rank 0 first, and read it with ``weights_only=True``."""
    rank, world_size = get_dist_info()
    if world_size > 1 and rank > 0:
        torch.distributed.barrier()
    checkpoint = torch.hub.load_state_dict_from_url(
        filename, model_dir=model_dir, map_location=map_location, weights_only=True
    )
    if world_size > 1 and rank == 0:
        torch.distributed.barrier()
    return checkpoint


def load_checkpoints_safely() -> None:
    """Make mmengine read local and HTTP checkpoints without unpickling arbitrary objects."""
    CheckpointLoader.register_scheme(prefixes='', loader=load_from_local_safely, force=True)
    CheckpointLoader.register_scheme(
        prefixes=('http://', 'https://'), loader=load_from_http_safely, force=True
    )
