"""Tags in XML files: CVAT's export of images, and VOC's annotations."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from mmwsss.datasets.labels import read_xml
from mmwsss.datasets.splits import read_text
from mmwsss.structures import DataError

from .entry import Entry, plain_path


def read_root(path: Path) -> ElementTree.Element:
    """Read the root element of an XML file.

    Args:
        path (Path): The file.

    Returns:
        ElementTree.Element: The root.

    Raises:
        DataError: If it is not XML.
    """
    try:
        return ElementTree.fromstring(read_text(path))
    except ElementTree.ParseError as error:
        raise DataError(f'{path}:{error.position[0]}: not XML ({error}); correct it') from None


def is_cvat(root: ElementTree.Element) -> bool:
    """Return whether XML is "CVAT for images"."""
    return root.tag == 'annotations' and root.find('image') is not None


def cvat(root: ElementTree.Element, path: Path) -> Iterator[Entry]:
    """Read the tags of CVAT's images, and the labels of their shapes.

    Args:
        root (ElementTree.Element): The XML.
        path (Path): The file, for errors.

    Yields:
        Entry: An image; one without a tag is only listed.

    Raises:
        DataError: If an image has no name.
    """
    for image in root.iter('image'):
        key = plain_path(image.get('name', ''))
        if not key:
            raise DataError(f'{path}: an image has no name; export it again')
        names = tuple(str(one.get('label')) for one in image if one.get('label'))
        yield Entry(key, names or None, f'{path}: image {key!r}')


def is_voc(root: ElementTree.Element) -> bool:
    """Return whether XML is an annotation of VOC."""
    return root.tag == 'annotation'


def voc(paths: list[Path], root: Path) -> Iterator[Entry]:
    """Read the objects in VOC's annotations; one without an object is a negative.

    Args:
        paths (list[Path]): The files, each named like its image.
        root (Path): Folder that they lie in.

    Yields:
        Entry: The image of a file.
    """
    for path in paths:
        key = path.relative_to(root).with_suffix('').as_posix()
        yield Entry(key, read_xml(path), str(path))
