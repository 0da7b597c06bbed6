"""What a run of `mmwsss masks` has left of each photo."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.splits import image_id
from mmwsss.datasets.voc import voc_palette
from mmwsss.masks.photo_index import TRAIN, UNTAGGED, PhotoIndex
from mmwsss.masks.run_folder import RunFolder
from mmwsss.pipeline.records import StageRecord
from mmwsss.progress import track
from mmwsss.structures import CAMStore, DataError, read_json
from mmwsss.structures.fingerprints import content_fingerprint, file_fingerprint, fingerprint_of
from mmwsss.structures.tables import write_json

from .uncertainty import mask_uncertainty

# Names of layers, and of the stages that make them.
MASK, TRAINING_LABEL, PREDICTION = 'mask', 'training label', 'prediction'
CAMS, MASKS, TEST = 'cams', 'masks', 'test'
UNCERTAINTY = 'uncertainty.json'
FEW = 200


@dataclass(frozen=True)
class ViewedRun:
    """The photos of a run and what its stages made of them.

    Attributes:
        folder (RunFolder): The folder of the run.
        index (PhotoIndex): The photos.
        records (Mapping[str, StageRecord]): The finished stages that made images.
    """

    folder: RunFolder
    index: PhotoIndex
    records: Mapping[str, StageRecord]

    @classmethod
    def open(cls, path: str | os.PathLike) -> 'ViewedRun':
        """Open the folder of a run.

        Args:
            path (str or os.PathLike): The folder.

        Returns:
            ViewedRun: The run.

        Raises:
            DataError: If it is no such folder, or its run did not end.
        """
        folder = RunFolder(Path(path).absolute())
        if not folder.path.is_dir():
            raise DataError(f'{path}: no such folder; give the --out of `mmwsss masks`')
        index = PhotoIndex.read(folder.photo_index)
        if not Path(index.root).is_dir():
            raise DataError(
                f'{index.root}: the photos are no longer there; bring them back, or run '
                '`mmwsss masks` on the new folder'
            )
        found = {name: StageRecord.read(folder.stages / name) for name in (CAMS, MASKS, TEST)}
        return cls(folder, index, {name: record for name, record in found.items() if record})

    @cached_property
    def version(self) -> str:
        """Fingerprint of everything that the run has left."""
        outputs = [f'{name} {x.output_fingerprint}' for name, x in sorted(self.records.items())]
        return fingerprint_of([*outputs, file_fingerprint(self.folder.photo_index)])

    @cached_property
    def paths(self) -> dict[str, str]:
        """Paths of the photos below their folder by an id, which is all that a request names."""
        return {content_fingerprint(key.encode()): key for key in self.index.photos}

    @cached_property
    def cams(self) -> CAMStore | None:
        """The response maps; None if there are none."""
        return CAMStore.open(self.records[CAMS].output) if CAMS in self.records else None

    @cached_property
    def labels(self) -> dict[str, LabelFolder]:
        """Label maps by the name of their layer."""
        roots = {}
        if made := self.records.get(MASKS):
            roots[MASK] = made.masks
            if made.whole:
                roots[TRAINING_LABEL] = made.output
        if TEST in self.records:
            roots[PREDICTION] = self.records[TEST].output
        classes = self.index.mask_classes
        return {layer: LabelFolder(root, 'masks', classes) for layer, root in roots.items()}

    @property
    def palette(self) -> list[tuple[int, int, int]]:
        """Colours of the classes of the masks, as the masks themselves have them."""
        return voc_palette(1 + len(self.index.mask_classes))[1:]

    def img_id(self, key: str) -> str:
        """Return the id under which stages keep what they made of a photo.

        Args:
            key (str): Path of the photo below the folder of photos.

        Returns:
            str: The id.
        """
        return image_id(key, self.index.root)

    def mask_layer(self, key: str) -> str | None:
        """Name the layer that is the photo's mask: the prediction where it is untagged.

        Args:
            key (str): Path of the photo below the folder of photos.

        Returns:
            str | None: The layer; None if the photo has no mask.
        """
        layer = PREDICTION if self.index.photos[key].split == UNTAGGED else MASK
        return layer if self.has(layer, key) else None

    def has(self, layer: str, key: str) -> bool:
        """Tell whether a photo has a label map in a layer.

        Args:
            layer (str): Name of the layer.
            key (str): Path of the photo below the folder of photos.

        Returns:
            bool: Whether there is a file, and for a training label that the photo is not held out.
        """
        if layer == TRAINING_LABEL and self.index.photos[key].split != TRAIN:
            return False
        return layer in self.labels and self.labels[layer].path(self.img_id(key)).is_file()

    def response_classes(self, key: str) -> list[str]:
        """List the classes with response maps of a photo.

        Args:
            key (str): Path of the photo below the folder of photos.

        Returns:
            list[str]: The classes by the tags that the run took, in the order of the classes.
        """
        tags = self.index.photos[key].tags or ()
        if self.cams is None or not self.cams.path(self.img_id(key)).is_file():
            return []
        return [name for name in self.cams.classes if name in tags]

    @cached_property
    def uncertainty(self) -> dict[str, float]:
        """Uncertainty of each photo that has a mask and response maps, see ``mask_uncertainty``.

        It is kept in a file until the next run.
        """
        path = self.folder.data / UNCERTAINTY
        try:
            version, kept = read_json(path, 'remove it', _versioned_floats)
            if version == self.version:
                return kept
        except (FileNotFoundError, DataError):
            pass  # nothing is lost: it is computed anew
        computed = self._compute_uncertainty()
        write_json(path, {'version': self.version, 'photos': computed})
        return computed

    def _compute_uncertainty(self) -> dict[str, float]:
        if self.cams is None or MASK not in self.labels:
            return {}
        keys = [
            key
            for key in self.index.photos
            if self.has(MASK, key) and self.cams.path(self.img_id(key)).is_file()
        ]
        # Reading and decoding, which take most of the time, let other threads work.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            values = pool.map(self._uncertainty_of, keys)
            return dict(zip(keys, track(values, 'uncertainty', len(keys), disable=len(keys) < FEW)))

    def _uncertainty_of(self, key: str) -> float:
        assert self.cams is not None
        img_id = self.img_id(key)
        return mask_uncertainty(self.cams.read(img_id), self.labels[MASK].read(img_id))


def _versioned_floats(content: dict) -> tuple[str, dict[str, float]]:
    return content['version'], {key: float(value) for key, value in content['photos'].items()}
