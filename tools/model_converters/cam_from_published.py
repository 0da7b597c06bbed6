#!/usr/bin/env python
"""Convert a ResNet-38 checkpoint of PSA or SC-CAM: classifier, sub-categories or AffinityNet."""

import argparse
from pathlib import Path

from mmwsss.models.weights.resnet38 import (
    cam_from_published,
    load_published,
    save_weights,
)


def main(argv: list[str] | None = None) -> None:
    """Read a published state dict, write that of a model with ``backbone`` and ``head``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', type=Path, help='the published .pth file')
    parser.add_argument('output', type=Path, help='where to write the converted .pth file')
    args = parser.parse_args(argv)
    try:
        state = cam_from_published(load_published(args.checkpoint), str(args.checkpoint))
    except (OSError, ValueError) as error:
        parser.exit(1, f'{error}\n')
    save_weights(state, args.output, args.checkpoint.name)
    heads = ', '.join(name for name in state if name.startswith('head.'))
    print(f'{args.output}: backbone with {heads}')


if __name__ == '__main__':
    main()
