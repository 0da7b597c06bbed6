"""What is harmed: files that are whole, and whoever reads them.

A reader returns what it read, to be compared, or raises. It gets the file that was harmed.
"""

import io
import json
import random
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from checkpoints_fuzzed import CHECKPOINT_READERS, damaged_checkpoint, write_checkpoints
from damage import Rewritten, damaged, damaged_json, damaged_text
from PIL import Image

from mmwsss.datasets.label_folder import LabelFolder
from mmwsss.datasets.labels import read_label_file, read_xml
from mmwsss.datasets.masks import read_mask
from mmwsss.datasets.splits import read_split
from mmwsss.datasets.transforms import LoadImage
from mmwsss.pipeline.records import Dependencies, StageRecord
from mmwsss.structures import CAMStore, ResponseMap

CLASSES = ('cat', 'dog', 'cow')


@dataclass(frozen=True)
class Target:
    """A kind of input.

    Attributes:
        file (str): The file that is harmed, below the folder of the inputs.
        read (Callable): Takes the folder and the file, and returns what was read.
        harm (Callable): Takes the file's content and a random generator, and returns another.
        checked (bool): Whether the format has checksums, so that no harm may pass unseen.
    """

    file: str
    read: Callable[[Path, Path], Any]
    harm: Callable[[bytes, random.Random], bytes] = damaged
    checked: bool = True


def write_inputs(root: Path) -> None:
    """Write whole inputs of every kind."""
    rng = np.random.default_rng(0)
    labels = np.kron(rng.integers(0, 4, (6, 8)), np.ones((8, 8))).astype(np.uint8)
    folder = LabelFolder.create(root / 'labels', 'pseudo', CLASSES, {'refiner': {'type': 'CRF'}})
    folder.write('a', labels, {'response_maps': '0123', 'image_labels': '0 2'})
    photo = cv2.resize(rng.integers(0, 256, (6, 8, 3)).astype(np.uint8), (64, 48))
    cv2.imwrite(str(root / 'a.png'), photo)
    cv2.imwrite(str(root / 'a.jpg'), photo)
    Image.fromarray(labels).save(root / 'mask.png')
    store = CAMStore.create(root / 'cams', CLASSES)
    scores = torch.from_numpy(rng.random((2, 6, 8)))
    store.write(ResponseMap(scores, torch.tensor([0, 2]), (48, 64), 'a'))
    tags = {'a/1': ['cat'], 'a/2': ['cat', 'dog'], 'b': ['cow']}
    (root / 'tags.json').write_text(json.dumps({'classes': CLASSES, 'labels': tags}, indent=1))
    lines = [f'{name},{";".join(names)}' for name, names in tags.items()]
    (root / 'tags.csv').write_text('\n'.join(['image,labels', *lines, '']))
    (root / 'tags.txt').write_text(''.join(f'{n} {" ".join(t)}\n' for n, t in tags.items()))
    (root / 'split.txt').write_text('a/1\na/2\nb\n')
    (root / 'a.xml').write_text(
        '<?xml version="1.0" encoding="utf-8"?><annotation><object><name>cat</name>'
        '<difficult>0</difficult></object><object><name>dog</name></object></annotation>'
    )
    metrics = {'mIoU': 50.0, 'threshold': 0.2}
    made_from = Dependencies({'model': 'abc'}, {'train.txt': 'def'})
    record = StageRecord('a', 'train', 'A', 'a.py', 'x', 'cams', 1.5, made_from, metrics=metrics)
    record.write(root)
    write_checkpoints(root)


def _label(root: Path, _: Path) -> Any:
    """As a run that goes on takes it: what is not whole is made anew."""
    folder = LabelFolder(root / 'labels', 'pseudo', CLASSES)
    notes = folder.notes('a')
    try:
        labels = folder.read('a')
    except ValueError:
        if notes is None:
            raise
        return notes, 'kept, though it cannot be read'
    return notes, labels


def _maps(root: Path, _: Path) -> Any:
    response = CAMStore.open(root / 'cams').read('a')
    return response.scores, response.classes, response.ori_shape


def _store(root: Path, _: Path) -> Any:
    store = CAMStore.open(root / 'cams')
    return store.classes, store.dtype


def _label_folder(root: Path, _: Path) -> Any:
    settings = {'refiner': {'type': 'CRF'}}
    LabelFolder.create(root / 'labels', 'pseudo', CLASSES, settings)
    folder = LabelFolder.open(root / 'labels', 'pseudo', CLASSES)
    return folder.kind, folder.classes


def _record(root: Path, _: Path) -> Any:
    record = StageRecord.read(root)
    return record and (vars(record), record.result(), record.summary())


def _table(_: Path, file: Path) -> Any:
    table = read_label_file(file)
    return table.classes, {name: tags.names for name, tags in table.tags.items()}


def _png_bomb(content: bytes, rng: random.Random) -> bytes:
    """A header that claims many pixels, with the right checksum; else any harm."""
    if rng.random() < 0.9:
        return damaged(content, rng)
    sides = struct.pack('>II', *rng.choices((0, 1, 2**16, 2**31 - 1), k=2))
    header = b'IHDR' + sides + content[24:29]
    rest = zlib.crc32(header).to_bytes(4, 'big') + content[33:]
    return Rewritten(content[:12] + header + rest)


def _npz_harm(content: bytes, rng: random.Random) -> bytes:
    """Arrays of another type or shape, or one that is huge once unpacked; else any harm."""
    if rng.random() < 0.7:
        return damaged(content, rng)
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    name = rng.choice(list(arrays))
    arrays[name] = rng.choice(
        (
            np.array([None, 1], object), np.zeros(0), np.zeros((2, 6, 8)), np.array(3),
            np.full(2, 2**31 - 1, np.int32), np.array([0, 0], np.int32), arrays[name].T,
            np.zeros((1 << 26) + 1, np.uint8), np.zeros((2, 1 << 13, 1 << 13), np.uint8),
        )
    )  # fmt: skip
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=True, **arrays)
    return Rewritten(out.getvalue())


TARGETS: Mapping[str, Target] = {
    'photo (PNG)': Target('a.png', lambda _, f: _photo(f), _png_bomb),
    'photo (JPEG)': Target('a.jpg', lambda _, f: _photo(f), checked=False),
    'mask': Target('mask.png', lambda _, f: read_mask(f), _png_bomb),
    'label, kept or read': Target('labels/a.png', _label, _png_bomb),
    'label folder': Target('labels/label_folder.json', _label_folder, damaged_json, checked=False),
    'response maps': Target('cams/a.npz', _maps, _npz_harm),
    'CAMStore': Target('cams/cam_store.json', _store, damaged_json, checked=False),
    'record of a stage': Target('stage.json', _record, damaged_json, checked=False),
    'tags (JSON)': Target('tags.json', _table, damaged_json, checked=False),
    'tags (CSV)': Target('tags.csv', _table, damaged_text, checked=False),
    'tags (TXT)': Target('tags.txt', _table, damaged_text, checked=False),
    'split': Target('split.txt', lambda _, f: list(read_split(f)), damaged_text, checked=False),
    'annotation (XML)': Target('a.xml', lambda _, f: read_xml(f), damaged_text, checked=False),
    **{
        f'checkpoint: {name}': Target('run/epoch_2.pth', read, damaged_checkpoint)
        for name, read in CHECKPOINT_READERS.items()
    },
}


def _photo(file: Path) -> np.ndarray:
    return LoadImage()({'img_path': str(file)})['img']
