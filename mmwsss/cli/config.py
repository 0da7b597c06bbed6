"""Configs as the command-line tools use them: read, and changed by the tools' options."""

import argparse
import os
import os.path as osp
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import MODELS, init_default_scope
from mmseg.models import BaseSegmentor

from mmwsss.compat.moved_runs import find_last_checkpoint
from mmwsss.engine.config_options import merge_options
from mmwsss.engine.initial_weights import fill_seed
from mmwsss.evaluation.mask_folders import metric_folders

from .config_kind import refuse_pipeline
from .weights import require_weights

_SUFFIXES = ('.py', '.json', '.yaml', '.yml')  # what mmengine reads


def read_config(path: str | os.PathLike, options: Mapping[str, Any] | None = None) -> Config:
    """Read a config and replace some of its settings.

    Args:
        path (str or os.PathLike): The config file.
        options (Mapping, optional): New values by dotted key, as from ``--cfg-options``.
            Defaults to None.

    Returns:
        Config: The config with these values.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is a file of another kind; see :func:`merge_options` too.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: there is no such config')
    if not str(path).endswith(_SUFFIXES):
        raise ValueError(f'{path}: no config; name a file of Python, {", ".join(_SUFFIXES)}')
    cfg = Config.fromfile(path)
    merge_options(cfg, options)
    return cfg


def find_run_config(work_dir: Path) -> Path:
    """Find the config that a training run left in its work directory.

    Args:
        work_dir (Path): The work directory.

    Returns:
        Path: The config file.

    Raises:
        ValueError: If there is not exactly one config.
    """
    configs = sorted(work_dir.glob('*.py'))
    if len(configs) != 1:
        raise ValueError(f'{work_dir} has {len(configs)} configs: name one with --config')
    return configs[0]


def load_config(args: argparse.Namespace) -> Config:
    """Read the config ``args.config`` and apply the options that most tools share.

    ``{seed}`` in ``load_from`` becomes ``randomness.seed``, so that runs with several seeds can
    each start from the checkpoint of their own seed.

    Args:
        args (argparse.Namespace): Parsed ``config``, ``cfg_options``, ``work_dir``, ``launcher``
            and ``local_rank``.

    Returns:
        Config: The config with its ``launcher`` and ``work_dir``, which by default is
        ``work_dirs/<name of the config>``.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If it is that of a pipeline, or ``load_from`` has ``{seed}`` and there is none.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = read_config(args.config, args.cfg_options)
    refuse_pipeline(cfg, args.config)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = osp.join('work_dirs', osp.splitext(osp.basename(args.config))[0])
    if cfg.get('load_from'):
        cfg.load_from = fill_seed(cfg.load_from, cfg.get('randomness', {}).get('seed'))
    return cfg


def merge_train_options(cfg: Config, args: argparse.Namespace) -> None:
    """Apply the options of ``tools/train.py``.

    Args:
        cfg (Config): A complete config; changed in place.
        args (argparse.Namespace): Parsed ``config``, ``no_validate``, ``amp``, ``resume`` and
            ``auto_scale_lr``.

    Raises:
        ValueError: If ``--amp`` or ``--auto-scale-lr`` needs what is not there.
    """
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        enable_amp(cfg)
    if args.resume == 'auto':
        # A run that has saved nothing yet starts from the beginning, with its load_from.
        cfg.resume = find_last_checkpoint(cfg.work_dir) is not None
        cfg.load_from = None if cfg.resume else cfg.get('load_from')
    elif args.resume is not None:
        cfg.resume, cfg.load_from = True, args.resume
    if cfg.get('load_from') or cfg.get('resume'):
        require_weights(cfg)
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise ValueError(
                f'{args.config} has no auto_scale_lr: add auto_scale_lr=dict(base_batch_size=…)'
            )
        cfg.auto_scale_lr.enable = True


def merge_test_options(cfg: Config, args: argparse.Namespace) -> None:
    """Apply the options of ``tools/test.py``.

    Args:
        cfg (Config): A complete config; changed in place.
        args (argparse.Namespace): Parsed ``checkpoint``, ``out``, ``show_dir``, ``tta`` and
            ``amp``.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If ``--tta`` needs what the config lacks, or ``--amp`` an accelerator.
    """
    require_checkpoint(args.checkpoint)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    require_weights(cfg, prefixes=[''], same_classes=True)
    keep_outputs(cfg, args.out, args.show_dir)
    cfg.custom_hooks = [*cfg.get('custom_hooks', []), dict(type='mmwsss.FusedBatchNormHook')]
    if args.tta:
        use_test_time_aug(cfg)
    if args.amp:
        _require_accelerator()
        cfg.test_cfg.fp16 = True


def require_checkpoint(path: str) -> None:
    """Refuse a checkpoint that does not exist.

    Args:
        path (str): The checkpoint file.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: there is no such checkpoint')


def enable_amp(cfg: Config) -> None:
    """Train with automatic mixed precision.

    Args:
        cfg (Config): A complete config; changed in place.

    Raises:
        ValueError: If there is no accelerator. mmengine's loss scaling needs one.
    """
    _require_accelerator()
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def _require_accelerator() -> None:
    if get_device() == 'cpu':
        raise ValueError(
            '--amp needs an accelerator and none was found; on a CPU run without --amp'
        )


def use_test_time_aug(cfg: Config) -> None:
    """Test on several views of each image and merge the predictions.

    Args:
        cfg (Config): A complete config with ``tta_pipeline``, which makes the views, and
            ``tta_model``, which merges the predictions; changed in place.

    Raises:
        ValueError: If the config lacks one of them.
    """
    for key in ('tta_model', 'tta_pipeline'):
        if key not in cfg:
            raise ValueError(f'--tta needs {key} in the config; docs/segmentation.md shows one')
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.model = dict(cfg.tta_model, module=cfg.model)


def keep_outputs(cfg: Config, out: str | None, show_dir: str | None) -> None:
    """Let a test write its predictions to files.

    Args:
        cfg (Config): A complete config; changed in place.
        out (str, optional): Folder of the predictions. A classifier writes its response maps
            (a CAMStore), a segmentor its masks (indexed PNGs; with several metrics, one
            subfolder for each).
        show_dir (str, optional): Folder of the overlays.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    if _is_segmentor(cfg.model):
        _keep_masks(cfg, out, show_dir)
        return
    hooks = list(cfg.get('custom_hooks') or [])
    if out:
        hooks.append(dict(type='mmwsss.CAMStoreHook', out_dir=out))
    if show_dir:
        hooks.append(dict(type='mmwsss.CAMVisualizationHook', out_dir=show_dir))
    cfg.custom_hooks = hooks


def _is_segmentor(model: Mapping[str, Any]) -> bool:
    with MODELS.switch_scope_and_registry(None) as registry:
        cls = registry.get(model['type']) if isinstance(model['type'], str) else model['type']
    return isinstance(cls, type) and issubclass(cls, BaseSegmentor)


def _keep_masks(cfg: Config, out: str | None, show_dir: str | None) -> None:
    """Set mmseg's own options: ``output_dir`` of its metric, and its visualisation hook."""
    if out:
        for metric, folder in metric_folders(cfg.test_evaluator, out):
            metric['output_dir'] = folder
    if show_dir:
        cfg.default_hooks['visualization'] = dict(type='mmseg.SegVisualizationHook', draw=True)
        cfg.visualizer['save_dir'] = show_dir
