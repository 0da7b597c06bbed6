#!/usr/bin/env python
"""Train the model of a config: ``python tools/train.py configs/mixup_cam.py``."""

import argparse

from mmengine.config import Config

from mmwsss.cli.config import (
    add_common_arguments,
    build_runner,
    check_data,
    enable_amp,
    load_config,
)
from mmwsss.compat.moved_runs import find_last_checkpoint


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Train a model')
    parser.add_argument('config', help='config file')
    add_common_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='resume from this checkpoint, or without a value from the latest of the work dir',
    )
    parser.add_argument('--amp', action='store_true', help='automatic mixed precision')
    parser.add_argument('--no-validate', action='store_true', help='train without validation')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help="scale the learning rate by the batch size against the config's base_batch_size",
    )
    return parser.parse_args()


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Merge the options of training into ``cfg``."""
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        enable_amp(cfg)
    if args.resume == 'auto':
        # A run that has saved nothing yet begins, with load_from.
        cfg.resume = find_last_checkpoint(cfg.work_dir) is not None
        cfg.load_from = None if cfg.resume else cfg.get('load_from')
    elif args.resume is not None:
        cfg.resume, cfg.load_from = True, args.resume
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise ValueError(
                f'{args.config} has no auto_scale_lr: add auto_scale_lr=dict(base_batch_size=…)'
            )
        cfg.auto_scale_lr.enable = True


def main() -> None:
    """Run the tool."""
    args = parse_args()
    cfg = load_config(args)
    merge_args(cfg, args)
    if args.check_data:
        check_data(cfg, ('train_dataloader', 'val_dataloader'))
    build_runner(cfg).train()


if __name__ == '__main__':
    main()
