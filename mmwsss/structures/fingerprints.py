"""Fingerprints: hashes of 16 hexadecimal digits that change with what a stage reads."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .atomic import TEMPORARY_PREFIX

DIGITS = 16
_FILES = ('ann_file', 'label_file')
_FOLDERS = ('label_dir', 'weight_dir', 'affinity_dir')
_WEIGHTS = ('checkpoint', 'load_from')


def fingerprint_of(parts: Iterable[bytes | str]) -> str:
    """Compute the fingerprint of a sequence of texts, in which the borders of the texts count.

    Args:
        parts (Iterable[bytes | str]): The texts.

    Returns:
        str: The fingerprint.
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode() if isinstance(part, str) else part
        digest.update(len(encoded).to_bytes(8, 'little') + encoded)
    return digest.hexdigest()[:DIGITS]


def content_fingerprint(content: bytes) -> str:
    """Compute the fingerprint of a file whose content has been read, see ``file_fingerprint``.

    Args:
        content (bytes): The content of the whole file.

    Returns:
        str: The fingerprint.
    """
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def file_fingerprint(path: str | os.PathLike) -> str:
    """Compute the fingerprint of a file's content.

    Args:
        path (str | os.PathLike): The file.

    Returns:
        str: The fingerprint.
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:DIGITS]


def settings_fingerprint(settings: Mapping) -> str:
    """Compute the fingerprint of a config's settings, in which their order does not count.

    Args:
        settings (Mapping): The settings.

    Returns:
        str: The fingerprint.
    """
    return fingerprint_of([json.dumps(settings, sort_keys=True, default=repr)])


def output_fingerprint(path: str | os.PathLike) -> str:
    """Compute the fingerprint of a file, or of names and contents of all files below a folder.

    Args:
        path (str | os.PathLike): The file or folder.

    Returns:
        str: The fingerprint.
    """
    if not os.path.isdir(path):
        return file_fingerprint(path)
    return fingerprint_of(
        part for file in _files(path) for part in (_below(file, path), file_fingerprint(file))
    )


def local_weights(settings: object) -> list[str]:
    """List the files that ``checkpoint`` or ``load_from`` name anywhere in settings.

    Args:
        settings (object): Nested dicts and lists.

    Returns:
        list[str]: The files as they are named, each once, without URLs.
    """
    return list(dict.fromkeys(_local_weights(settings)))


def file_fingerprints(paths: Iterable[str]) -> dict[str, str]:
    """Compute the fingerprints of the contents of files.

    Args:
        paths (Iterable[str]): The files; ``~`` is the home directory.

    Returns:
        dict[str, str]: Path → fingerprint, of those files that exist.
    """
    files = {path: os.path.expanduser(path) for path in paths}
    return {path: file_fingerprint(file) for path, file in files.items() if os.path.isfile(file)}


def _local_weights(settings: object) -> Iterator[str]:
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            if key in _WEIGHTS and isinstance(value, str) and '://' not in value:
                yield value
            yield from _local_weights(value)
    elif isinstance(settings, (list, tuple)):
        for value in settings:
            yield from _local_weights(value)


def data_fingerprints(datasets: Iterable[Mapping], folders: Iterable[str] = ()) -> dict[str, str]:
    """Compute the fingerprints of what datasets read.

    Lists of images and labels count by their content, images and masks by name, size and time.

    Args:
        datasets (Iterable[Mapping]): Configs of datasets, also of such that wrap others
            (``dataset``, ``datasets``).
        folders (Iterable[str]): Further folders of masks. Defaults to none.

    Returns:
        dict[str, str]: Path of a list or folder → fingerprint, of those that exist.
    """
    found: dict[str, str] = {}
    for dataset in datasets:
        found |= _dataset_fingerprints(dataset)
    return found | _folder_fingerprints(folders)


def _dataset_fingerprints(dataset: Mapping) -> dict[str, str]:
    inner = dataset.get('dataset') or dataset.get('datasets') or ()
    root = dataset.get('data_root') or ''
    lists = [os.path.join(root, dataset[key]) for key in _FILES if dataset.get(key)]
    prefix = dataset.get('data_prefix') or {}
    names = [prefix] if isinstance(prefix, str) else prefix.values()
    folders = [os.path.join(root, name) for name in names]
    folders += [dataset[key] for key in _FOLDERS if dataset.get(key)]
    wrapped = data_fingerprints([inner] if isinstance(inner, Mapping) else inner)
    return wrapped | file_fingerprints(lists) | _folder_fingerprints(folders)


def _folder_fingerprints(folders: Iterable[str]) -> dict[str, str]:
    return {
        folder: fingerprint_of(_stamp(file, folder) for file in _files(folder))
        for folder in folders
        if os.path.isdir(folder)
    }


def _stamp(file: Path, folder: str) -> str:
    status = os.stat(file)
    return f'{_below(file, folder)} {status.st_size} {status.st_mtime_ns}'


def _files(folder: str | os.PathLike) -> list[Path]:
    """List all finished files below a folder, sorted."""
    paths = (Path(root, name) for root, _, names in os.walk(str(folder)) for name in names)
    return sorted(path for path in paths if not path.name.startswith(TEMPORARY_PREFIX))


def _below(file: Path, folder: str | os.PathLike) -> str:
    return file.relative_to(folder).as_posix()
