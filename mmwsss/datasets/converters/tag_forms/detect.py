"""Finding out in which form tags are."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mmwsss.datasets.labels import LabelTable, read_label_file
from mmwsss.structures import DataError

from . import csv_forms, json_forms, xml_forms
from .entry import Entry, collect
from .folders import class_folders

METADATA = ('metadata.csv', 'metadata.jsonl')


class TagForm(NamedTuple):
    """A form of tags.

    Attributes:
        title (str): What people call it.
        fits (Callable): Takes the parsed content; tells whether it has this form.
        read (Callable | None): Takes content and file; yields the entries. None: the form of label
            files, which datasets read too.
        join (bool): Whether an image may have several entries.
    """

    title: str
    fits: Callable[[Any], bool]
    read: Callable[[Any, Path], Iterator[Entry]] | None
    join: bool = True


CSV_FORMS = (
    TagForm('image,labels', csv_forms.is_own, None),
    TagForm('one-hot CSV', csv_forms.is_one_hot, lambda x, path: csv_forms.one_hot(x), join=False),
    TagForm(
        'a column of labels', csv_forms.has_label_column, lambda x, path: csv_forms.tag_rows(x)
    ),
)
JSON_FORMS = (
    TagForm('COCO JSON', json_forms.is_coco, json_forms.coco),
    TagForm('{"labels": {image: [name, ...]}}', json_forms.is_own, None),
    TagForm('Label Studio JSON', json_forms.is_label_studio, json_forms.label_studio),
    TagForm('Label Studio JSON-MIN', json_forms.is_label_studio_min, json_forms.label_studio_min),
)
XML_FORMS = (
    TagForm('CVAT for images', xml_forms.is_cvat, xml_forms.cvat),
    TagForm('VOC XML', xml_forms.is_voc, lambda x, path: xml_forms.voc([path], path.parent)),
)
PARSERS: Mapping[str, tuple[Callable[[Path], Any], tuple[TagForm, ...]]] = {
    '.csv': (csv_forms.read_csv, CSV_FORMS),
    '.tsv': (csv_forms.read_csv, CSV_FORMS),
    '.json': (json_forms.read_json_text, JSON_FORMS),
    '.xml': (xml_forms.read_root, XML_FORMS),
}


def read_tags(
    tags: Path | None, images: Mapping[str, str], root: Path, listed_negatives: bool = False
) -> tuple[LabelTable, str]:
    """Read tags, whatever their form: the content decides.

    Args:
        tags (Path | None): File of the tags, or folder of VOC's annotations. None: the image root
            has ``metadata.csv`` or ``metadata.jsonl``, or its folders name the classes.
        images (Mapping[str, str]): Path of each image below the root, by its id.
        root (Path): The image root.
        listed_negatives (bool): Whether images that a COCO or CVAT file lists without any tag show
            none of the classes. Defaults to False: they are untagged.

    Returns:
        tuple[LabelTable, str]: The tags by the names of the file, and the name of the form.

    Raises:
        DataError: If the tags have a fault or no known form; lists the forms that were tried.
    """
    tags = tags or next((root / name for name in METADATA if (root / name).is_file()), None)
    if tags is None or (tags.is_dir() and tags.resolve() == root.resolve()):
        return collect(class_folders(images, root), False, False), 'a folder for each class'
    if not tags.exists():
        raise DataError(f'{tags}: no such file; correct the path')
    if tags.is_dir():
        return _read_folder(tags)
    suffix = tags.suffix.lower()
    if suffix == '.txt':
        return read_label_file(tags, negatives=True), 'image label label ...'
    if suffix == '.jsonl':
        return _not_empty(collect(json_forms.json_lines(tags), True, False), tags), 'JSON lines'
    if suffix not in PARSERS:
        raise DataError(
            f'{tags}: unknown kind of tag file; use one of .txt, .jsonl, {", ".join(PARSERS)}'
        )
    parse, forms = PARSERS[suffix]
    content = parse(tags)
    form = next((one for one in forms if one.fits(content)), None)
    if form is None:
        tried = ', '.join(one.title for one in forms)
        raise DataError(
            f'{tags}: none of the forms that were tried ({tried}); docs/own_images.md shows them'
        )
    if form.read is None:
        return read_label_file(tags, negatives=True), form.title
    try:
        table = collect(form.read(content, tags), form.join, listed_negatives)
    except (AttributeError, KeyError, TypeError) as error:  # other people's files, of any shape
        raise DataError(f'{tags}: no whole {form.title} ({error!r}); export it again') from None
    return _not_empty(table, tags), form.title


def _read_folder(folder: Path) -> tuple[LabelTable, str]:
    paths = sorted(folder.rglob('*.xml'))
    if not paths:
        raise DataError(
            f'{folder}: a folder without .xml files of VOC; name the file of the tags, or leave '
            '--tags out where folders of the images name the classes'
        )
    return collect(xml_forms.voc(paths, folder), False, False), 'VOC XML'


def _not_empty(table: LabelTable, path: Path) -> LabelTable:
    if not table.tags:
        raise DataError(f'{path}: no image has a tag; tag some, then export again')
    return table
