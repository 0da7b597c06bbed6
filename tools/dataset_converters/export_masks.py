#!/usr/bin/env python
"""Export masks to the forms of other tools: COCO, labelme, CVAT, Label Studio."""

import argparse
import sys
from pathlib import Path

from mmwsss.datasets.exporters import FORMS, export_masks
from mmwsss.datasets.exporters.label_studio import PREFIX


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Write masks in a form that annotation tools and other frameworks read.'
    )
    parser.add_argument('masks', type=Path, help='folder of masks: indexed PNGs named like images')
    parser.add_argument('images', type=Path, help='folder of the images')
    parser.add_argument('--form', required=True, choices=FORMS)
    parser.add_argument('--out', required=True, type=Path, help='folder to write into')
    parser.add_argument(
        '--classes', nargs='+', help='the classes in order; default: those of label_folder.json'
    )
    parser.add_argument(
        '--prefix',
        default=PREFIX,
        help="of label-studio: what an image's address begins with; default %(default)s",
    )
    return parser.parse_args()


def main() -> int:
    """Run the tool."""
    args = parse_args()
    try:
        count = export_masks(
            args.masks, args.images, args.out, args.form, args.classes, args.prefix
        )
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f'{args.out}: {count} images as {args.form}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
