from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CLASSES = ('bird', 'cat', 'dog')
# Ids, present class indices, and which of them only as "difficult" objects.
IMAGES = {'a': ([1], []), 'b': ([0, 2], [2]), 'c': ([2], [2])}


def _write_xml(path: Path, names: list[str], difficult: list[str]) -> None:
    objects = ''.join(
        f'<object><name>{name}</name><difficult>{int(name in difficult)}</difficult></object>\n'
        for name in names
    )
    path.write_text(f'<annotation>\n{objects}</annotation>\n')


@pytest.fixture
def voc_root(tmp_path: Path) -> Path:
    """Make a VOC layout of three images, 12 wide and 8 high."""
    rng = np.random.default_rng(0)
    for folder in ('JPEGImages', 'SegmentationClass', 'Annotations', 'ImageSets/Segmentation'):
        (tmp_path / folder).mkdir(parents=True)
    lines = []
    for img_id, (labels, difficult) in IMAGES.items():
        pixels = rng.integers(0, 256, (8, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f'JPEGImages/{img_id}.jpg')
        mask = np.zeros((8, 12), np.uint8)
        for label in labels:
            mask[label, 2:9] = label + 1
        mask[7] = 255
        Image.fromarray(mask).save(tmp_path / f'SegmentationClass/{img_id}.png')
        names = [CLASSES[label] for label in labels]
        _write_xml(
            tmp_path / f'Annotations/{img_id}.xml', names, [CLASSES[label] for label in difficult]
        )
        lines.append(' '.join([img_id, *names]))
    (tmp_path / 'labels.txt').write_text('\n'.join(lines) + '\n')
    (tmp_path / 'ImageSets/Segmentation/train.txt').write_text('a\nb\nc\n')
    return tmp_path
