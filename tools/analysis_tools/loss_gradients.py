#!/usr/bin/env python
"""Print how strongly each loss pulls at the class maps, against the classification loss.

python tools/analysis_tools/loss_gradients.py configs/msrc/mixup-cam_efficientnet-lite0_msrc.py \\
    work_dirs/…/epoch_6.pth
"""

import argparse

from mmwsss.analysis.loss_gradients import loss_gradients
from mmwsss.cli.options import add_cfg_options
from mmwsss.cli.runner import read_run_config


def main() -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(description='Gradient of each loss by the class maps')
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--batches', type=int, default=4)
    add_cfg_options(parser)
    args = parser.parse_args()
    cfg = read_run_config(args.config, args.cfg_options, 'train_dataloader')
    print(f'{"loss":10s} {"value":>10s} {"gradient":>10s} {"share":>10s}')
    for name, row in loss_gradients(cfg, args.checkpoint, args.batches).items():
        print(f'{name:10s} {row["value"]:10.3g} {row["gradient"]:10.3g} {row["share"]:10.2%}')


if __name__ == '__main__':
    main()
