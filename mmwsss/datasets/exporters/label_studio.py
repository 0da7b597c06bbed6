"""Masks as predictions that Label Studio shows and lets people correct."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from mmwsss.datasets.voc import voc_palette
from mmwsss.structures.tables import write_json, write_text

from .labelled_image import LabelledImage
from .run_lengths import brush_code

TASKS, INTERFACE = 'tasks.json', 'labeling_interface.xml'
PREFIX = '/data/local-files/?d='


def write_label_studio(
    images: Iterable[LabelledImage], classes: Sequence[str], out: Path, prefix: str = PREFIX
) -> int:
    """Write ``tasks.json``, and the labelling interface that its predictions belong to.

    Args:
        images (Iterable[LabelledImage]): The images.
        classes (Sequence[str]): Names of the foreground classes.
        out (Path): Folder of the files.
        prefix (str): What an image's address begins with; its quoted path follows. Defaults to
            that of files on Label Studio's own machine.

    Returns:
        int: Number of images.
    """
    tasks = [
        {
            'data': {'image': prefix + quote(image.key)},
            'predictions': [{'model_version': 'mmwsss', 'result': _results(image, classes)}],
        }
        for image in images
    ]
    write_json(out / TASKS, tasks)
    write_text(out / INTERFACE, _interface(classes))
    return len(tasks)


def _results(image: LabelledImage, classes: Sequence[str]) -> list[dict]:
    height, width = image.labels.shape
    return [
        {
            'id': f'class{index + 1}',
            'type': 'brushlabels',
            'from_name': 'mask',
            'to_name': 'image',
            'original_width': width,
            'original_height': height,
            'image_rotation': 0,
            'value': {'format': 'rle', 'rle': brush_code(mask), 'brushlabels': [classes[index]]},
        }
        for index, mask in image.class_masks(len(classes))
    ]


def _interface(classes: Sequence[str]) -> str:
    view = ElementTree.Element('View')
    ElementTree.SubElement(view, 'Image', name='image', value='$image', zoom='true')
    labels = ElementTree.SubElement(view, 'BrushLabels', name='mask', toName='image')
    for name, colour in zip(classes, voc_palette(1 + len(classes))[1:]):
        ElementTree.SubElement(
            labels, 'Label', value=name, background='#{:02x}{:02x}{:02x}'.format(*colour)
        )
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding='unicode') + '\n'
