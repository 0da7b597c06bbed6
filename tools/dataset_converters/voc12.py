#!/usr/bin/env python
"""Prepare PASCAL VOC 2012 with SBD: split, masks and label files of train_aug, or a subset."""

import argparse
import sys

from mmwsss.cli.options import add_converter_arguments
from mmwsss.datasets import DataError
from mmwsss.datasets.converters.voc12 import convert
from mmwsss.datasets.converters.voc_subset import SPLITS, convert_subset, subset_names
from mmwsss.worker_processes import ImageError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Write ImageSets/Segmentation/train_aug.txt, SegmentationClassAug/*.png and '
        'image_labels/{train,val,train_aug,trainval_aug}.txt into the folder of VOC 2012. '
        'With --subset: only its images and classes, into a folder of their own. '
        'Masks that are there already are kept, so that a stopped run goes on.'
    )
    parser.add_argument('voc_root', help='VOCdevkit/VOC2012, extracted')
    parser.add_argument('sbd_root', help='benchmark_RELEASE/dataset of SBD, extracted')
    parser.add_argument(
        '--subset',
        choices=subset_names(),
        help='write data/SUBSET instead: images, masks, lists and labels of a part of VOC',
    )
    parser.add_argument('--out', help='folder of the subset')
    parser.add_argument(
        '--labels',
        choices=['xml', 'mask'],
        default='xml',
        help='where image-level labels come from: the boxes of VOC (as the published label files) '
        'or the masks',
    )
    add_converter_arguments(parser)
    return parser.parse_args()


def main() -> int:
    """Run the tool."""
    args = parse_args()
    try:
        if args.subset:
            out = args.out or f'data/{args.subset}'
            counts = convert_subset(args.voc_root, args.sbd_root, out, SPLITS / args.subset)
        else:
            counts = convert(
                args.voc_root, args.sbd_root, args.labels, args.num_workers, not args.skip_counts
            )
    except (DataError, ImageError) as error:
        print(error, file=sys.stderr)
        return 1
    print(', '.join(f'{name}: {count} images' for name, count in counts.items()))
    return 0


if __name__ == '__main__':
    sys.exit(main())
