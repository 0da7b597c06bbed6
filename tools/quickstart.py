#!/usr/bin/env python
"""Quick start: make the demo set, train CAM and Mixup-CAM on it, measure and show both.

``tools/quickstart.sh`` installs everything and calls this. Run again, it goes on where it stopped.
"""

import argparse
import os
import time
from pathlib import Path

from mmengine.config import Config

from mmwsss.apis.comparison import (
    Comparison,
    Row,
    comparison_table,
    read_scores,
    run_comparison,
    run_dir,
    store_dir,
)
from mmwsss.apis.response_sheet import StoredMethod, write_response_sheet
from mmwsss.datasets.demo import make_demo_set
from mmwsss.structures import CAMStore

CONFIGS = {'CAM': 'configs/demo/cam.py', 'Mixup-CAM': 'configs/demo/mixup_cam.py'}
SPLIT = 'val'


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='From nothing to response maps in minutes')
    parser.add_argument('out', type=Path, nargs='?', default=Path('quickstart'))
    parser.add_argument('--data', type=Path, default=Path('data/demo'), help='of the demo set')
    return parser.parse_args()


def compare(args: argparse.Namespace) -> Comparison:
    """What the quick start trains."""
    return Comparison(
        rows={name: Row(config) for name, config in CONFIGS.items()},
        seeds=(0,),
        splits={SPLIT: f'ImageSets/Segmentation/{SPLIT}.txt'},
        root=args.out / 'runs',
        jobs=min(len(CONFIGS), os.cpu_count() or 1),
        options=[f'{name}_dataloader.dataset.data_root={args.data}' for name in ('train', 'test')],
        store=True,
    )


def write_page(args: argparse.Namespace, comparison: Comparison) -> Path:
    """Write photo, response map, seed and truth of some pictures as a page; its file."""
    table, methods = [], {}
    for name in CONFIGS:
        (miou,) = read_scores(comparison, name, SPLIT, 'mIoU')
        (threshold,) = read_scores(comparison, name, SPLIT, 'threshold')
        table.append({'method': name, f'mIoU on {SPLIT}': miou, 'threshold': threshold})
        store = CAMStore.open(store_dir(run_dir(comparison, name, 0), SPLIT))
        methods[name] = StoredMethod(store, threshold)
    cfg = Config.fromfile(CONFIGS['CAM'])
    cfg.test_dataloader.dataset.data_root = str(args.data)
    title = 'Response maps learned from image-level labels'
    page, _ = write_response_sheet(cfg, methods, args.out / 'response_maps.html', title, table)
    return page


def main() -> None:
    """Run the tool."""
    args = parse_args()
    started = time.monotonic()
    print(f'Demo set: rendered scenes with image-level labels, in {args.data}', flush=True)
    make_demo_set(args.data)
    comparison = compare(args)
    run_comparison(comparison)
    page = write_page(args, comparison)
    print(f'\n{comparison_table(comparison)}')
    print(f'Photos, response maps and masks: {page} (and .png)')
    print(f'{(time.monotonic() - started) / 60:.1f} minutes')


if __name__ == '__main__':
    main()
