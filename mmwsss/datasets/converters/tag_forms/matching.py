"""Finding the image that an entry of a tag file means."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from mmwsss.datasets.labels import LabelTable
from mmwsss.structures import DataError

# Label Studio puts this before the names of files that were uploaded.
_UPLOADED = re.compile(r'^[0-9a-f]{8}-')


def match_images(table: LabelTable, images: Mapping[str, str], root: Path) -> LabelTable:
    """Name the images of a tag file as they are below the image root.

    A file may have been written for another place: leading folders that the root does not have are
    left out of its names, and a name without folders finds its image in whatever folder it is alone
    in having that name.

    Args:
        table (LabelTable): The tags, by the names of the file.
        images (Mapping[str, str]): Path of each image below the root, by its id.
        root (Path): The image root, for errors.

    Returns:
        LabelTable: The tags, each with the path of its image as key.

    Raises:
        DataError: If a name fits no image or several, or two names fit the same.
    """
    index = _Index(images)
    matched = LabelTable(classes=table.classes, negatives=True)
    missing = []
    for img_id, tags in table.tags.items():
        found = index.find(img_id)
        if len(found) > 1:
            raise DataError(
                f'{tags.where}: {tags.key!r} may be {images[found[0]]} or {images[found[1]]}; '
                f'write its path below {root}'
            )
        if found:
            matched.add(images[found[0]], tags.names, tags.where)
        else:
            missing.append(tags)
    if missing:
        more = f' (and {len(missing) - 1} more)' if len(missing) > 1 else ''
        raise DataError(
            f'{missing[0].where}: no image {missing[0].key!r}{more} below {root}; add or remove it'
        )
    return matched


class _Index:
    """Ids of images by their path and by their name alone, whatever the form of their accents."""

    def __init__(self, images: Mapping[str, str]) -> None:
        self._ids = {_plain(img_id): img_id for img_id in images}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for plain in self._ids:
            self._by_name[plain.rpartition('/')[2]].append(plain)

    def find(self, img_id: str) -> list[str]:
        """Return the ids of the images that a name may mean."""
        folder, _, name = _plain(img_id).rpartition('/')
        names = [name, _UPLOADED.sub('', name)] if _UPLOADED.match(name) else [name]
        for one in names:
            path = f'{folder}/{one}' if folder else one
            found = self._below_root(path) or self._alone(path, one)
            if found:
                return [self._ids[plain] for plain in found]
        return []

    def _below_root(self, path: str) -> list[str]:
        while path not in self._ids:
            _, slash, path = path.partition('/')
            if not slash:
                return []
        return [path]

    def _alone(self, path: str, name: str) -> list[str]:
        return [plain for plain in self._by_name[name] if plain.endswith(f'/{path}')]


def _plain(img_id: str) -> str:
    return unicodedata.normalize('NFC', img_id)
