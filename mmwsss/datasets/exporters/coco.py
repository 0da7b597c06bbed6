"""Masks as COCO's JSON, with run-length codes or polygons."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mmwsss.structures.tables import write_json

from .labelled_image import Box, LabelledImage
from .outlines import trace_polygons
from .run_lengths import run_lengths

FILE = 'coco.json'


def write_coco(
    images: Iterable[LabelledImage], classes: Sequence[str], out: Path, polygons: bool
) -> int:
    """Write ``coco.json``: an annotation for each class that an image shows.

    The code is COCO's uncompressed one: pycocotools, on which mmdet and detectron2 rest, reads it
    like the compressed one, and writing it needs no library. Ids count from 1, so that the id of a
    category is the value of the class in an indexed mask.

    Args:
        images (Iterable[LabelledImage]): The images.
        classes (Sequence[str]): Names of the foreground classes.
        out (Path): Folder of the file.
        polygons (bool): Whether masks are polygons, which people can edit, within half a pixel of
            the mask; otherwise run-length codes, which are exact.

    Returns:
        int: Number of images.
    """
    content: dict[str, list] = {'images': [], 'annotations': []}
    content['categories'] = [{'id': i + 1, 'name': name} for i, name in enumerate(classes)]
    for image in images:
        height, width = image.labels.shape
        image_id = len(content['images']) + 1
        content['images'].append(
            {'id': image_id, 'file_name': image.key, 'width': width, 'height': height}
        )
        for index, mask in image.class_masks(len(classes)):
            content['annotations'].append(
                {
                    'id': len(content['annotations']) + 1,
                    'image_id': image_id,
                    'category_id': index + 1,
                    'segmentation': _polygons(mask) if polygons else _code(mask),
                    'area': int(mask.sum()),
                    'bbox': list(Box.around(mask)),
                    'iscrowd': 0,
                }
            )
    write_json(out / FILE, content)
    return len(content['images'])


def _polygons(mask: np.ndarray) -> list[list[float]]:
    return [polygon.ravel().tolist() for polygon in trace_polygons(mask)]


def _code(mask: np.ndarray) -> dict:
    return {'size': list(mask.shape), 'counts': run_lengths(mask.ravel(order='F'))}
