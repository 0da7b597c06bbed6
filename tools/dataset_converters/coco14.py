#!/usr/bin/env python
"""Prepare MS COCO 2014: masks, lists and image-level labels of train and val."""

import argparse
import sys

from mmwsss.cli.options import add_converter_arguments
from mmwsss.datasets import DataError
from mmwsss.datasets.converters.coco14 import convert
from mmwsss.worker_processes import ImageError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Write SegmentationClass/{train,val}2014/*.png, '
        'ImageSets/Segmentation/{train,val}.txt and image_labels.json into the folder of COCO. '
        'Masks that are there already are kept, so that a stopped run goes on.'
    )
    parser.add_argument('root', help='folder of annotations, train2014 and val2014, extracted')
    parser.add_argument(
        '--negatives',
        choices=['drop', 'keep'],
        default='drop',
        help='images without any class: left out, as published, or listed as negatives',
    )
    add_converter_arguments(parser)
    return parser.parse_args()


def main() -> int:
    """Run the tool."""
    args = parse_args()
    try:
        counts = convert(
            args.root, args.negatives == 'keep', args.num_workers, not args.skip_counts
        )
    except (DataError, ImageError, ImportError) as error:
        print(error, file=sys.stderr)
        return 1
    print(', '.join(f'{split}: {count} images' for split, count in counts.items()))
    return 0


if __name__ == '__main__':
    sys.exit(main())
