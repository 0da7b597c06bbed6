"""Tags in JSON files: COCO, Label Studio, and the lines of Hugging Face's metadata.jsonl."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from mmwsss.datasets.splits import IMG_SUFFIXES, read_lines, read_text
from mmwsss.structures import DataError, parse_json

from .csv_forms import IMAGE_COLUMNS, LABEL_COLUMNS
from .entry import Entry, plain_path

# What Label Studio's JSON-MIN has besides the image and the tags.
_BOOKKEEPING = (
    'id', 'annotator', 'annotation_id', 'created_at', 'updated_at', 'lead_time', 'predictions',
)  # fmt: skip


def read_json_text(path: Path) -> Any:
    """Read a JSON file.

    Args:
        path (Path): The file.

    Returns:
        Any: Its content.

    Raises:
        DataError: If it is not JSON.
    """
    try:
        return parse_json(read_text(path))
    except DataError:
        raise
    except ValueError as error:
        raise DataError(f'{path}: not JSON ({error}); correct it') from None


def is_own(content: Any) -> bool:
    """Return whether JSON is ``{"labels": {image: [name, ...]}}``."""
    return isinstance(content, dict) and isinstance(content.get('labels'), dict)


def is_coco(content: Any) -> bool:
    """Return whether JSON has COCO's lists of images, annotations and categories."""
    return isinstance(content, dict) and all(
        isinstance(content.get(key), list) for key in ('images', 'annotations', 'categories')
    )


def coco(content: Any, path: Path) -> Iterator[Entry]:
    """Read the categories of COCO's annotations, be they of boxes, of masks or of whole images.

    Args:
        content (Any): The JSON.
        path (Path): The file, for errors.

    Yields:
        Entry: An image, then one for each annotation of it.

    Raises:
        DataError: If an annotation names an image or category that is not listed.
    """
    names = {one['id']: one['name'] for one in _with(content['categories'], ('id', 'name'), path)}
    files = {
        one['id']: plain_path(str(one['file_name']))
        for one in _with(content['images'], ('id', 'file_name'), path)
    }
    for key in files.values():
        yield Entry(key, None, f'{path}: image {key!r}')
    for one in _with(content['annotations'], ('image_id', 'category_id'), path):
        for known, key in ((files, 'image_id'), (names, 'category_id')):
            if one[key] not in known:
                raise DataError(f'{path}: an annotation has {key} {one[key]}, which is not listed')
        key = files[one['image_id']]
        yield Entry(key, (str(names[one['category_id']]),), f'{path}: image {key!r}')


def _with(items: list, keys: tuple[str, ...], path: Path) -> list[dict]:
    for item in items:
        if not (isinstance(item, dict) and all(key in item for key in keys)):
            raise DataError(f'{path}: an entry lacks {" or ".join(keys)}; export it again')
    return items


def is_label_studio(content: Any) -> bool:
    """Return whether JSON is a list of Label Studio's tasks."""
    return _is_list(content) and all('data' in task and 'annotations' in task for task in content)


def label_studio(content: Any, path: Path) -> Iterator[Entry]:
    """Read choices, and labels of regions, in Label Studio's JSON export.

    Args:
        content (Any): The JSON.
        path (Path): The file, for errors.

    Yields:
        Entry: A task; a finished annotation without a tag is a negative.
    """
    for task in content:
        key = _image_of(task['data'], path)
        done = [one for one in task['annotations'] if not one.get('was_cancelled')]
        names = [name for one in done for name in _result_names(one.get('result', []))]
        yield Entry(key, tuple(names) if done else None, f'{path}: image {key!r}')


def _result_names(results: list[dict]) -> list[str]:
    """Return the names in an annotation: the value of a region is below the name of its type."""
    found: list[str] = []
    for result in results:
        kind = str(result.get('type', ''))
        if kind == 'choices' or kind.endswith('labels'):
            found += map(str, result.get('value', {}).get(kind, ()))
    return found


def is_label_studio_min(content: Any) -> bool:
    """Return whether JSON is Label Studio's JSON-MIN: a list of flat tasks."""
    return _is_list(content) and all('image' in task and 'id' in task for task in content)


def label_studio_min(content: Any, path: Path) -> Iterator[Entry]:
    """Read the choices in Label Studio's JSON-MIN export.

    Args:
        content (Any): The JSON.
        path (Path): The file, for errors.

    Yields:
        Entry: A task; one without a choice is untagged.
    """
    for task in content:
        key = _image_of(task, path)
        values = [x for name, x in task.items() if name not in ('image', *_BOOKKEEPING)]
        names = [name for value in values for name in _choices(value)]
        yield Entry(key, tuple(names) or None, f'{path}: image {key!r}')


def _choices(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = value.get('choices', [])
    if isinstance(value, list):
        regions = [one for one in value if isinstance(one, dict)]
        found = [
            name for one in regions for k, x in one.items() if k.endswith('labels') for name in x
        ]
        return [*found, *(one for one in value if isinstance(one, str))]
    return [value] if isinstance(value, str) else []


def _image_of(data: dict, path: Path) -> str:
    texts = [data[key] for key in IMAGE_COLUMNS if isinstance(data.get(key), str)]
    texts += [text for text in data.values() if isinstance(text, str)]
    for text in texts:
        key = plain_path(text)
        if PurePosixPath(key).suffix.lower() in IMG_SUFFIXES:
            return key
    raise DataError(f'{path}: a task has no image among {", ".join(map(str, data))}; export again')


def _is_list(content: Any) -> bool:
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(one, dict) for one in content)
    )


def json_lines(path: Path) -> Iterator[Entry]:
    """Read Hugging Face's ``metadata.jsonl``: ``{"file_name": ..., "labels": ...}`` in each line.

    Args:
        path (Path): The file.

    Yields:
        Entry: The image of a line.

    Raises:
        DataError: If a line is no such object.
    """
    for number, line in read_lines(path):
        where = f'{path}:{number}'
        try:
            content = parse_json(line)
        except ValueError as error:
            raise DataError(f'{where}: not JSON ({error}); correct it') from None
        image = content.get('file_name') if isinstance(content, dict) else None
        if not isinstance(image, str):
            raise DataError(f'{where}: no "file_name"; write {{"file_name": ..., "labels": [...]}}')
        column = next((name for name in LABEL_COLUMNS if name in content), None)
        if column is None:
            raise DataError(
                f'{where}: none of the columns {", ".join(LABEL_COLUMNS)}; add "labels": [...]'
            )
        value = content[column]
        names = value if isinstance(value, list) else [] if value in (None, '') else [value]
        yield Entry(plain_path(image), tuple(map(str, names)), where)
