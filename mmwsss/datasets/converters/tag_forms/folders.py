"""Tags by folders: the folder that an image lies in names its class."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from mmwsss.structures import DataError

from .entry import Entry


def class_folders(images: Mapping[str, str], root: Path) -> Iterator[Entry]:
    """Tag every image with the name of the top folder that it lies in.

    Args:
        images (Mapping[str, str]): Path of each image below the root, by its id.
        root (Path): Folder of the folders.

    Yields:
        Entry: An image.

    Raises:
        DataError: If an image lies in no folder.
    """
    for path in images.values():
        folder, _, rest = path.partition('/')
        if not rest:
            raise DataError(
                f'{root / path}: lies in no class folder; move it into one, or give the tags in a '
                'file'
            )
        yield Entry(path, (folder,), str(root / path))
