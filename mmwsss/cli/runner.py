"""Runners as the command-line tools build them, on accelerators or CPUs."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmwsss.compat.cpu_distributed import prepare_cpu_distributed
from mmwsss.datasets.check import check_config, raise_faults
from mmwsss.datasets.settings_check import check_settings
from mmwsss.engine.cpu_memory import keep_freed_memory
from mmwsss.parent_process import join_launcher

from .config import read_config
from .config_kind import refuse_pipeline


def check_data(cfg: Config, loaders: Sequence[str]) -> None:
    """Decode all images and masks of some data loaders.

    Args:
        cfg (Config): A complete config.
        loaders (Sequence[str]): Keys of the data loaders, such as 'train_dataloader'.

    Raises:
        DataError: If a file is unreadable or does not fit the model; lists every fault.
    """
    raise_faults(check_config(cfg, loaders))


def check_run(cfg: Config, loaders: Sequence[str]) -> None:
    """Check the settings of a run before anything is built with them.

    Args:
        cfg (Config): A complete config.
        loaders (Sequence[str]): Keys of the data loaders that the run uses, or 'label_dataset'.

    Raises:
        ValueError: If the config lacks the first of the loaders, or settings do not fit together;
            lists every fault.
    """
    if not cfg.get(loaders[0]):
        raise ValueError(
            f'{cfg.filename}: has no {loaders[0]}, which this tool works on; name a config that '
            'has one'
        )
    faults = check_settings(cfg, loaders)
    if faults:
        raise ValueError('\n'.join(['settings that do not fit together:', *faults]))


def read_run_config(
    path: str | os.PathLike, options: Mapping[str, Any] | None, loader: str
) -> Config:
    """Read the config of a run that is to be looked at, and check its settings.

    Args:
        path (str or os.PathLike): The config file.
        options (Mapping, optional): See :func:`read_config`.
        loader (str): Key of the data loader, the images of which are looked at.

    Returns:
        Config: The config.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If it is the config of a pipeline, has no such loader, or its settings do not
            fit together; lists every fault.
    """
    cfg = read_config(path, options)
    refuse_pipeline(cfg, path)
    check_run(cfg, (loader,))
    return cfg


def build_runner(cfg: Config) -> Runner:
    """Build the runner of a complete config.

    Args:
        cfg (Config): A complete config, with ``launcher`` and ``work_dir``.

    Returns:
        Runner: mmengine's runner, or the one that ``runner_type`` names.
    """
    join_launcher(cfg.get('launcher', 'none'))
    prepare_cpu_distributed(cfg)
    if get_device() == 'cpu':
        keep_freed_memory()
    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
