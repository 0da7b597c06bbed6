"""What the readers of tag files have in common."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from mmwsss.datasets.labels import LabelTable

_URL = re.compile(r'[a-z][a-z0-9+.-]+:/')


class Entry(NamedTuple):
    """An image as a tag file names it, with the tags that this place of the file gives it.

    Attributes:
        key (str): Path of the image, with '/'.
        names (tuple[str, ...] | None): Names of its classes; empty if the file says that it shows
            none, None if the file only lists it.
        where (str): Place in the file, ``file:line`` where there is a line.
    """

    key: str
    names: tuple[str, ...] | None
    where: str


def plain_path(name: str) -> str:
    """Take the path out of an image's name in an annotation file.

    Args:
        name (str): A path, absolute or not, or a URL, among them those of Label Studio's
            ``/data/local-files/?d=``.

    Returns:
        str: A path with '/' that begins with a name: without scheme, host, drive and leading '.'.
    """
    name = name.strip()
    if '?d=' in name:
        name = parse_qs(urlsplit(name).query).get('d', [name])[0]
    elif _URL.match(name):
        name = unquote(urlsplit(name).path)
    parts = name.replace('\\', '/').split('/')
    return '/'.join(part for part in parts if part not in ('', '.', '..') and part[1:] != ':')


def collect(entries: Iterable[Entry], join: bool, listed_negatives: bool) -> LabelTable:
    """Gather entries into a table.

    Args:
        entries (Iterable[Entry]): The entries of a file.
        join (bool): Whether an image may have several entries, whose tags are joined.
        listed_negatives (bool): Whether images that the file only lists count as negatives;
            otherwise they are untagged.

    Returns:
        LabelTable: The tags; images that are only listed may be missing.

    Raises:
        DataError: If an image has several entries that may not be joined, or an impossible name.
    """
    joined: dict[tuple[str, str], tuple[list[str] | None, str]] = {}
    for key, names, where in entries:
        place = (key, '' if join else where)
        before, first = joined.get(place, (None, where))
        tags = before if names is None else [*(before or []), *names]
        joined[place] = (tags, first)
    table = LabelTable(negatives=True)
    for (key, _), (tags, where) in joined.items():
        if tags is not None or listed_negatives:
            table.add(key, tags or (), where)
    return table
