#!/usr/bin/env python
"""Measure masks against true masks of the same names.

python tools/analysis_tools/mask_scores.py result/masks data/msrc_objects/SegmentationClass \\
    --classes $(cat data/msrc_objects/classes.txt)
"""

import argparse
import sys

from mmwsss.analysis.mask_scores import mask_score_table, measure_masks
from mmwsss.datasets.names import BACKGROUND, check_classes
from mmwsss.structures import DataError
from mmwsss.worker_processes import ImageError


def main() -> int:
    """Run the tool."""
    parser = argparse.ArgumentParser(description='Measure masks against true masks')
    parser.add_argument('masks', help='folder of masks: those of `mmwsss masks`, or labels')
    parser.add_argument('truth', help='folder of true masks of the same names')
    parser.add_argument('--classes', nargs='+', required=True, help="'background' may be the first")
    parser.add_argument('--workers', type=int, help='processes; default: one a core')
    args = parser.parse_args()
    try:
        names = args.classes[1:] if args.classes[0] == BACKGROUND else args.classes
        classes = check_classes(names, '--classes')
        scores, images = measure_masks(args.masks, args.truth, classes, args.workers)
    except (DataError, ImageError) as error:
        print(error, file=sys.stderr)
        return 1
    print(mask_score_table(scores, classes, images))
    return 0


if __name__ == '__main__':
    sys.exit(main())
