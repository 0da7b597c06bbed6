"""``mmwsss export``: a trained model as ONNX, for other programs."""

import argparse

from .options import add_model_arguments

EXAMPLES = """\
examples:
  mmwsss export result model.onnx                         # the segmentor of `mmwsss masks`
  mmwsss export config.py model.onnx --checkpoint epoch_6.pth
"""


def add_parser(commands) -> None:
    """Add the command.

    Args:
        commands (argparse._SubParsersAction): Where commands are added.
    """
    parser = commands.add_parser(
        'export',
        help='a trained model as ONNX',
        description='Write a segmentor or a classifier as ONNX, with its normalisation inside: it '
        'takes RGB images of any size with values 0 to 255. onnxruntime is compared with PyTorch '
        'first. Needs the extra "onnx".',
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_arguments(parser)
    parser.add_argument('out', metavar='FILE', help='the file to write, such as model.onnx')
    parser.add_argument(
        '--tolerance',
        type=float,
        default=1e-4,
        help='largest difference between onnxruntime and PyTorch; default 1e-4',
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Args:
        args (argparse.Namespace): The parsed command line.
    """
    # torch takes seconds, which --help need not wait for.
    from mmwsss.apis import export_onnx, init_model

    made = export_onnx(init_model(args.model, args.checkpoint, 'cpu'), args.out, args.tolerance)
    print(
        f'{made.path}: outputs {", ".join(made.outputs)}; onnxruntime and PyTorch differ by '
        f'{made.difference:.1g} at most'
    )
