"""Command-line options that several tools share."""

import argparse

from mmengine.config import DictAction


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the tools that train or test a model.

    Args:
        parser (argparse.ArgumentParser): Parser of a tool that takes a config.
    """
    parser.add_argument('--work-dir', help='directory of logs, checkpoints and results')
    add_cfg_options(parser)
    add_launcher(parser)
    parser.add_argument(
        '--check-data',
        action='store_true',
        help='decode every image and mask before anything else, and stop at unreadable ones',
    )


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the commands that take a trained model.

    Args:
        parser (argparse.ArgumentParser): Parser of the command.
    """
    parser.add_argument(
        'model',
        metavar='MODEL',
        help='folder of `mmwsss masks` or of a training, or a config with --checkpoint',
    )
    parser.add_argument('--checkpoint', help="checkpoint file; default: the folder's")


def add_converter_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the tools that convert a published dataset.

    Args:
        parser (argparse.ArgumentParser): Parser of the tool.
    """
    parser.add_argument('--num-workers', type=int, default=2, help='processes')
    parser.add_argument(
        '--skip-counts', action='store_true', help='do not insist on the published numbers'
    )


def add_label_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the tools that make affinity labels or pseudo-labels.

    Args:
        parser (argparse.ArgumentParser): Parser of a tool that takes a config.
    """
    parser.add_argument('--cams', help='CAMStore, in place of the one that the config names')
    parser.add_argument('--out', help="folder of the labels, in place of the config's")
    parser.add_argument(
        '--workers',
        type=int,
        help='processes for the CRF; default: one a core, or none where there are few images',
    )
    add_cfg_options(parser)
    add_launcher(parser)
    parser.set_defaults(work_dir=None)


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``, which replaces settings of the config.

    Args:
        parser (argparse.ArgumentParser): Parser of a tool that takes a config.
    """
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings that replace those of the config, as key=value; nested keys by dots, lists '
        'as key="[a,b]" or key=a,b, tuples as key="(a,b)", without white space',
    )


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Add ``--launcher`` and ``--local_rank``, which start a tool in several processes.

    Args:
        parser (argparse.ArgumentParser): Parser of a tool that runs in several processes.
    """
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher; "pytorch" works on CPUs too',
    )
    # torch.distributed.launch passes either spelling.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
