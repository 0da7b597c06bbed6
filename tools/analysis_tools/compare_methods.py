#!/usr/bin/env python
"""Compare configs over seeds and splits: trains, tests and prints a table of mean ± sd.

python tools/analysis_tools/compare_methods.py \\
    'CAM=configs/msrc/cam_efficientnet-lite0_msrc.py' \\
    '+ mixup=configs/msrc/mixup_efficientnet-lite0_msrc.py' --seeds 0 1 2 \\
    --splits train=ImageSets/Segmentation/train.txt val=ImageSets/Segmentation/val.txt

A row may name a checkpoint of its run, ``'round 1=configs/subcategory_cam.py@round_1.pth'``, and
options of its test, ``'merged=configs/subcategory_cam.py model.head.cam_source=sub_max'``; rows of
one config share its training. An interrupted comparison goes on where it stopped; what another
config left in a run's folder is refused.
"""

import argparse
from pathlib import Path

from mmwsss.cli.comparison import add_comparison_arguments, comparison_of, pairs
from mmwsss.cli.interrupt import end_on_interrupt
from mmwsss.pipeline.comparison.paired import paired_table
from mmwsss.pipeline.comparison.rows import SCORES, Row, comparison_table
from mmwsss.pipeline.comparison.runs import run_comparison
from mmwsss.structures.tables import write_text


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Compare configs over seeds and splits')
    parser.add_argument(
        'rows',
        nargs='+',
        metavar='NAME=CONFIG[@CHECKPOINT]',
        help="in quotes, options of the row's test may follow: 'NAME=CONFIG KEY=VALUE …'",
    )
    add_comparison_arguments(parser)
    parser.add_argument('--scores', nargs='+', choices=SCORES, default=['mIoU'], help='columns')
    parser.add_argument(
        '--against',
        metavar='NAME',
        help="add a table of the differences to this row, seed by seed, with a paired t-test's p",
    )
    parser.add_argument('--out', type=Path, help='write the table to this Markdown file too')
    return parser.parse_args()


@end_on_interrupt
def main() -> None:
    """Run the tool."""
    args = parse_args()
    rows = {name: Row.parse(row) for name, row in pairs(args.rows, 'rows').items()}
    if args.against is not None and args.against not in rows:
        raise SystemExit(f'--against {args.against}: no row has this name, but {", ".join(rows)}')
    comparison = comparison_of(args, rows)
    run_comparison(comparison)
    table = comparison_table(comparison, args.scores)
    if args.against is not None:
        table += '\n' + paired_table(comparison, args.against, args.scores)
    print(table)
    if args.out:
        write_text(args.out, table)


if __name__ == '__main__':
    main()
