"""What each label was made from, and which labels are missing or out of date.

The file of a label holds notes: the fingerprint of the response maps and the image-level labels
that it was made from. A later run compares them with what is there now.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from mmwsss.datasets import LabelFolder
from mmwsss.structures import CAMStore, ResponseMap
from mmwsss.structures.fingerprints import file_fingerprint

from .images import TaggedImage
from .processes import gather_lines, own_share


def read_response(
    store: CAMStore, image: TaggedImage, size: Sequence[int]
) -> tuple[ResponseMap, dict[str, str]]:
    """Read the response maps of the classes that an image shows.

    Args:
        store (CAMStore): The response maps.
        image (TaggedImage): The image. Maps of classes that its labels do not name are left out.
        size (Sequence[int]): (height, width) of the image.

    Returns:
        tuple[ResponseMap, dict[str, str]]: The response maps, and the notes for a label that is
        made from them.

    Raises:
        ValueError: If the maps were made from an image of another size, or if a class of the
            image has no map.
    """
    response, fingerprint = store.read_with_fingerprint(image.img_id)
    if response.ori_shape != tuple(size):
        raise ValueError(
            f'{store.path(image.img_id)}: maps of an image of {response.ori_shape} pixels, but '
            f'{image.img_path} has {tuple(size)}: make the response maps again'
        )
    missing = sorted(set(image.labels) - set(response.classes.tolist()))
    if missing:
        names = ', '.join(repr(store.classes[label]) for label in missing)
        raise ValueError(
            f'{store.path(image.img_id)}: no response map of {names}, which the image-level '
            'labels name: make the response maps again with these labels'
        )
    keep = np.isin(response.classes.numpy(), image.labels)
    present = ResponseMap(
        response.scores[keep], response.classes[keep], response.ori_shape, response.img_id
    )
    return present, _notes(fingerprint, image.labels)


def _notes(fingerprint: str, labels: Iterable[int]) -> dict[str, str]:
    """Notes for the file of a label.

    Args:
        fingerprint (str): Fingerprint of the file of the response maps.
        labels (Iterable[int]): Ascending indices of the classes that the image shows.
    """
    return {'response_maps': fingerprint, 'image_labels': ' '.join(map(str, labels))}


def pending_images(
    images: Sequence[TaggedImage],
    folder: LabelFolder,
    store: CAMStore,
    is_complete: Callable[[str, Mapping[str, str]], bool] | None = None,
) -> list[TaggedImage]:
    """Find the images of this process that have no label yet.

    Args:
        images (Sequence[TaggedImage]): All images of the dataset.
        folder (LabelFolder): The labels.
        store (CAMStore): The response maps that the labels are made from.
        is_complete (Callable, optional): Takes the id of an image that has a label, and the
            label's notes; tells whether the other files that belong to the label are there. By
            default there are no other files.

    Returns:
        list[TaggedImage]: The images to label, in the given order.

    Raises:
        ValueError: In every process, if a label was made from other response maps or image-level
            labels than those that are there now; names the first five.
    """
    pending, stale = [], []
    for image in own_share(images):
        notes = folder.notes(image.img_id)
        # An image without response maps fails later, with an error that names them.
        if notes is None or image.img_id not in store:
            pending.append(image)
            continue
        path = store.path(image.img_id)
        now = _notes(file_fingerprint(path), image.labels)
        if reason := _why_stale(notes, now, path, store.classes):
            stale.append(f'{folder.path(image.img_id)}: {reason}')
        elif is_complete and not is_complete(image.img_id, now):
            pending.append(image)
    count, lines = gather_lines(stale)
    if count:
        raise ValueError(
            f'{count} of {len(images)} labels are out of date; delete them, or the whole folder, '
            f'to make them again, or take another folder:\n{lines}'
        )
    return pending


def _why_stale(
    before: Mapping[str, str],
    now: Mapping[str, str],
    maps_path: os.PathLike,
    classes: Sequence[str],
) -> str | None:
    """Say how the notes of a label differ from what is there now; None if they do not."""
    if not now.keys() <= before.keys():
        return 'does not say what it was made from'
    if before['image_labels'] != now['image_labels']:
        was, is_now = (
            ', '.join(classes[int(label)] for label in notes['image_labels'].split()) or 'none'
            for notes in (before, now)
        )
        return f'image-level labels were {was}, are {is_now}'
    if before['response_maps'] != now['response_maps']:
        return f'made from other response maps than {maps_path}'
    return None
