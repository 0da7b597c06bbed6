#!/usr/bin/env python
"""Test a checkpoint: ``python tools/test.py configs/mixup_cam.py work_dirs/…/epoch_15.pth``.

On a config of a classifier this makes response maps and measures them at every threshold.
"""

import argparse
import os.path as osp

from mmengine.config import Config

from mmwsss.apis.cli import add_common_arguments, build_runner, check_data, load_config


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Test a model')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    add_common_arguments(parser)
    parser.add_argument('--out', help='write the response maps to this CAMStore directory')
    parser.add_argument('--show-dir', help='write overlays of the response maps to this directory')
    parser.add_argument('--amp', action='store_true', help='automatic mixed precision')
    return parser.parse_args()


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Merge the options of testing into ``cfg``."""
    if not osp.isfile(args.checkpoint):
        raise FileNotFoundError(f'{args.checkpoint}: there is no such checkpoint')
    cfg.load_from = args.checkpoint
    cfg.resume = False
    hooks = list(cfg.get('custom_hooks') or [])
    if args.out:
        hooks.append(dict(type='mmwsss.CAMStoreHook', out_dir=args.out))
    if args.show_dir:
        hooks.append(dict(type='mmwsss.CAMVisualizationHook', out_dir=args.show_dir))
    cfg.custom_hooks = hooks
    if args.amp:
        cfg.test_cfg.fp16 = True


def main() -> None:
    """Run the tool."""
    args = parse_args()
    cfg = load_config(args)
    merge_args(cfg, args)
    if args.check_data:
        check_data(cfg, ('test_dataloader',))
    build_runner(cfg).test()


if __name__ == '__main__':
    main()
