#!/usr/bin/env python
"""Test a checkpoint: ``python tools/test.py configs/mixup_cam.py work_dirs/…/epoch_15.pth``.

On a config of a classifier this makes response maps and measures them at every threshold; on one of
a segmentor it predicts masks and measures them, with and without CRF where the config asks for it.
"""

import argparse
from contextlib import nullcontext

from mmwsss.cli.config import load_config, merge_test_options
from mmwsss.cli.interrupt import end_on_interrupt
from mmwsss.cli.options import add_run_arguments
from mmwsss.cli.runner import build_runner, check_data, check_run
from mmwsss.folder_lock import claimed


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Test a model')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    add_run_arguments(parser)
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


@end_on_interrupt
def main() -> None:
    """Run the tool."""
    args = parse_args()
    cfg = load_config(args)
    merge_test_options(cfg, args)
    check_run(cfg, ('test_dataloader',))
    if args.check_data:
        check_data(cfg, ('test_dataloader',))
    runner = build_runner(cfg)
    with claimed(args.out) if args.out else nullcontext():
        runner.test()


if __name__ == '__main__':
    main()
