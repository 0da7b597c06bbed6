"""What the tools share: the options of OpenMMLab tools and how they enter a config."""

import argparse
import os
import os.path as osp
from collections.abc import Sequence

from mmengine.config import Config, DictAction
from mmengine.device import get_device
from mmengine.registry import MODELS, RUNNERS, init_default_scope
from mmengine.runner import Runner
from mmseg.models import BaseSegmentor

from mmwsss.compat.cpu_distributed import prepare_cpu_distributed
from mmwsss.datasets.check import check_config, raise_faults
from mmwsss.engine.cpu_memory import keep_freed_memory
from mmwsss.evaluation.mask_folders import metric_folders


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that training and testing share."""
    parser.add_argument('--work-dir', help='directory of logs, checkpoints and results')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings that replace those of the config, as key=value; nested keys by dots, lists '
        'as key="[a,b]" or key=a,b, tuples as key="(a,b)", without white space',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher; "pytorch" works on CPUs too',
    )
    # torch.distributed.launch passes either spelling.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    parser.add_argument(
        '--check-data',
        action='store_true',
        help='decode every image and mask before anything else, and stop at unreadable ones',
    )


def load_config(args: argparse.Namespace) -> Config:
    """Read the config that ``args.config`` names and merge the common options into it.

    ``{seed}`` in ``load_from`` becomes ``randomness.seed``, so that runs of several seeds can begin
    with a checkpoint of their own seed each.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If ``load_from`` asks for the seed and there is none.
    """
    if not osp.isfile(args.config):
        raise FileNotFoundError(f'{args.config}: there is no such config')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = osp.join('work_dirs', osp.splitext(osp.basename(args.config))[0])
    if '{seed}' in (cfg.get('load_from') or ''):
        cfg.load_from = with_seed(cfg.load_from, cfg.get('randomness', {}).get('seed'))
    return cfg


def with_seed(load_from: str, seed: int | None) -> str:
    """Put the seed in place of ``{seed}``.

    Raises:
        ValueError: If there is none.
    """
    if seed is None:
        raise ValueError(f'load_from={load_from} names a seed: set randomness.seed')
    return load_from.replace('{seed}', str(seed))


def enable_amp(cfg: Config) -> None:
    """Train with automatic mixed precision.

    Raises:
        ValueError: If there is no accelerator, on which mmengine's loss scaling depends.
    """
    if get_device() == 'cpu':
        raise ValueError(
            '--amp needs an accelerator and none was found; on a CPU train without --amp'
        )
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def keep_outputs(cfg: Config, out: str | None, show_dir: str | None) -> None:
    """Let a test keep what it computes, in the form that belongs to the model.

    Args:
        cfg: A complete config; changed in place.
        out: Folder of the response maps of a classifier (a CAMStore), or of the predictions of a
            segmentor: indexed PNGs, below one folder for each metric where there are several.
        show_dir: Folder of overlays.
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


def _is_segmentor(model: dict) -> bool:
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


def use_test_time_aug(cfg: Config) -> None:
    """Test with the views of ``tta_pipeline``, merged by ``tta_model``.

    Raises:
        ValueError: If the config lacks one of them.
    """
    for key in ('tta_model', 'tta_pipeline'):
        if key not in cfg:
            raise ValueError(f'--tta needs {key} in the config; docs/segmentation.md shows one')
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.model = dict(cfg.tta_model, module=cfg.model)


def check_data(cfg: Config, loaders: Sequence[str]) -> None:
    """Decode all data of the named loaders.

    Raises:
        DataError: If any is unreadable or does not fit the model; lists every fault.
    """
    raise_faults(check_config(cfg, loaders))


def build_runner(cfg: Config) -> Runner:
    """Build the runner of a complete config, on accelerators or CPUs."""
    prepare_cpu_distributed(cfg)
    if get_device() == 'cpu':
        keep_freed_memory()
    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
