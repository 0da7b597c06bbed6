#!/usr/bin/env python
"""Quick start: make the demo set, go from its image-level labels to a segmentor, show everything.

``tools/quickstart.sh`` installs everything and calls this. Run again, it goes on where it stopped.
"""

import argparse
import time
from pathlib import Path

from mmengine.config import Config

from mmwsss.demo import make_demo_set
from mmwsss.pipeline.pipeline import Pipeline
from mmwsss.pipeline.run import run_pipeline, show

CONFIG = 'configs/pipelines/pipeline_mixup-cam_demo.py'
DATA = 'data/demo'  # as the configs say


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='From image-level labels to masks in minutes')
    parser.add_argument('out', type=Path, nargs='?', default=Path('quickstart'))
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    started = time.monotonic()
    show(f'Demo set: rendered scenes with image-level labels, in {DATA}')
    make_demo_set(DATA)
    pipeline = Pipeline.from_config(Config.fromfile(CONFIG), work_dir=args.out)
    report = run_pipeline(pipeline).report
    assert report is not None  # the demo's config has one
    markdown, page = report
    print(f'\n{markdown.read_text().split("##")[0]}')
    print(f'Photos, response maps, masks and figures: {page}')
    print(f'{(time.monotonic() - started) / 60:.1f} minutes')


if __name__ == '__main__':
    main()
