"""``mmwsss masks``: photos and tags in, masks and a segmentor out."""

import argparse

EXAMPLES = """\
examples:
  mmwsss masks photos --tags tags.csv --out result       # one folder and a table of tags
  mmwsss masks photos --out result                       # a folder for each class
  mmwsss masks photos --tags coco.json --out result --best

Run the same command again to go on after an interruption, or after tags or result/config.py have
changed: only what depends on the change is made anew.
"""


def add_parser(commands) -> None:
    """Add the command.

    Args:
        commands (argparse._SubParsersAction): Where commands are added.
    """
    parser = commands.add_parser(
        'masks',
        help='masks of photos from their tags, and a segmentor for new photos',
        description='Turn image-level tags into a mask of each photo and a segmentor for new ones.',
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('images', metavar='IMAGES', help='folder of the photos')
    parser.add_argument(
        '--tags',
        help='file of the tags: CSV, COCO or Label Studio JSON, CVAT or VOC XML, metadata.csv; '
        'without it, the folders in IMAGES are the classes',
    )
    parser.add_argument('--out', required=True, help='folder for everything that is made')
    parser.add_argument(
        '--classes', nargs='+', help='the classes in order; default: those of the tags, sorted'
    )
    recipe = parser.add_mutually_exclusive_group()
    for name, what in (('quick', 'a look in minutes'), ('best', 'longer training, more views')):
        recipe.add_argument(
            f'--{name}', dest='quality', action='store_const', const=name, help=what
        )
    parser.add_argument(
        '--val-fraction',
        type=float,
        default=0.1,
        help='share of the photos that the segmentor does not learn from; default 0.1',
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of split and trainings')
    parser.add_argument(
        '--background',
        default='background',
        help='tag or folder that means: none of the classes; default "background"',
    )
    parser.add_argument(
        '--unlabelled-negatives',
        action='store_true',
        help='photos without any class train the classifier alone and get no mask',
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Args:
        args (argparse.Namespace): The parsed command line.
    """
    from mmwsss.masks import make_masks  # torch takes seconds, which --help need not wait for

    made = make_masks(
        args.images,
        args.tags,
        args.out,
        classes=args.classes,
        quality=args.quality,
        val_fraction=args.val_fraction,
        seed=args.seed,
        background=args.background,
        label_negatives=not args.unlabelled_negatives,
    )
    print(made.summary())
