#!/usr/bin/env python
"""Convert the published ImageNet weights of ResNet-38 from MXNet's format, without MXNet."""

import argparse
from pathlib import Path

from mmwsss.models.weights.mxnet_params import read_mxnet_params
from mmwsss.models.weights.resnet38 import resnet38_from_mxnet, save_weights


def main(argv: list[str] | None = None) -> None:
    """Read a ``.params`` file, write the state dict of ``ResNet38``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('params', type=Path, help='ilsvrc-cls_rna-a1_cls1000_ep-0001.params')
    parser.add_argument('output', type=Path, help='where to write the .pth file')
    args = parser.parse_args(argv)
    try:
        state = resnet38_from_mxnet(read_mxnet_params(args.params), str(args.params))
    except (OSError, ValueError) as error:
        parser.exit(1, f'{error}\n')
    save_weights(state, args.output, args.params.name)
    print(f'{args.output}: {len(state)} tensors; use it by')
    print(f"backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='{args.output}'))")


if __name__ == '__main__':
    main()
