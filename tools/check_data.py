#!/usr/bin/env python
"""Check the data of a config before training: ``python tools/check_data.py CONFIG``."""

import argparse
import sys

import mmwsss  # noqa: F401 (registers the datasets)
from mmwsss.cli.config import read_config
from mmwsss.cli.options import add_cfg_options
from mmwsss.datasets.check import LOADERS, check_config


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Read splits and labels, decode every image and mask, and list the faults. '
        'The exit status is 1 where there is one.'
    )
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--loaders', nargs='+', default=LOADERS, choices=LOADERS, help='data loaders to check'
    )
    parser.add_argument('--num-workers', type=int, default=2, help='threads that decode')
    add_cfg_options(parser)
    return parser.parse_args()


def main() -> int:
    """Run the tool."""
    args = parse_args()
    cfg = read_config(args.config, args.cfg_options)
    faults = check_config(cfg, args.loaders, args.num_workers)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f'{args.config}: {len(faults)} fault(s)')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
