#!/usr/bin/env python
"""Make the demo set of rendered scenes, for configs/_base_/datasets/demo.py."""

import argparse
import sys

from mmwsss.demo import make_demo_set


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Render the demo set in VOC layout, with image-level labels and masks. '
        'A complete set is left as it is.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('root', nargs='?', default='data/demo', help='folder to make')
    parser.add_argument('--num-train', type=int, default=160, help='images to train')
    parser.add_argument('--num-val', type=int, default=60, help='images to measure')
    parser.add_argument('--seed', type=int, default=0, help='seed of everything random')
    parser.add_argument(
        '--size', type=int, nargs=2, default=(256, 192), metavar=('W', 'H'), help='pixels'
    )
    return parser.parse_args()


def main() -> int:
    """Run the tool."""
    args = parse_args()
    try:
        root = make_demo_set(args.root, args.num_train, args.num_val, args.seed, tuple(args.size))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f'{root}: {args.num_train} train and {args.num_val} val images')
    return 0


if __name__ == '__main__':
    sys.exit(main())
