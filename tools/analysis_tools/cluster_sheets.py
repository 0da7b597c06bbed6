#!/usr/bin/env python
"""Show the sub-categories of classes in the first and the last round (Figures 3.5, 3.9 to 3.11).

python tools/analysis_tools/cluster_sheets.py \\
    work_dirs/subcategory-cam_efficientnet-lite0_msrc --rounds 1 3 --classes cow
"""

import argparse
from pathlib import Path

from mmwsss.analysis.cluster_sheets import write_cluster_sheets
from mmwsss.cli.config import find_run_config
from mmwsss.cli.options import add_cfg_options
from mmwsss.cli.runner import read_run_config


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Sheets of the sub-categories of classes')
    parser.add_argument('work_dir', type=Path, help='of a run with sub-categories')
    parser.add_argument('--config', help='of the run; default: the one in its work dir')
    parser.add_argument('--rounds', type=int, nargs='+', default=[1, 3], help='side by side')
    parser.add_argument('--classes', nargs='+', help='names; default: all')
    parser.add_argument('--count', type=int, default=5, help='images of each sub-category')
    parser.add_argument('--out', type=Path, help='default: WORK_DIR/cluster_sheets')
    add_cfg_options(parser)
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    config = args.config or find_run_config(args.work_dir)
    cfg = read_run_config(config, args.cfg_options, 'train_dataloader')
    out = args.out or args.work_dir / 'cluster_sheets'
    for page in write_cluster_sheets(
        cfg, args.work_dir, args.rounds, out, args.classes, args.count
    ):
        print(f'{page} (and .png)')
    print(out / 'clusters.csv')


if __name__ == '__main__':
    main()
