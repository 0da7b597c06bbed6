"""Masks as labelme's JSON files."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mmwsss.datasets.splits import image_id
from mmwsss.structures import img_id_path
from mmwsss.structures.tables import write_json

from .labelled_image import LabelledImage
from .outlines import trace_polygons


def write_labelme(
    images: Iterable[LabelledImage], classes: Sequence[str], out: Path, root: Path
) -> int:
    """Write a JSON file for each image, named like it, with a polygon for each region.

    Args:
        images (Iterable[LabelledImage]): The images.
        classes (Sequence[str]): Names of the foreground classes.
        out (Path): Folder of the files.
        root (Path): Folder of the images, which the files point to.

    Returns:
        int: Number of images.
    """
    count = 0
    for image in images:
        path = img_id_path(out, image_id(image.key, str(root)), '.json')
        height, width = image.labels.shape
        shapes = [
            {
                'label': classes[index],
                'points': polygon.tolist(),
                'group_id': None,
                'description': '',
                'shape_type': 'polygon',
                'flags': {},
                'mask': None,
            }
            for index, mask in image.class_masks(len(classes))
            for polygon in trace_polygons(mask)
        ]
        content = {
            'version': '5.5.0',
            'flags': {},
            'shapes': shapes,
            'imagePath': os.path.relpath((root / image.key).resolve(), path.parent.resolve()),
            'imageData': None,
            'imageHeight': height,
            'imageWidth': width,
        }
        write_json(path, content)
        count += 1
    return count
