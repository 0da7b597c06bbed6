"""Masks as "CVAT for images 1.1"."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree

from mmwsss.datasets.voc import voc_palette
from mmwsss.structures import atomic_open

from .labelled_image import Box, LabelledImage
from .run_lengths import run_lengths

FILE = 'annotations.xml'


def write_cvat(images: Iterable[LabelledImage], classes: Sequence[str], out: Path) -> int:
    """Write ``annotations.xml``: a mask for each class that an image shows.

    Args:
        images (Iterable[LabelledImage]): The images.
        classes (Sequence[str]): Names of the foreground classes.
        out (Path): Folder of the file.

    Returns:
        int: Number of images.
    """
    root = ElementTree.Element('annotations')
    _child(root, 'version').text = '1.1'
    task = _child(_child(root, 'meta'), 'task')
    _child(task, 'name').text = 'mmwsss'
    size = _child(task, 'size')
    _child(task, 'mode').text = 'annotation'
    labels = _child(task, 'labels')
    for name, colour in zip(classes, voc_palette(1 + len(classes))[1:]):
        label = _child(labels, 'label')
        _child(label, 'name').text = name
        _child(label, 'color').text = '#{:02x}{:02x}{:02x}'.format(*colour)
        _child(label, 'type').text = 'mask'
        _child(label, 'attributes')
    count = 0
    for count, image in enumerate(images, start=1):
        height, width = image.labels.shape
        element = _child(root, 'image', id=count - 1, name=image.key, width=width, height=height)
        for index, mask in image.class_masks(len(classes)):
            box = Box.around(mask)
            code = ', '.join(map(str, run_lengths(box.crop(mask).ravel())))
            _child(
                element, 'mask', label=classes[index], source='auto', occluded=0, rle=code,
                **box._asdict(), z_order=0,
            )  # fmt: skip
    size.text = str(count)
    with atomic_open(out / FILE) as file:
        ElementTree.ElementTree(root).write(file, encoding='utf-8', xml_declaration=True)
    return count


def _child(parent: ElementTree.Element, tag: str, **attributes: str | int) -> ElementTree.Element:
    return ElementTree.SubElement(
        parent, tag, {name: str(value) for name, value in attributes.items()}
    )
