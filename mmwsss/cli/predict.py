"""``mmwsss predict``: masks of new photos by a trained segmentor."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .options import add_model_arguments

if TYPE_CHECKING:
    from mmwsss.datasets.exporters import LabelledImage

# 'png' and those of mmwsss.datasets.exporters, whose import takes seconds.
FORMATS = ('png', 'coco', 'coco-polygons', 'labelme', 'cvat', 'label-studio')
EXAMPLES = """\
examples:
  mmwsss predict result photos --out masks                # the segmentor of `mmwsss masks`
  mmwsss predict result photo.jpg --out masks --show-dir overlays
  mmwsss predict config.py photos --checkpoint iter_2000.pth --out masks
  mmwsss predict result photos --out masks --tags tags.csv   # only the tagged classes
  mmwsss predict result photos --out cvat --format cvat      # to be corrected in CVAT
"""


def add_parser(commands) -> None:
    """Add the command.

    Args:
        commands (argparse._SubParsersAction): Where commands are added.
    """
    parser = commands.add_parser(
        'predict',
        help='masks of new photos by a trained segmentor',
        description='Predict masks of photos, which need no tags: indexed PNGs, 0 background, '
        'i class i.',
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_arguments(parser)
    parser.add_argument('images', metavar='IMAGES', help='a photo, or a folder of photos')
    parser.add_argument('--out', required=True, help='folder for the masks')
    parser.add_argument(
        '--format',
        choices=FORMATS,
        default='png',
        help='indexed PNGs, or a form of another tool; docs/data.md describes them; default png',
    )
    parser.add_argument('--show-dir', help='folder for overlays')
    parser.add_argument('--tags', help='file of the tags, where they are known, in any form')
    parser.add_argument(
        '--background',
        default='background',
        help='tag that means: none of the classes; default "background"',
    )
    parser.add_argument('--batch-size', type=int, default=1, help='photos loaded together')
    parser.add_argument('--device', help='such as cpu or cuda:0; default: an accelerator if any')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Args:
        args (argparse.Namespace): The parsed command line.

    Raises:
        ValueError: If an option is impossible.
    """
    # torch takes seconds, which --help need not wait for.
    from mmwsss.apis import SegInferencer
    from mmwsss.datasets.exporters import write_form
    from mmwsss.folder_lock import claimed

    if args.batch_size < 1:
        raise ValueError(f'--batch-size must be at least 1, not {args.batch_size}')
    images = Path(args.images)
    tags = _read_tags(Path(args.tags), images, args.background) if args.tags else None
    segment = SegInferencer(args.model, args.checkpoint, args.device)
    own = args.format == 'png'
    batches = segment.batches(
        images,
        batch_size=args.batch_size,
        out_dir=args.out if own else None,
        show_dir=args.show_dir,
        tags=tags,
    )
    if own:
        count = sum(len(batch['predictions']) for batch in batches)
    else:
        root = images if images.is_dir() else images.parent
        with claimed(args.out):
            count = write_form(
                _labelled(batches, root), segment.classes, root, Path(args.out), args.format
            )
    names = ', '.join(f'{i + 1} {name}' for i, name in enumerate(segment.classes))
    values = f'0 background, {names}' if own else f'as {args.format}'
    print(f'{args.out}: {count} masks; {values}')


def _labelled(batches: Iterator[dict], root: Path) -> Iterator['LabelledImage']:
    """Take label maps out of predictions."""
    from mmwsss.datasets.exporters import LabelledImage

    for batch in batches:
        for one in batch['predictions']:
            yield LabelledImage(Path(one.source.path).relative_to(root).as_posix(), one.mask)


def _read_tags(path: Path, images: Path, background: str) -> dict[str, tuple[str, ...]]:
    """Read the tags of photos, by the photos' names."""
    from mmwsss.datasets.converters.image_search import find_images
    from mmwsss.datasets.converters.photo_set import read_image_tags

    root = images if images.is_dir() else images.parent
    found = find_images(images) if images.is_dir() else {images.stem: images.name}
    table, _ = read_image_tags(path, found, root, background)
    return {img_id: tag.names for img_id, tag in table.tags.items()}
