"""The command ``mmwsss``: masks of one's own images, and a model, from tags."""

import argparse
import os
import sys
from collections.abc import Sequence

from mmwsss.version import __version__

from . import export, masks, predict, view
from .interrupt import INTERRUPTED

SUBCOMMANDS = (masks, predict, view, export)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command and of its subcommands.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = argparse.ArgumentParser(
        prog='mmwsss',
        description='Pixel masks from image-level tags, and a model for new images.',
        epilog='docs/own_images.md shows each step; "mmwsss COMMAND --help" has examples.',
    )
    parser.add_argument('--version', action='version', version=f'mmwsss {__version__}')
    commands = parser.add_subparsers(title='commands', metavar='COMMAND', required=True)
    for module in SUBCOMMANDS:
        module.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments (Sequence[str], optional): Command line. Defaults to that of the process.

    Returns:
        int: Exit status: 0 if all went well, 1 after an error, which is printed in a line, 130
        after Ctrl-C.
    """
    args = build_parser().parse_args(arguments)
    try:
        args.run(args)
    except KeyboardInterrupt:
        print('interrupted; the same command goes on where it stopped', file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        print(f'mmwsss: error: {error}', file=sys.stderr)
        return 1
    return 0
