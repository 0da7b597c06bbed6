"""What the page is told of a run, and what it changes: corrections of its photos."""

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmwsss.datasets.names import path_on_disk, require_known
from mmwsss.datasets.voc import voc_palette
from mmwsss.masks.corrections import Correction, Corrections
from mmwsss.structures.counting import counted
from mmwsss.structures.fingerprints import file_fingerprint

from .drawings import draw_labels, draw_photo, draw_response, draw_thumb
from .viewed_run import ViewedRun


class Review:
    """A run under review. Several threads may use it.

    Args:
        path (str | os.PathLike): Folder of the run.

    Raises:
        DataError: If the folder or its corrections have a fault.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self._lock = threading.Lock()
        self.run = ViewedRun.open(path)
        self.corrections = self._read()
        _ = self.run.uncertainty  # computed before the page waits for it

    def describe(self) -> dict[str, Any]:
        """Return everything about the run that the page shows, as it is on the disk now.

        Returns:
            dict[str, Any]: What JSON can hold.

        Raises:
            DataError: If the folder or its corrections have a fault.
        """
        with self._lock:
            now = ViewedRun.open(self.run.folder.path)
            if now.version != self.run.version:
                self.run = now
            self.corrections = self._read()
            run, classes = self.run, self.run.index.classes
            colours = dict(zip(run.index.mask_classes, run.palette))
            spare = dict(zip(classes, voc_palette(1 + len(classes))[1:]))
            return {
                'name': run.folder.path.name,
                'file': f'{run.folder.path.name}/{run.folder.corrections.name}',
                'version': run.version,
                'classes': [
                    {'name': name, 'colour': '#' + bytes(colours.get(name, spare[name])).hex()}
                    for name in classes
                ],
                'photos': [self._describe_photo(key, number) for number, key in run.paths.items()],
            }

    def summary(self) -> str:
        """Say in a line what is corrected, and what to do with it."""
        count = len(self.corrections.images)
        if not count:
            return 'nothing is corrected'
        photos = counted(count, 'photo')
        return f'{self.run.folder.corrections}: {photos}; the next `mmwsss masks` takes it up'

    def correct(self, number: str, said: dict[str, Any]) -> dict[str, Any]:
        """Correct a photo, and write ``corrections.json``.

        Args:
            number (str): Id of the photo.
            said (dict[str, Any]): ``tags``, classes or None for those that were given; ``mask``,
                'good', 'bad' or None. What is not there stays.

        Returns:
            dict[str, Any]: What the page shows of the photo now.

        Raises:
            KeyError: If there is no such photo.
            DataError: If it says something impossible, or the file has a fault.
        """
        key = self.run.paths[number]
        with self._lock:
            # From the file, which a person may have edited meanwhile.
            corrections = self._read()
            old = corrections.images.get(key, Correction())
            new = Correction.parse({**old.entry(), **said, 'mask_seen': old.mask_seen}, repr(key))
            if 'mask' in said:
                seen = self._mask_fingerprint(key) if new.mask else None
                new = replace(new, mask_seen=seen)
            require_known(new.tags or (), self.run.index.classes, repr(key))
            given = self.run.index.photos[key].given
            if new.tags is not None and given is not None and {*new.tags} == {*given}:
                new = replace(new, tags=None)
            corrections = corrections.corrected(key, new)
            corrections.write(self.run.folder.corrections)
            self.corrections = corrections
            return self._describe_photo(key, number)

    def draw(self, number: str, layer: str, index: int | None = None) -> tuple[bytes, str]:
        """Draw a layer of a photo.

        Args:
            number (str): Id of the photo.
            layer (str): 'photo', 'thumb', 'response', or a name of a layer of labels.
            index (int, optional): The class of a response map, among those of the run.

        Returns:
            tuple[bytes, str]: The drawing and its MIME type.

        Raises:
            KeyError: If there is no such photo or layer.
        """
        run = self.run
        key = run.paths[number]
        path = path_on_disk(str(Path(run.index.root, key)))
        if layer == 'photo':
            return draw_photo(path), 'image/jpeg'
        if layer == 'thumb':
            shown = run.mask_layer(key)
            labels = run.labels[shown].read(run.img_id(key)) if shown else None
            return draw_thumb(path, labels, run.palette), 'image/jpeg'
        if layer == 'response':
            name = dict(enumerate(run.index.classes))[-1 if index is None else index]
            if run.cams is None or name not in run.response_classes(key):
                raise KeyError(name)
            response = run.cams.read(run.img_id(key))
            return draw_response(response, run.cams.classes.index(name)), 'image/png'
        if not run.has(layer, key):
            raise KeyError(layer)
        return draw_labels(run.labels[layer].read(run.img_id(key)), run.palette), 'image/png'

    def _read(self) -> Corrections:
        index = self.run.index
        return Corrections.read(self.run.folder.corrections, index.photos, index.classes)

    def _mask_fingerprint(self, key: str) -> str | None:
        layer = self.run.mask_layer(key)
        return (
            file_fingerprint(self.run.labels[layer].path(self.run.img_id(key))) if layer else None
        )

    def _describe_photo(self, key: str, number: str) -> dict[str, Any]:
        photo = self.run.index.photos[key]
        said = self.corrections.images.get(key, Correction())
        stale = bool(said.mask) and said.mask_seen != self._mask_fingerprint(key)
        return {
            'id': number,
            'name': key,
            'given': photo.given,
            'took': photo.tags,
            'tags': photo.given if said.tags is None else list(said.tags),
            'split': photo.split,
            'learned': photo.learned,
            'left_out': photo.left_out,
            'uncertainty': self.run.uncertainty.get(key),
            'mask': said.mask,
            'stale': stale,
            'layers': [layer for layer in self.run.labels if self.run.has(layer, key)],
            'responses': self.run.response_classes(key),
        }
