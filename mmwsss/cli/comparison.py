"""Options that the tools for comparisons share."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmwsss.pipeline.comparison.rows import Comparison, Row


def add_comparison_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for seeds, splits, folder, jobs and settings of the runs.

    Args:
        parser (argparse.ArgumentParser): The tool's parser, changed in place.
    """
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--splits', nargs='+', required=True, metavar='NAME=SPLIT_FILE')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/comparison'))
    parser.add_argument('--jobs', type=int, default=1, help='runs at a time')
    parser.add_argument(
        '--store', action='store_true', help='keep the response maps, for response_sheet.py'
    )
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE')


def comparison_of(args: argparse.Namespace, rows: Mapping[str, Row]) -> Comparison:
    """Build the comparison that those options describe.

    Args:
        args (argparse.Namespace): The parsed options.
        rows (Mapping[str, Row]): Name in the table → what it measures.

    Returns:
        Comparison: The comparison.
    """
    return Comparison(
        rows=rows,
        seeds=args.seeds,
        splits=pairs(args.splits, '--splits'),
        root=args.work_dir,
        jobs=args.jobs,
        options=args.cfg_options,
        store=args.store,
    )


def pairs(arguments: Sequence[str], what: str) -> dict[str, str]:
    """Split ``NAME=VALUE`` arguments.

    Args:
        arguments (Sequence[str]): The arguments.
        what (str): The option that they stand for, for messages.

    Returns:
        dict[str, str]: Name → value.

    Raises:
        SystemExit: If one has no name, or two have the same.
    """
    split: dict[str, str] = {}
    for argument in arguments:
        name, sign, value = argument.partition('=')
        if not sign:
            raise SystemExit(f'{what} must be NAME=VALUE, got {argument}')
        if name in split:
            raise SystemExit(f'{what} has {name} twice: {split[name]} and {value}')
        split[name] = value
    return split
