#!/usr/bin/env python
"""From image-level labels to a segmentor: ``python tools/run_pipeline.py configs/pipelines/…``.

Run again after an interruption or a change: stages that are done with the same config, data and
inputs are skipped, the one that was interrupted goes on. docs/pipeline.md says more.
"""

import argparse
from pathlib import Path

from mmengine.config import DictAction

from mmwsss.cli.config import read_config
from mmwsss.cli.interrupt import end_on_interrupt
from mmwsss.pipeline.pipeline import Pipeline
from mmwsss.pipeline.run import run_pipeline


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Run a pipeline, stage by stage')
    parser.add_argument('config', help='config of a pipeline')
    parser.add_argument('--work-dir', help="folder, in place of the config's")
    parser.add_argument('--seed', type=int, help="seed, in place of the config's")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument('--stages', nargs='+', help='run only these; others are taken as they are')
    chosen.add_argument('--from', dest='first', help='run this stage and all after it')
    parser.add_argument('--again', action='store_true', help='run them even if they are done')
    parser.add_argument(
        '--check-data', action='store_true', help='decode every image and mask before the start'
    )
    parser.add_argument(
        '--verbose', action='store_true', help='show the output of the tools in place of logging it'
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm'], default='none')
    parser.add_argument('--gpus', type=int, default=1, help='processes of the launcher')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='settings to replace, as key=value'
    )
    return parser.parse_args()


def build_pipeline(args: argparse.Namespace) -> Pipeline:
    """Build the pipeline that the command line asks for.

    Args:
        args (argparse.Namespace): The command line.

    Returns:
        Pipeline: The pipeline.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If ``--gpus`` comes without a launcher, or the config is wrong.
    """
    if args.gpus > 1 and args.launcher == 'none':
        raise ValueError('--gpus needs --launcher pytorch or slurm')
    cfg = read_config(args.config, args.cfg_options)
    overrides = dict(launcher=args.launcher, processes=args.gpus, verbose=args.verbose)
    if args.work_dir:
        overrides['work_dir'] = Path(args.work_dir)
    if args.seed is not None:
        overrides['seed'] = args.seed
    return Pipeline.from_config(cfg, **overrides)


@end_on_interrupt
def main() -> None:
    """Run the tool."""
    args = parse_args()
    pipeline = build_pipeline(args)
    run = run_pipeline(pipeline, args.stages, args.first, args.again, decode=args.check_data)
    if run.report is not None:
        markdown, page = run.report
        print(f'report: {markdown} and {page}')


if __name__ == '__main__':
    main()
