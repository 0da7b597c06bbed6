#!/usr/bin/env python
"""Test a checkpoint: ``python tools/test.py configs/mixup_cam.py work_dirs/…/epoch_15.pth``.

On a config of a classifier this makes response maps and measures them at every threshold; on one of
a segmentor it predicts masks and measures them, with and without CRF where the config asks for it.
"""

import argparse
import os.path as osp

from mmengine.config import Config

from mmwsss.cli.config import (
    add_common_arguments,
    build_runner,
    check_data,
    keep_outputs,
    load_config,
    use_test_time_aug,
)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Test a model')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    add_common_arguments(parser)
    parser.add_argument(
        '--out',
        help='write the response maps of a classifier (a CAMStore) or the masks of a segmentor '
        '(indexed PNGs) to this directory',
    )
    parser.add_argument('--show-dir', help='write overlays to this directory')
    parser.add_argument(
        '--tta', action='store_true', help="test with the views of the config's tta_pipeline"
    )
    parser.add_argument('--amp', action='store_true', help='automatic mixed precision')
    return parser.parse_args()


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Merge the options of testing into ``cfg``."""
    if not osp.isfile(args.checkpoint):
        raise FileNotFoundError(f'{args.checkpoint}: there is no such checkpoint')
    cfg.load_from = args.checkpoint
    cfg.resume = False
    keep_outputs(cfg, args.out, args.show_dir)
    if args.tta:
        use_test_time_aug(cfg)
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
