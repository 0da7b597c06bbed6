#!/usr/bin/env python
"""Run pipelines over seeds and print the scores of their stages, mean ± sd.

python tools/analysis_tools/compare_pipelines.py \\
    CAM=configs/pipelines/pipeline_cam_msrc.py \\
    Mixup-CAM=configs/pipelines/pipeline_mixup-cam_msrc.py --seeds 0 1 2

An interrupted comparison goes on where it stopped.
"""

import argparse
from pathlib import Path

from mmwsss.cli.comparison import pairs
from mmwsss.cli.interrupt import end_on_interrupt
from mmwsss.pipeline.comparison.pipelines import SCORES, pipeline_table, run_pipelines
from mmwsss.pipeline.run import show
from mmwsss.structures.tables import write_text


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Compare pipelines over seeds')
    parser.add_argument('configs', nargs='+', metavar='NAME=CONFIG')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--stages', nargs='+', help='run only these stages')
    parser.add_argument(
        '--scores', nargs='+', default=SCORES, help='rows of a stage, such as mIoU, F, recall'
    )
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/pipeline_comparison'))
    parser.add_argument('--out', type=Path, help='write the table to this Markdown file too')
    return parser.parse_args()


@end_on_interrupt
def main() -> None:
    """Run the tool."""
    args = parse_args()
    configs = pairs(args.configs, 'configs')
    run_pipelines(configs, args.seeds, args.work_dir, args.stages, show=show)
    table = pipeline_table(configs, args.seeds, args.work_dir, args.scores)
    print(table)
    if args.out:
        write_text(args.out, table)


if __name__ == '__main__':
    main()
