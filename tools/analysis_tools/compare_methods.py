#!/usr/bin/env python
"""Compare configs over seeds and splits: trains, tests and prints a table of mean ± sd.

python tools/analysis_tools/compare_methods.py \\
    'CAM=configs/msrc/cam.py' '+ mixup=configs/msrc/mixup.py' --seeds 0 1 2 \\
    --splits train=ImageSets/Segmentation/train.txt val=ImageSets/Segmentation/val.txt

A row may name a checkpoint of its run, ``'round 1=configs/msrc/subcategory_cam.py@round_1.pth'``;
rows of one config share its training. An interrupted comparison goes on where it stopped.
"""

import argparse
from pathlib import Path

from mmwsss.apis.comparison import SCORES, Comparison, Row, comparison_table, run_comparison
from mmwsss.structures import atomic_open


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Compare configs over seeds and splits')
    parser.add_argument('rows', nargs='+', metavar='NAME=CONFIG[@CHECKPOINT]')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--splits', nargs='+', required=True, metavar='NAME=SPLIT_FILE')
    parser.add_argument('--scores', nargs='+', choices=SCORES, default=['mIoU'], help='columns')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/comparison'))
    parser.add_argument('--jobs', type=int, default=1, help='runs at a time')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE')
    parser.add_argument('--out', type=Path, help='write the table to this Markdown file too')
    return parser.parse_args()


def pairs(arguments: list[str], what: str) -> dict[str, str]:
    """Split NAME=VALUE arguments."""
    wrong = [argument for argument in arguments if '=' not in argument]
    if wrong:
        raise SystemExit(f'{what} must be NAME=VALUE, got {wrong}')
    return dict(argument.split('=', 1) for argument in arguments)


def main() -> None:
    """Run the tool."""
    args = parse_args()
    comparison = Comparison(
        rows={name: Row.parse(row) for name, row in pairs(args.rows, 'rows').items()},
        seeds=args.seeds,
        splits=pairs(args.splits, '--splits'),
        root=args.work_dir,
        jobs=args.jobs,
        options=args.cfg_options,
    )
    run_comparison(comparison)
    table = comparison_table(comparison, args.scores)
    print(table)
    if args.out:
        with atomic_open(args.out) as stream:
            stream.write(table.encode())


if __name__ == '__main__':
    main()
