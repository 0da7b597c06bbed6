#!/usr/bin/env python
"""Make affinity labels out of response maps: ``python tools/make_affinity_labels.py CONFIG``.

Reads the CAMStore that ``tools/test.py --out`` wrote. Run again after an interruption: images
that are done are left as they are. Where masks exist, prints how precise the labels are and how
much they cover.
"""

import argparse

from mmengine.dist import is_main_process

from mmwsss.cli.config import load_config
from mmwsss.cli.interrupt import end_on_interrupt
from mmwsss.cli.options import add_label_arguments
from mmwsss.cli.runner import check_run
from mmwsss.pseudo_labels.affinity_labels import make_affinity_labels, report_table


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Make affinity labels out of response maps')
    parser.add_argument('config', help='config with affinity_labels and label_dataset')
    add_label_arguments(parser)
    return parser.parse_args()


@end_on_interrupt
def main() -> None:
    """Run the tool."""
    args = parse_args()
    cfg = load_config(args)
    check_run(cfg, ('label_dataset',))
    report = make_affinity_labels(cfg, args.cams, args.out, args.workers)
    if report is not None and is_main_process():
        print(report_table(report))


if __name__ == '__main__':
    main()
