#!/usr/bin/env python
"""Check the data of a config before training: ``python tools/check_data.py CONFIG``."""

import argparse
import sys
import warnings

from mmengine.config import Config

import mmwsss  # noqa: F401 (registers the datasets)
from mmwsss.cli.config import read_config
from mmwsss.cli.options import add_cfg_options
from mmwsss.datasets.check import LOADERS, DataFaults, check_config
from mmwsss.pipeline.pipeline import Pipeline
from mmwsss.structures import DataWarning


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Read splits and labels, let every image take the way of the training, judge '
        'the masks, and list the faults. The exit status is 1 where there is one.'
    )
    parser.add_argument('config', help='config file, or that of a pipeline')
    parser.add_argument(
        '--loaders', nargs='+', default=LOADERS, choices=LOADERS, help='data to check'
    )
    parser.add_argument('--num-workers', type=int, default=2, help='processes that decode')
    add_cfg_options(parser)
    return parser.parse_args()


def check_pipeline(cfg: Config) -> list[str]:
    """Check the stages of a pipeline and their data.

    Args:
        cfg (Config): Config of the pipeline.

    Returns:
        list[str]: The faults, one line each; empty where all is well.
    """
    try:
        Pipeline.from_config(cfg).check(decode=True)
    except DataFaults as error:
        return list(error.faults)
    except (ImportError, OSError, ValueError) as error:
        return str(error).splitlines()
    return []


def main() -> int:
    """Run the tool."""
    args = parse_args()
    cfg = read_config(args.config, args.cfg_options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always', DataWarning)
        faults = (
            check_pipeline(cfg)
            if 'stages' in cfg
            else check_config(cfg, args.loaders, args.num_workers)
        )
    doubts = [str(one.message) for one in caught if issubclass(one.category, DataWarning)]
    for line in [*faults, *(f'warning: {doubt}' for doubt in doubts)]:
        print(line, file=sys.stderr)
    print(f'{args.config}: {len(faults)} fault(s), {len(doubts)} warning(s)')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
