"""``mmwsss view``: a local page to look at masks and to correct tags."""

import argparse
import webbrowser

EXAMPLES = """\
examples:
  mmwsss view result                  # opens the page in the browser; Ctrl-C ends it
  mmwsss view result --no-browser --port 8765    # over ssh -L 8765:127.0.0.1:8765

What you correct is in result/corrections.json; the next `mmwsss masks` takes it up.
"""


def add_parser(commands) -> None:
    """Add the command.

    Args:
        commands (argparse._SubParsersAction): Where commands are added.
    """
    parser = commands.add_parser(
        'view',
        help='a local page to look at masks and correct tags',
        description='Show the photos of `mmwsss masks` with response maps and masks on a local '
        'page, the most uncertain first; correct tags, and mark masks as good or bad. Needs the '
        'extra "app". No other machine can reach the page.',
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('folder', metavar='DIR', help='folder of `mmwsss masks`')
    parser.add_argument('--port', type=int, default=0, help='port; default: any free one')
    parser.add_argument('--no-browser', action='store_true', help='print the address alone')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Args:
        args (argparse.Namespace): The parsed command line.

    Raises:
        ImportError: If Flask is missing; names the remedy.
        ValueError: If the port is impossible.
    """
    if not 0 <= args.port <= 65535:
        raise ValueError(f'--port must be from 0 to 65535, not {args.port}')
    try:
        from mmwsss.view.server import serve
    except ModuleNotFoundError as error:
        raise ImportError(
            f"{error.name} is not installed, which the page needs: pip install 'mmwsss[app]'"
        ) from error
    # torch takes seconds, which --help need not wait for.
    from mmwsss.view.review import Review

    review = Review(args.folder)
    serve(review, args.port, lambda address: _open(address, args))
    print(review.summary())


def _open(address: str, args: argparse.Namespace) -> None:
    print(f'{address}  (Ctrl-C ends it)', flush=True)
    if not args.no_browser:
        webbrowser.open(address)
