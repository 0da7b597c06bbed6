"""A finished run of ``mmwsss masks`` without a training, its names those that break pages."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from mmwsss.datasets import LabelFolder
from mmwsss.datasets.converters.photo_set import PhotoSet
from mmwsss.masks.photo_index import PhotoIndex
from mmwsss.masks.run_folder import RunFolder
from mmwsss.pipeline.records import Dependencies, StageRecord
from mmwsss.structures import CAMStore, ResponseMap

CLASSES = ('<img src=x onerror=alert(1)>', 'it\'s "a" & b', 'כלב')
LABELS = {
    '<b>bold<|b>.png': CLASSES[:1],
    'quote\'".png': CLASSES[1:2],
    'חתול/1.png': CLASSES[2:],
    'both.png': CLASSES[:2],
    'none.png': (),
    'held.png': CLASSES[:1],
}
UNTAGGED = 'new.png'
SHAPE = (24, 32)


def write_reviewed_run(root: Path) -> Path:
    """Write photos, and the folder of a run of them.

    Args:
        root (Path): An empty folder.

    Returns:
        Path: Folder of the run.
    """
    photos, folder = root / 'photos', RunFolder(root / 'run')
    given = PhotoSet(photos, 'CSV', CLASSES, LABELS, (UNTAGGED,))
    rng = np.random.default_rng(0)
    for key in (*LABELS, UNTAGGED):
        (photos / key).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(90, 160, (*SHAPE, 3), np.uint8)).save(photos / key)
    train = tuple(key for key in LABELS if key != 'held.png')
    split = given.split(0, 0)
    split = type(split)(CLASSES, LABELS, train, ('held.png',), (UNTAGGED,), photos)
    PhotoIndex.collect(given, split, train).write(folder.photo_index)
    write_stages(folder, rng)
    return folder.path


def write_stages(folder: RunFolder, rng: np.random.Generator) -> None:
    """Write response maps, masks, training labels and predictions, and the stages' records."""
    ids = {key.removesuffix('.png'): names for key, names in LABELS.items()}
    cams = CAMStore.create(folder.stages / 'cams/maps', CLASSES)
    for img_id, names in ids.items():
        classes = torch.tensor([CLASSES.index(name) for name in names], dtype=torch.long)
        scores = torch.from_numpy(rng.random((len(names), 6, 8), np.float32))
        cams.write(ResponseMap(scores, classes, SHAPE, img_id))
    held_out = {'held': ids['held'], 'new': CLASSES[:1]}
    made = {'masks/labels': ids, 'masks/whole': ids, 'test/labels': held_out}
    for place, named in made.items():
        labels = LabelFolder.create(folder.stages / place, 'pseudo', CLASSES, {})
        for img_id, names in named.items():
            label = np.zeros(SHAPE, np.uint8)
            for name in names:
                label[4:, 8 * CLASSES.index(name) :] = 1 + CLASSES.index(name)
            labels.write(img_id, label)
    for stage, output in {'cams': 'maps', 'masks': 'labels', 'test': 'labels'}.items():
        path = folder.stages / stage
        whole = str(path / 'whole') if stage == 'masks' else None
        record = StageRecord(
            stage, 'tool', stage, '', str(path / output), 'labels', 1.0, Dependencies(), whole=whole
        )
        replace(record, output_fingerprint=record.fingerprint()).write(path)
