"""What a person takes out of a run: a mask and an overlay of each photo, and the segmentor."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.splits import image_id
from mmwsss.process_pool import ordered_map
from mmwsss.pseudo_labels.images import load_rgb
from mmwsss.structures import atomic_open, copy_file, img_id_path
from mmwsss.structures.fingerprints import file_fingerprint, fingerprint_of
from mmwsss.visualization import overlay_labels

OVERLAY_SIDE = 1024
_DRAWN_AS = 2  # another number draws the overlays of earlier runs anew


@dataclass(frozen=True)
class ResultWriter:
    """Writes mask and overlay of one photo. Picklable, for a pool.

    Attributes:
        root (Path): Folder of the photos.
        masks (Path): Where the masks go.
        overlays (Path): Where the overlays go.
        before (Path): Overlays of an earlier run; those of the same photo and label are taken.
    """

    root: Path
    masks: Path
    overlays: Path
    before: Path

    def __call__(self, item: tuple[str, LabelFolder]) -> float:
        """Write mask and overlay.

        Args:
            item (tuple[str, LabelFolder]): Path of the photo below the root, and the folder that
                has its label.

        Returns:
            float: Share of the mask's pixels that are of a class, in [0, 1].
        """
        key, folder = item
        img_id = image_id(key, str(self.root))
        copy_file(folder.path(img_id), img_id_path(self.masks, img_id, '.png'))
        overlay, before = (
            img_id_path(place, img_id, '.jpg') for place in (self.overlays, self.before)
        )
        made_from = _made_from(self.root / key, folder.path(img_id))
        drawn_from, _, share = _comment(before).partition(' ')
        if drawn_from == made_from:
            copy_file(before, overlay)
            return float(share)
        return self._draw(key, folder.read(img_id), overlay, made_from)

    def _draw(self, key: str, labels: np.ndarray, path: Path, made_from: str) -> float:
        share = np.count_nonzero(labels) / labels.size
        image, _ = load_rgb(str(self.root / key), OVERLAY_SIDE)
        labels = cv2.resize(labels, image.shape[1::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        with atomic_open(path) as file:
            Image.fromarray(overlay_labels(image, labels)).save(
                file, 'JPEG', quality=90, comment=f'{made_from} {share}'
            )
        return share


def _made_from(photo: Path, label: Path) -> str:
    """Return what an overlay's comment says of its photo and its label, before the share."""
    status = photo.stat()
    parts = (OVERLAY_SIDE, _DRAWN_AS, status.st_size, status.st_mtime_ns, file_fingerprint(label))
    return fingerprint_of(map(str, parts))


def _comment(overlay: Path) -> str:
    """Read the comment of an overlay; '' if there is no such file."""
    try:
        with Image.open(overlay) as image:
            return image.info.get('comment', b'').decode()
    except (OSError, ValueError):
        return ''


def write_results(
    labels: Sequence[tuple[Iterable[str], LabelFolder]], root: Path, out: Path, workers: int
) -> list[float]:
    """Write ``masks/`` and ``overlays/``; what an earlier run left there goes.

    Args:
        labels (Sequence[tuple[Iterable[str], LabelFolder]]): Photos, as paths below the root, and
            the folder that has their labels.
        root (Path): Folder of the photos.
        out (Path): Folder of the run.
        workers (int): Processes; 0 works in this one.

    Returns:
        list[float]: Share of each mask's pixels that are of a class, in [0, 1].
    """
    made = {name: out / f'{name}.new' for name in ('masks', 'overlays')}
    for folder in made.values():
        shutil.rmtree(folder, ignore_errors=True)
    items = [(key, folder) for keys, folder in labels for key in keys]
    write = ResultWriter(root, made['masks'], made['overlays'], out / 'overlays')
    shares = list(
        ordered_map(
            write,
            items,
            workers=workers,
            name_of=lambda item: item[0],
            description='masks and overlays',
            progress=True,
        )
    )
    for name, folder in made.items():
        folder.mkdir(exist_ok=True)
        shutil.rmtree(out / name, ignore_errors=True)
        folder.rename(out / name)
    return shares
