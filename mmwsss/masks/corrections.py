"""What a person has corrected in the results of `mmwsss masks`: a plain file, read by its next run.

``corrections.json`` names photos by their path below the folder of photos, a photo a line::

    {
      "format": "mmwsss corrections",
      "version": 1,
      "images": {
        "beach/7.jpg": {"tags": ["cat", "dog"]},
        "8.jpg": {"tags": [], "mask": "bad", "mask_seen": "5a2e06d3b1f09c47"}
      }
    }

``tags`` are what the photo shows in place of its tags, none: none of the classes. ``mask`` is
'good' or 'bad', a judgement of the mask with the fingerprint ``mask_seen``.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmwsss.datasets.names import composed, require_known
from mmwsss.structures import DataError, read_json
from mmwsss.structures.fingerprints import DIGITS
from mmwsss.structures.tables import write_text

FORMAT, VERSION = 'mmwsss corrections', 1
GOOD, BAD = 'good', 'bad'
_REMEDY = 'correct or remove the file'
_FINGERPRINT = re.compile(f'[0-9a-f]{{{DIGITS}}}')


@dataclass(frozen=True)
class Correction:
    """What a person says about a photo.

    Attributes:
        tags (tuple[str, ...] | None): Classes that it shows, in place of its tags; empty: none of
            the classes. Defaults to None: as the tags say.
        mask (str | None): 'good' or 'bad'. Defaults to None: not judged.
        mask_seen (str | None): ``file_fingerprint`` of the mask that was judged. Defaults to None.
    """

    tags: tuple[str, ...] | None = None
    mask: str | None = None
    mask_seen: str | None = None

    @classmethod
    def parse(cls, entry: object, where: str) -> 'Correction':
        """Check what a file or a request says about a photo.

        Args:
            entry (object): What JSON holds.
            where (str): File and photo, for the error.

        Returns:
            Correction: The correction.

        Raises:
            DataError: If it is not one.
        """
        if not isinstance(entry, dict) or entry.keys() - {'tags', 'mask', 'mask_seen'}:
            raise DataError(f'{where}: give "tags", "mask" and "mask_seen" alone, not {entry!r}')
        tags, mask, seen = (entry.get(key) for key in ('tags', 'mask', 'mask_seen'))
        if tags is not None:
            if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
                raise DataError(f'{where}: "tags" is {tags!r}; give a list of classes')
            tags = tuple(dict.fromkeys(map(composed, tags)))
        if mask not in (None, GOOD, BAD):
            raise DataError(f'{where}: "mask" is {mask!r}; give "good" or "bad"')
        if seen is not None and not (isinstance(seen, str) and _FINGERPRINT.fullmatch(seen)):
            raise DataError(f'{where}: "mask_seen" is {seen!r}, not a fingerprint; remove it')
        return cls(tags, mask, seen if mask else None)

    def entry(self) -> dict[str, Any]:
        """Return what the file says about the photo; empty if nothing is corrected."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in vars(self).items()
            if value is not None
        }


@dataclass(frozen=True)
class Corrections:
    """The corrections of a run's photos.

    Attributes:
        images (dict[str, Correction]): By the path of a photo.
    """

    images: dict[str, Correction] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, photos: Collection[str], classes: Sequence[str]) -> 'Corrections':
        """Read ``corrections.json``.

        Args:
            path (Path): The file; where there is none, nothing is corrected.
            photos (Collection[str]): Paths of the photos.
            classes (Sequence[str]): Names of the classes.

        Returns:
            Corrections: The corrections.

        Raises:
            DataError: If the file has a fault, or names another class or photo.
        """
        try:
            content = read_json(path, _REMEDY)
        except FileNotFoundError:
            return cls()
        images = content.get('images') if isinstance(content, dict) else None
        if not isinstance(images, dict) or content.get('format') != FORMAT:
            raise DataError(f'{path}: no file of corrections; {_REMEDY}')
        if content.get('version') != VERSION:
            raise DataError(
                f'{path}: version {content.get("version")!r}, this mmwsss reads {VERSION}; install '
                f'the mmwsss that wrote it, or {_REMEDY}'
            )
        spelled = {composed(photo): photo for photo in photos}
        found = {}
        for key, entry in images.items():
            where = f'{path}: {key!r}'
            if composed(key) not in spelled:
                raise DataError(f'{where}: no such photo; remove it, or correct its name')
            correction = Correction.parse(entry, where)
            require_known(correction.tags or (), classes, where)
            found[spelled[composed(key)]] = correction
        return cls(found)

    def write(self, path: Path) -> None:
        """Write ``corrections.json``, whole or not at all.

        Args:
            path (Path): The file.
        """
        rows = ',\n'.join(
            f'  {_json(key)}: {_json(correction.entry())}'
            for key, correction in sorted(self.images.items())
        )
        head = f'{{\n "format": {_json(FORMAT)},\n "version": {VERSION},\n "images": {{'
        write_text(path, head + (f'\n{rows}\n ' if rows else '') + '}\n}\n')

    def corrected(self, photo: str, correction: Correction) -> 'Corrections':
        """Return these with another correction of a photo.

        Args:
            photo (str): Path of the photo.
            correction (Correction): The correction; an empty one takes that of the photo away.

        Returns:
            Corrections: All corrections.
        """
        images = {**self.images, photo: correction}
        return Corrections({key: value for key, value in images.items() if value.entry()})

    @property
    def bad(self) -> frozenset[str]:
        """Photos with bad masks."""
        return frozenset(key for key, value in self.images.items() if value.mask == BAD)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
