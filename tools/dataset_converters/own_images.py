#!/usr/bin/env python
"""Prepare one's own images: labels as JSON and a split, for configs/_base_/datasets/custom.py."""

import argparse
import sys

from mmwsss.datasets.converters.own_images import convert


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Write image_labels.json, train.txt and val.txt, print how many images each '
        'class has and which files are left out. The images stay where they are.'
    )
    parser.add_argument('root', help='folder of the images')
    parser.add_argument(
        '--csv',
        help='tags of the images, header "image,labels", several tags joined by ";"; '
        'without it, the folders in ROOT are the classes',
    )
    parser.add_argument('--out', help='folder to write into; default ROOT')
    parser.add_argument(
        '--classes', nargs='+', help='the classes in order; default: the tags found, sorted'
    )
    parser.add_argument('--val-fraction', type=float, default=0.2, help='share of validation')
    parser.add_argument('--seed', type=int, default=0, help='seed of the split')
    return parser.parse_args()


def main() -> int:
    """Run the tool."""
    args = parse_args()
    try:
        conversion = convert(
            args.root, args.csv, args.out, args.classes, args.val_fraction, args.seed
        )
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(conversion.report())
    return 0


if __name__ == '__main__':
    sys.exit(main())
