"""Every checkpoint that mmengine loads goes through one reader that runs nothing.

Condition: any checkpoint. A resumable one holds the message hub's history buffers, which PyTorch's
``weights_only=True`` does not know; mmengine then either stops (original) or warns and unpickles
everything (OneDL fork), which would run whatever code a file contains. ``Runner.resume`` runs the
config's text in a checkpoint as Python even so.

Remedy: the loaders of all schemes are replaced by such that bring a file here and hand it to
:func:`~.checkpoint_file.read_checkpoint`. A scheme of mmengine that is not among them is refused.
"""

import os
import os.path as osp
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import wraps
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlparse

import torch
from mmengine.dist import get_dist_info
from mmengine.fileio import get_file_backend
from mmengine.runner import CheckpointLoader, Runner, checkpoint as mmengine_checkpoint
from mmengine.runner._flexible_runner import FlexibleRunner

from .checkpoint_file import read_checkpoint


def load_from_local_safely(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Read a local checkpoint.

    Args:
        filename (str): The file.
        map_location (Any): See ``torch.load``. Defaults to None.

    Returns:
        dict[str, Any]: The checkpoint, see :func:`~.checkpoint_file.read_checkpoint`.
    """
    return read_checkpoint(filename, map_location)


def load_from_http_safely(
    filename: str, map_location: Any = None, model_dir: str | None = None
) -> dict[str, Any]:
    """Download a checkpoint, rank 0 first, and read it; the file is kept for the next time.

    Args:
        filename (str): The URL.
        map_location (Any): See ``torch.load``. Defaults to None.
        model_dir (str, optional): The folder to keep downloads in. Defaults to ``torch.hub``'s.

    Returns:
        dict[str, Any]: The checkpoint.

    Raises:
        ValueError: If it cannot be downloaded or is no checkpoint. The message names URL and file.
    """
    rank, world_size = get_dist_info()
    if world_size > 1 and rank > 0:
        torch.distributed.barrier()
    try:
        path = _download(filename, model_dir)
    finally:  # a failure of rank 0 must not leave the others waiting
        if world_size > 1 and rank == 0:
            torch.distributed.barrier()
    try:
        return read_checkpoint(path, map_location)
    except ValueError as error:
        raise ValueError(f'{filename}: {error}; delete {path} to download it again') from error


def _download(url: str, model_dir: str | None) -> str:
    folder = model_dir or osp.join(torch.hub.get_dir(), 'checkpoints')
    path = osp.join(folder, osp.basename(urlparse(url).path))
    if not osp.isfile(path):
        os.makedirs(folder, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, path)
        except (OSError, ValueError) as error:
            raise ValueError(f'{url}: cannot be downloaded ({error})') from error
    return path


def load_from_store_safely(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Read a checkpoint from an object store by mmengine's backend.

    Args:
        filename (str): The address, ``s3://…`` or ``petrel://…``.
        map_location (Any): See ``torch.load``. Defaults to None.

    Returns:
        dict[str, Any]: The checkpoint.

    Raises:
        ValueError: If it is no checkpoint. The message names the address.
    """
    backend = get_file_backend(filename, backend_args={'backend': 'petrel'})
    with TemporaryDirectory() as folder:
        path = osp.join(folder, osp.basename(filename))
        with open(path, 'wb') as file:
            file.write(backend.get(filename))
        try:
            return read_checkpoint(path, map_location)
        except ValueError as error:
            raise ValueError(str(error).replace(path, filename)) from error


def load_from_zoo_safely(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Read a checkpoint that a table of mmengine or torchvision names.

    Args:
        filename (str): The name, such as ``torchvision://resnet50``.
        map_location (Any): See ``torch.load``. Defaults to None.

    Returns:
        dict[str, Any]: The checkpoint.

    Raises:
        ValueError: If the table has no such name, or the file is no checkpoint.
    """
    scheme, _, name = filename.partition('://')
    models = _ZOOS[f'{scheme}://']()
    if name not in models:
        raise ValueError(f'{filename}: {scheme}:// has no model of this name; correct it')
    place = models[name]
    if '://' in place:
        checkpoint = load_from_http_safely(place, map_location)
    else:
        home = mmengine_checkpoint._get_mmengine_home()
        checkpoint = read_checkpoint(osp.join(home, place), map_location)
    return _backbone_of(checkpoint) if scheme == 'mmcls' else checkpoint


def _openmmlab_models() -> dict[str, str]:
    models = mmengine_checkpoint.get_external_models()
    renamed = mmengine_checkpoint.get_deprecated_model_names().items()
    return models | {old: models[new] for old, new in renamed if new in models}


def _backbone_of(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Take the backbone alone, by its bare names, as mmengine does for ``mmcls://``."""
    state = checkpoint.get('state_dict', checkpoint)
    prefix = 'backbone.'
    return {
        'state_dict': OrderedDict(
            (key.removeprefix(prefix), x) for key, x in state.items() if key.startswith(prefix)
        )
    }


_ZOOS: dict[str, Callable[[], dict[str, str]]] = {
    'torchvision://': mmengine_checkpoint.get_torchvision_models,
    'modelzoo://': mmengine_checkpoint.get_torchvision_models,
    'open-mmlab://': _openmmlab_models,
    'openmmlab://': _openmmlab_models,
    'mmcls://': mmengine_checkpoint.get_mmcls_models,
}
_STORES = (r'(\S+\:)?s3://', r'(\S+\:)?petrel://')
_WEB = ('http://', 'https://')


def _refuse(filename: str, map_location: Any = None) -> dict[str, Any]:
    raise ValueError(f'{filename}: this kind of address is not read; download it, name the file')


def _resumed_by_name(resume: Callable) -> Callable:
    """Let whatever a checkpoint of another form raises on resuming name the checkpoint."""

    @wraps(resume)
    def resume_or_name(self: Any, filename: str, *args: Any, **kwargs: Any) -> None:
        try:
            resume(self, filename, *args, **kwargs)
            if not all(isinstance(count, int) and count >= 0 for count in (self.epoch, self.iter)):
                raise TypeError(f'epoch {self.epoch!r}, iteration {self.iter!r}')
            _keep_in_work_dir(self)
        except Exception as error:  # a missing key, a wrong type, a state of another optimiser …
            if str(filename) in str(error):
                raise
            reason = next(iter(str(error).splitlines()), '')
            raise ValueError(
                f'{filename}: no training can go on from it ({type(error).__name__}: {reason}); '
                'take a checkpoint that the training of this config saved'
            ) from error

    return resume_or_name


def _keep_in_work_dir(runner: Any) -> None:
    """Let a run remove no other file than its own, when it finds a better checkpoint.

    The path of the one before comes from the checkpoint that is resumed.
    """
    info = runner.message_hub.runtime_info
    for key, value in info.items():
        if key.startswith('best_ckpt') and value is not None:
            info[key] = osp.join(runner.work_dir, osp.basename(str(value)))


def _saved_by_name(save: Callable) -> Callable:
    """Let an error of a checkpoint's file, such as a full disk, name the file."""

    @wraps(save)
    def save_or_name(self: Any, out_dir: str, filename: str, *args: Any, **kwargs: Any) -> None:
        try:
            save(self, out_dir, filename, *args, **kwargs)
        except OSError as error:
            if error.errno is None or error.filename is not None:
                raise
            path = osp.join(out_dir, filename)
            raise OSError(error.errno, error.strerror, path) from error

    return save_or_name


def load_checkpoints_safely() -> None:
    """Make mmengine read all checkpoints without running anything that they contain."""
    loaders: dict[str, Callable] = {'': load_from_local_safely}
    loaders |= dict.fromkeys(_WEB, load_from_http_safely)
    loaders |= dict.fromkeys(_STORES, load_from_store_safely)
    loaders |= dict.fromkeys(_ZOOS, load_from_zoo_safely)
    of_mmengine = [
        prefix
        for prefix, loader in CheckpointLoader._schemes.items()
        if loader.__module__ == mmengine_checkpoint.__name__
    ]
    for prefix in of_mmengine:
        loader = loaders.get(prefix, _refuse)
        CheckpointLoader.register_scheme(prefixes=prefix, loader=loader, force=True)
    if of_mmengine:
        for runner in (Runner, FlexibleRunner):
            runner.resume = _resumed_by_name(runner.resume)
            runner.save_checkpoint = _saved_by_name(runner.save_checkpoint)
