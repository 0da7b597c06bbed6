"""Writing of the demo set in VOC layout: whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from mmwsss.datasets.masks import indexed_image
from mmwsss.structures import read_json

from .scene import CLASSES, render_scene

VERSION = 1  # raise it whenever the same arguments give other images
MARKER = 'demo_set.json'
FIGURES_PER_IMAGE = (1, 1, 2, 2, 3)
LICENCE_NOTE = """\
The images and masks in this folder are drawn by a program (mmwsss.demo); they show no
photograph and no third party's work. They are dedicated to the public domain under CC0 1.0
Universal, https://creativecommons.org/publicdomain/zero/1.0/: copy, change and redistribute them
for any purpose, without asking.
"""


def make_demo_set(
    root: str | os.PathLike,
    num_train: int = 160,
    num_val: int = 60,
    seed: int = 0,
    size: tuple[int, int] = (256, 192),
) -> Path:
    """Write the demo set: rendered scenes with image-level labels, and masks to measure with.

    The layout is VOC's: ``JPEGImages``, ``SegmentationClass`` (palette PNG, 0 = background,
    i + 1 = class i), ``ImageSets/Segmentation/{train,val}.txt``, and ``image_labels.json`` with
    the classes and each image's labels. The same arguments give the same set. It is made in a
    temporary folder and renamed, so that ``root`` never holds half of it; a complete set is left
    as it is, an incomplete one or one of other arguments is made anew.

    Args:
        root (str | os.PathLike): Folder to make; the configs read ``data/demo``.
        num_train (int): Number of images of the train split, at least that of the classes.
            Defaults to 160.
        num_val (int): Number of images of the val split, at least that of the classes. Defaults to
            60.
        seed (int): Seed of everything random. Defaults to 0.
        size (tuple[int, int]): Width and height of the images in pixels. Defaults to (256, 192).

    Returns:
        Path: ``root``.

    Raises:
        ValueError: If a split is too small to hold every class, or the size too small to draw.
        FileExistsError: If ``root`` holds something other than a demo set.
    """
    root = Path(root)
    _check_arguments(num_train, num_val, size)
    settings = dict(
        version=VERSION, num_train=num_train, num_val=num_val, seed=seed, size=list(size)
    )
    if _is_complete(root, settings):
        return root
    _check_replaceable(root)
    root.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f'.{root.name}-', dir=root.parent))
    try:
        _write(work / 'new', settings)
        _swap_in(work, root, settings)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return root


def _check_arguments(num_train: int, num_val: int, size: tuple[int, int]) -> None:
    if min(num_train, num_val) < len(CLASSES):
        raise ValueError(
            f'{num_train} train and {num_val} val images cannot show all {len(CLASSES)} classes; '
            f'ask for at least {len(CLASSES)} of each'
        )
    if min(size) < 64:
        raise ValueError(f'{size[0]}x{size[1]} pixels are too few; ask for at least 64x64')


def _is_complete(root: Path, settings: dict) -> bool:
    remedy = 'the set is made anew'
    try:
        marker = read_json(root / MARKER, remedy)
        labels = read_json(root / 'image_labels.json', remedy, lambda x: list(x['labels']))
    except (OSError, ValueError):
        return False
    paths = [p for stem in labels for p in _image_and_mask(root, stem)]
    paths += [_split_file(root, split) for split in ('train', 'val')]
    return marker == settings and all(p.is_file() and p.stat().st_size > 0 for p in paths)


def _check_replaceable(root: Path) -> None:
    empty = not root.exists() or (root.is_dir() and not any(root.iterdir()))
    if not empty and not (root / MARKER).is_file():
        raise FileExistsError(f'{root}: not a demo set and not empty; name another folder')


def _swap_in(work: Path, root: Path, settings: dict) -> None:
    """Rename the finished folder to ``root``; the one it replaces goes away with ``work``."""
    try:
        if root.exists():
            os.replace(root, work / 'old')
        os.replace(work / 'new', root)
    except OSError:
        if not _is_complete(root, settings):  # another process was faster: its set is the same
            raise


def _split_file(root: Path, split: str) -> Path:
    return root / 'ImageSets' / 'Segmentation' / f'{split}.txt'


def _image_and_mask(root: Path, stem: str) -> tuple[Path, Path]:
    return root / 'JPEGImages' / f'{stem}.jpg', root / 'SegmentationClass' / f'{stem}.png'


def _write(root: Path, settings: dict) -> None:
    for folder in ('JPEGImages', 'SegmentationClass', 'ImageSets/Segmentation'):
        (root / folder).mkdir(parents=True)
    labels: dict[str, list[str]] = {}
    for number, split in enumerate(('train', 'val')):
        rng = np.random.RandomState([settings['seed'], number])
        plan = _plan(settings[f'num_{split}'], rng)
        stems = [f'{split}_{i:04d}' for i in range(settings[f'num_{split}'])]
        for i, (stem, classes) in enumerate(zip(stems, plan)):
            scene_rng = np.random.RandomState([settings['seed'], number, i])
            image, mask = render_scene(classes, tuple(settings['size']), scene_rng)
            _save(root, stem, image, mask)
            labels[stem] = [CLASSES[c] for c in sorted(classes)]
        _split_file(root, split).write_text(''.join(f'{stem}\n' for stem in stems))
    content = dict(classes=list(CLASSES), labels=labels)
    (root / 'image_labels.json').write_text(json.dumps(content, indent=0) + '\n')
    (root / 'LICENSE').write_text(LICENCE_NOTE)
    (root / MARKER).write_text(json.dumps(settings) + '\n')


def _plan(count: int, rng: np.random.RandomState) -> Iterator[list[int]]:
    """Yield the classes of each image, dealt from shuffled decks: all are equally frequent."""
    deck: list[int] = []
    for i in range(count):
        wanted = FIGURES_PER_IMAGE[i % len(FIGURES_PER_IMAGE)]
        hand: list[int] = []
        while len(hand) < wanted:
            if not deck:
                deck = [int(c) for c in rng.permutation(len(CLASSES)) if c not in hand]
            hand.append(deck.pop())
        yield hand


def _save(root: Path, stem: str, photo: np.ndarray, mask: np.ndarray) -> None:
    image_path, mask_path = _image_and_mask(root, stem)
    Image.fromarray(photo).save(image_path, quality=88)
    indexed_image(mask).save(mask_path, optimize=True)
