#!/usr/bin/env python
"""Train the model of a config: ``python tools/train.py configs/mixup_cam.py``."""

import argparse

from mmwsss.cli.config import load_config, merge_train_options
from mmwsss.cli.interrupt import end_on_interrupt
from mmwsss.cli.options import add_run_arguments
from mmwsss.cli.runner import build_runner, check_data, check_run


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Train a model')
    parser.add_argument('config', help='config file')
    add_run_arguments(parser)
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


@end_on_interrupt
def main() -> None:
    """Run the tool."""
    args = parse_args()
    cfg = load_config(args)
    merge_train_options(cfg, args)
    check_run(cfg, ('train_dataloader', 'val_dataloader'))
    if args.check_data:
        check_data(cfg, ('train_dataloader', 'val_dataloader'))
    build_runner(cfg).train()


if __name__ == '__main__':
    main()
