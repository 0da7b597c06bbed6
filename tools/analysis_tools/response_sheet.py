#!/usr/bin/env python
"""Set response maps and masks of methods side by side (Figures 2.3 to 2.8, 3.3, 3.7, 3.8, 3.12).

python tools/analysis_tools/response_sheet.py configs/msrc/cam_efficientnet-lite0_msrc.py \\
    CAM=work_dirs/cam_efficientnet-lite0_msrc/cams@0.2 \\
    Mixup-CAM=work_dirs/mixup-cam_efficientnet-lite0_msrc/cams@curves.json \\
    --out work_dirs/response_maps.html

Masks of segmentors, the 12 images that one does worst at:

python tools/analysis_tools/response_sheet.py configs/msrc/cam_efficientnet-lite0_msrc.py \\
    AffinityNet=work_dirs/a/masks/CRFIoUMetric Ours=work_dirs/b/masks/CRFIoUMetric \\
    --worst Ours --out work_dirs/failures.html

A STORE is what ``tools/test.py --out`` wrote. Its threshold is a number, or the best one of a
file of ``CAMMetric.curve_file``; without either, of the file STORE.json.
"""

import argparse
from pathlib import Path

from mmwsss.analysis.response_sheet import choose_images, read_methods, write_response_sheet
from mmwsss.cli.comparison import pairs
from mmwsss.cli.options import add_cfg_options
from mmwsss.cli.runner import read_run_config


def main() -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(description='Response maps of methods side by side')
    parser.add_argument('config', help='whose test_dataloader.dataset is shown')
    parser.add_argument('methods', nargs='+', metavar='NAME=STORE[@THRESHOLD|@CURVES.json]|MASKS')
    parser.add_argument('--out', type=Path, required=True, help='HTML file; a PNG goes beside it')
    parser.add_argument('--count', type=int, default=12, help='images, evenly spread')
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument('--images', nargs='+', default=[], metavar='ID', help='these instead')
    choice.add_argument('--worst', metavar='NAME', help='the images of its lowest IoU instead')
    choice.add_argument(
        '--gain',
        nargs=2,
        metavar='NAME',
        help='the images where the IoU of the second method is furthest above that of the first',
    )
    parser.add_argument('--title', default='Response maps')
    add_cfg_options(parser)
    args = parser.parse_args()
    cfg = read_run_config(args.config, args.cfg_options, 'test_dataloader')
    methods, table = read_methods(pairs(args.methods, 'methods'))
    images = args.images
    names = args.gain or ([args.worst] if args.worst else [])
    if names:
        images = choose_images(cfg, methods, args.out, args.count, names)
    files = write_response_sheet(cfg, methods, args.out, args.title, table, args.count, images)
    print('\n'.join(map(str, files)))


if __name__ == '__main__':
    main()
