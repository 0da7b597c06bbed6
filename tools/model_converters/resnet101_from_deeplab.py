#!/usr/bin/env python
"""Convert DeepLab's ResNet-101 (the COCO initialisation of deeplab-pytorch) for mmseg's ResNet."""

import argparse
from pathlib import Path

from mmwsss.models.weights.resnet38 import load_published, save_weights
from mmwsss.models.weights.resnet101 import resnet101_from_deeplab


def main(argv: list[str] | None = None) -> None:
    """Read a published state dict, write that of the backbone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', type=Path, help='the published .pth file')
    parser.add_argument('output', type=Path, help='where to write the converted .pth file')
    args = parser.parse_args(argv)
    try:
        state = resnet101_from_deeplab(load_published(args.checkpoint), str(args.checkpoint))
    except (OSError, ValueError) as error:
        parser.exit(1, f'{error}\n')
    save_weights(state, args.output, args.checkpoint.name)
    print(f'{args.output}: {len(state)} arrays')


if __name__ == '__main__':
    main()
