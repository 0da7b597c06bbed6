#!/usr/bin/env python
"""Train and measure along a value, and draw the scores (Figures 2.5 and 3.4).

A setting of one config:

python tools/analysis_tools/sweep.py configs/msrc/mixup-cam_efficientnet-lite0_msrc.py \\
    --key model.head.regularizers.loss_con.loss_weight --values 2.5e-3 4.9e-3 9.8e-3 2e-2 \\
    --splits val=ImageSets/Segmentation/val.txt --out work_dirs/figure_2_5c --name λ_con

Configs of their own:

python tools/analysis_tools/sweep.py 1=configs/msrc/cam_efficientnet-lite0_msrc.py \\
    5=configs/msrc/subcategory-cam-k5_efficientnet-lite0_msrc.py \\
    --splits val=ImageSets/Segmentation/val.txt --out work_dirs/figure_3_4 --name K

An interrupted sweep goes on where it stopped; its runs are those of compare_methods.py.
"""

import argparse
from pathlib import Path

from mmwsss.analysis.sweep import sweep_rows, write_sweep
from mmwsss.cli.comparison import add_comparison_arguments, comparison_of
from mmwsss.cli.interrupt import end_on_interrupt
from mmwsss.pipeline.comparison.rows import SCORES
from mmwsss.pipeline.comparison.runs import run_comparison


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Scores along a value')
    parser.add_argument('points', nargs='+', metavar='[VALUE=]CONFIG[@CHECKPOINT]')
    parser.add_argument('--key', help='setting that takes the values, as in --cfg-options')
    parser.add_argument('--values', nargs='+', default=[])
    parser.add_argument('--baseline', metavar='CONFIG[@CHECKPOINT]', help='drawn as a dashed line')
    parser.add_argument('--name', help='name of the value, for the axis; default: the key')
    parser.add_argument('--score', choices=SCORES, default='mIoU')
    parser.add_argument('--out', type=Path, required=True, help='files, without their suffix')
    add_comparison_arguments(parser)
    return parser.parse_args()


@end_on_interrupt
def main() -> None:
    """Run the tool."""
    args = parse_args()
    comparison = comparison_of(args, sweep_rows(args.points, args.key, args.values, args.baseline))
    run_comparison(comparison)
    files = write_sweep(comparison, args.name or args.key or 'value', args.out, args.score)
    print(files[-1].read_text())
    print('\n'.join(map(str, files)))


if __name__ == '__main__':
    main()
