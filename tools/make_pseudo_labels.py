#!/usr/bin/env python
"""Make pseudo-labels: ``python tools/make_pseudo_labels.py CONFIG [CHECKPOINT]``.

Reads the CAMStore that ``tools/test.py --out`` wrote, refines it as the config says and writes
indexed PNGs. CHECKPOINT is that of the AffinityNet, where the refiner walks over its affinities.
Run again after an interruption: images that are done are left as they are.
"""

import argparse

from mmengine.dist import is_main_process

from mmwsss.cli.config import load_config, require_checkpoint
from mmwsss.cli.interrupt import end_on_interrupt
from mmwsss.cli.options import add_label_arguments
from mmwsss.cli.runner import check_run
from mmwsss.pseudo_labels.make import make_pseudo_labels
from mmwsss.pseudo_labels.report import draw_pseudo_labels, report_pseudo_labels, report_table


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Make pseudo-labels out of response maps')
    parser.add_argument('config', help='config with pseudo_labels and label_dataset')
    parser.add_argument('checkpoint', nargs='?', help='checkpoint of the AffinityNet')
    add_label_arguments(parser)
    parser.add_argument('--show-dir', help='draw photo, labels and truth to this folder')
    parser.add_argument('--max-show', type=int, default=50, help='how many images to draw')
    return parser.parse_args()


@end_on_interrupt
def main() -> None:
    """Run the tool."""
    args = parse_args()
    if args.checkpoint is not None:
        require_checkpoint(args.checkpoint)
    cfg = load_config(args)
    check_run(cfg, ('label_dataset',))
    labels = make_pseudo_labels(cfg, args.checkpoint, args.cams, args.out, args.workers)
    if args.show_dir:
        draw_pseudo_labels(labels, args.show_dir, args.max_show)
    report = report_pseudo_labels(labels, args.workers or 0)
    if is_main_process():
        if report is not None:
            print(report_table(report))
        print(labels.summary())


if __name__ == '__main__':
    main()
