"""The data of the tools' tests: rectangles of three colours on grey noise, in VOC layout."""

import json
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {'red': (200, 40, 40), 'green': (40, 200, 40), 'blue': (40, 40, 200)}


def write_rectangles(
    root: Path,
    count: int,
    colours: Sequence[str] = tuple(COLOURS),
    heights: Sequence[int] = (48,),
    columns: Sequence[tuple[int, int]] = ((4, 24), (34, 54)),
) -> dict[str, list[int]]:
    """Write images p0, p1, …, their masks and labels, and all of them as train and val.

    Args:
        root (Path): Folder, which may hold other files.
        count (int): Number of images.
        colours (Sequence[str]): The classes, names of ``COLOURS``. Defaults to all.
        heights (Sequence[int]): Heights of the images, in turn; all are 64 wide. Defaults to 48.
        columns (Sequence[tuple[int, int]]): Left and right end of each rectangle. The first image
            has only the first rectangle, the next one more, and so on.

    Returns:
        dict[str, list[int]]: Classes of each image, in the order of their rectangles from the left.
    """
    for folder in ('JPEGImages', 'SegmentationClass', 'ImageSets/Segmentation'):
        (root / folder).mkdir(parents=True)
    rng = np.random.default_rng(0)
    shown: dict[str, list[int]] = {}
    for index, height in zip(range(count), cycle(heights)):
        many = 1 + index % len(columns)
        classes = sorted((index + more) % len(colours) for more in range(many))
        image = rng.integers(90, 130, (height, 64, 3), dtype=np.uint8)
        mask = np.zeros((height, 64), np.uint8)
        for label, place in zip(classes, columns):
            area = np.s_[6 : 30 + index, slice(*place)]
            image[area] = COLOURS[colours[label]]
            mask[area] = 1 + label
        Image.fromarray(image).save(root / f'JPEGImages/p{index}.jpg', quality=95)
        Image.fromarray(mask).save(root / f'SegmentationClass/p{index}.png')
        shown[f'p{index}'] = classes
    for split in ('train', 'val'):
        (root / f'ImageSets/Segmentation/{split}.txt').write_text('\n'.join(shown) + '\n')
    labels = {img_id: [colours[label] for label in classes] for img_id, classes in shown.items()}
    tags = {'classes': list(colours), 'labels': labels}
    (root / 'image_labels.json').write_text(json.dumps(tags))
    return shown
