"""A set of one's own photos and their tags, and what is odd about them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmwsss.datasets.labels import LabelTable
from mmwsss.datasets.names import BACKGROUND, check_classes, require_known
from mmwsss.structures import DataError

from .image_search import search_images
from .own_images import Conversion, split_images
from .tag_forms import match_images, read_tags

FEW = 5


@dataclass(frozen=True)
class PhotoSet:
    """Photos and their tags.

    Attributes:
        root (Path): Folder of the photos.
        form (str): Form that the tags were in.
        classes (tuple[str, ...]): Names of the classes, in their order.
        labels (dict[str, tuple[str, ...]]): Names of the classes that a photo shows, by its path
            below the folder; none for a negative.
        untagged (tuple[str, ...]): Photos of which nothing is known.
        left_out (tuple[str, ...]): Lines on what else lies in the folder.
    """

    root: Path
    form: str
    classes: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]
    untagged: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def negatives(self) -> tuple[str, ...]:
        """Photos that show none of the classes."""
        return tuple(key for key, names in self.labels.items() if not names)

    def split(self, val_fraction: float, seed: int) -> Conversion:
        """Split the tagged photos at random, see ``split_images``.

        Args:
            val_fraction (float): Share of the photos that are held out, in [0, 1).
            seed (int): Seed of the random choice.

        Returns:
            Conversion: Tags and split.
        """
        train, val = split_images(self.labels, val_fraction, seed)
        return Conversion(
            self.classes, self.labels, train, val, self.untagged, self.root, self.left_out
        )

    def summary(self) -> str:
        """Return what was found: a table of the classes, and numbers of photos."""
        counts = self._counts()
        width = max(len('tagged photos'), *map(len, self.classes))
        lines = [f'{self.root}: tags as {self.form}', f'{"class":{width}}  photos']
        lines += [f'{name:{width}} {counts[name]:7}' for name in self.classes]
        lines.append(f'{"tagged photos":{width}} {len(self.labels) - len(self.negatives):7}')
        if self.negatives:
            lines.append(f'{"negatives":{width}} {len(self.negatives):7}  (show none of them)')
        if self.untagged:
            lines.append(
                f'{"untagged":{width}} {len(self.untagged):7}  (left for the segmentor; first '
                f'{self.untagged[0]})'
            )
        return '\n'.join([*lines, *self.left_out])

    def oddities(self) -> list[str]:
        """Return a line for everything that is allowed, but likely not meant or of little use."""
        counts, total = self._counts(), len(self.labels)
        odd = []
        for name in self.classes:
            if counts[name] == total:
                odd.append(
                    f'every tagged photo shows {name!r}, so the tags do not say where it is: add '
                    'photos without it, with an empty tag or in a folder "background"'
                )
        few = [f'{name} ({counts[name]})' for name in self.classes if counts[name] < FEW]
        if few:
            odd.append(f'in fewer than {FEW} photos: {", ".join(few)}; add some, or drop the class')
        return odd

    def _counts(self) -> Counter:
        return Counter(name for names in self.labels.values() for name in names)


def read_photo_set(
    images: Path,
    tags: Path | None = None,
    classes: Sequence[str] | None = None,
    background: str = BACKGROUND,
    listed_negatives: bool = False,
) -> PhotoSet:
    """Find photos and read their tags, whatever their form.

    Args:
        images (Path): Folder of the photos.
        tags (Path, optional): Where the tags are, see ``read_tags``. Defaults to None: the folders
            name the classes.
        classes (Sequence[str], optional): The classes in their order; a tag that is not among them
            is an error. Defaults to those that the tags list, else to the tags that occur, sorted.
        background (str): A tag or folder that means: none of the classes. Defaults to
            'background'.
        listed_negatives (bool): See ``read_tags``. Defaults to False.

    Returns:
        PhotoSet: The photos.

    Raises:
        DataError: If photos or tags have a fault, or no photo shows a class.
    """
    search = search_images(images)
    classes = check_classes(classes, '--classes') if classes else None
    table, form = read_image_tags(tags, search.images, images, background, listed_negatives)
    labels = {tag.key: tag.names for tag in table.tags.values()}
    used = {name for names in labels.values() for name in names}
    if not used:
        raise DataError(f'{tags or images}: no photo shows a class; tag some')
    if classes:
        for tag in table.tags.values():
            require_known(tag.names, classes, tag.where)
    order = tuple(classes or table.classes or sorted(used))
    known = tuple(name for name in dict.fromkeys((*order, *sorted(used))) if name in used)
    untagged = tuple(path for path in search.images.values() if path not in labels)
    return PhotoSet(images, form, known, labels, untagged, tuple(search.account()))


def read_image_tags(
    tags: Path | None,
    images: Mapping[str, str],
    root: Path,
    background: str = BACKGROUND,
    listed_negatives: bool = False,
) -> tuple[LabelTable, str]:
    """Read the tags of images that are there, whatever their form.

    Args:
        tags (Path, optional): Where the tags are, see ``read_tags``.
        images (Mapping[str, str]): Path of each image below the root, by its id.
        root (Path): The image root.
        background (str): A tag that means: none of the classes. Defaults to 'background'.
        listed_negatives (bool): See ``read_tags``. Defaults to False.

    Returns:
        tuple[LabelTable, str]: The tags, each with the path of its image as key and without
        ``background``, and the name of the form.

    Raises:
        DataError: If the tags have a fault, or name an image that is not there.
    """
    table, form = read_tags(tags, images, root, listed_negatives)
    table = match_images(table, images, root)
    for img_id, tag in table.tags.items():
        names = tuple(name for name in tag.names if name != background)
        table.tags[img_id] = tag._replace(names=names)
    return table, form
