#!/usr/bin/env python
"""Make a dataset of some classes of another one; images that show none of them are negatives."""

import argparse
import sys

from mmwsss.datasets import DataError
from mmwsss.datasets.converters.choose_classes import choose_classes


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Write labels, lists and masks that know only some classes of a dataset in '
        "VOC's layout with image_labels.json. ImageSets/Segmentation/train.txt lists the images of "
        'these classes, train_negatives.txt all training images.'
    )
    parser.add_argument('data_root', help='folder of the dataset')
    parser.add_argument('out', help='folder to write; must not exist')
    parser.add_argument('--classes', nargs='+', required=True, help='the wanted ones, in order')
    return parser.parse_args()


def main() -> int:
    """Run the tool."""
    args = parse_args()
    try:
        choice = choose_classes(args.data_root, args.out, args.classes)
    except (DataError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f'{args.out}: {choice.report()}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
