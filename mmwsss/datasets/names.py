"""Names of classes and files that look alike: their Unicode forms, cases and blanks."""

import os
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

from mmwsss.structures import IGNORED, DataError

BACKGROUND = 'background'
# Masks hold i + 1 for class i in 8 bits, in which 255 is ignored.
MAX_CLASSES = IGNORED - 1


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC).

    Disks of Macs hand out 'ö' as 'o' and two dots (NFD), everything else as one character.

    Args:
        text (str): The text.

    Returns:
        str: The text, in which letters and their accents are one character.
    """
    return text if text.isascii() else unicodedata.normalize('NFC', text)


def path_on_disk(path: str) -> str:
    """Return a path as the disk spells it.

    Args:
        path (str): A path, its accents in any form.

    Returns:
        str: The path of the file or folder that is there under that name; ``path`` if there is
        none.
    """
    if path.isascii() or os.path.lexists(path):
        return path
    folder, name = os.path.split(path)
    if not name or folder == path:
        return path
    folder = path_on_disk(folder)
    try:
        found = [one for one in os.listdir(folder or '.') if composed(one) == composed(name)]
    except OSError:
        return path
    return os.path.join(folder, min(found)) if found else path


def check_classes(classes: Sequence[str] | None, where: str) -> tuple[str, ...]:
    """Check the names of foreground classes.

    Args:
        classes (Sequence[str], optional): The names, in their order.
        where (str): What they belong to, for errors.

    Returns:
        tuple[str, ...]: The names in Unicode's composed form.

    Raises:
        DataError: If there is none, they are one text, a name is empty, 'background' or there
            twice, or there are more than masks can hold.
    """
    if isinstance(classes, str):
        raise DataError(
            f"{where}: classes is the text {classes!r}, not a list; in Python write ('{classes}',)"
        )
    if not classes:
        raise DataError(f'{where}: no class names; give metainfo=dict(classes=...)')
    for name in classes:
        if not isinstance(name, str) or not name.strip():
            raise DataError(f'{where}: {name!r} is no name of a class; write a text')
    names = tuple(composed(name) for name in classes)
    if len(set(names)) < len(names):
        raise DataError(f'{where}: a class is listed twice in {list(names)}; remove one')
    if BACKGROUND in names:
        raise DataError(
            f"{where}: 'background' is no class (masks have it as 0, it would be listed twice); "
            'remove it'
        )
    if len(names) > MAX_CLASSES:
        raise DataError(
            f'{where}: {len(names)} classes, but masks of 8 bits hold {MAX_CLASSES} at most (0 is '
            f'background, {IGNORED} is ignored); leave some out'
        )
    return names


def similar_names(classes: Sequence[str]) -> list[tuple[str, ...]]:
    """Find names that are equal but for case, blanks, underscores and hyphens.

    Args:
        classes (Sequence[str]): Names of classes.

    Returns:
        list[tuple[str, ...]]: The names that are alike, where there are several.
    """
    alike: dict[str, list[str]] = {}
    for name in classes:
        alike.setdefault(_plain(name), []).append(name)
    return [tuple(names) for names in alike.values() if len(names) > 1]


def closest_name(name: str, classes: Sequence[str]) -> str:
    """Say what an unknown class may mean.

    Args:
        name (str): The unknown name.
        classes (Sequence[str]): Names of the classes.

    Returns:
        str: A hint that follows the name in an error; empty if there is none.
    """
    alike = [one for one in classes if _plain(one) == _plain(name)]
    if alike:
        return f' (there is {alike[0]!r}: case and blanks count)'
    for sign in ',|/':
        if sign in name and any(_plain(part) in map(_plain, classes) for part in name.split(sign)):
            return " (several tags are joined by ';')"
    close = get_close_matches(name, classes, 1)
    return f' (the closest is {close[0]!r})' if close else ''


def require_known(names: Sequence[str], classes: Sequence[str], where: str) -> None:
    """Check that tags are names of classes.

    Args:
        names (Sequence[str]): The tags.
        classes (Sequence[str]): Names of the classes.
        where (str): File and line of the tags, for the error.

    Raises:
        DataError: If a tag is no class.
    """
    for name in names:
        if name not in classes:
            raise DataError(
                f'{where}: unknown class {name!r}{closest_name(name, classes)}; '
                f'the classes are {", ".join(classes)}'
            )


def _plain(name: str) -> str:
    return ''.join(composed(name).casefold().replace('_', ' ').replace('-', ' ').split())
