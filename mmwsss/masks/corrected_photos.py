"""Photos with the tags that a person has corrected, and their split."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from mmwsss.datasets.converters.own_images import Conversion, settle_split
from mmwsss.datasets.converters.photo_set import PhotoSet
from mmwsss.structures import DataError
from mmwsss.structures.counting import counted

from .corrections import Corrections


def changed_tags(
    corrections: Corrections, labels: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Find the photos that show other classes than their tags say.

    Args:
        corrections (Corrections): The corrections.
        labels (Mapping[str, Sequence[str]]): Classes by photo; untagged ones are not there.

    Returns:
        dict[str, tuple[str, ...]]: What they show.
    """
    return {
        key: value.tags
        for key, value in corrections.images.items()
        if value.tags is not None and (key not in labels or set(value.tags) != set(labels[key]))
    }


def correct_photos(corrections: Corrections, given: PhotoSet) -> PhotoSet:
    """Correct the tags of photos.

    Args:
        corrections (Corrections): The corrections.
        given (PhotoSet): The photos with the tags that were given.

    Returns:
        PhotoSet: The same photos, without the classes that none shows any more.

    Raises:
        DataError: If no photo shows a class any more.
    """
    labels = {**given.labels, **changed_tags(corrections, given.labels)}
    used = {name for names in labels.values() for name in names}
    if not used:
        raise DataError(
            f'{given.root}: the corrections leave no photo that shows a class; correct them'
        )
    return replace(
        given,
        classes=tuple(name for name in given.classes if name in used),
        labels=labels,
        untagged=tuple(key for key in given.untagged if key not in labels),
    )


def corrected_split(
    given: PhotoSet, corrected: PhotoSet, val_fraction: float, seed: int
) -> Conversion:
    """Split corrected photos as they were split before, so that a correction moves no others.

    Args:
        given (PhotoSet): The photos with the tags that were given.
        corrected (PhotoSet): The photos with the corrected tags.
        val_fraction (float): Share of the photos that are held out, in [0, 1).
        seed (int): Seed of the random choice.

    Returns:
        Conversion: Corrected tags and split; photos that were untagged are trained on.
    """
    before = given.split(val_fraction, seed)
    train, val = settle_split(corrected.labels, before.val)
    return replace(
        before,
        classes=corrected.classes,
        labels=corrected.labels,
        train=train,
        val=val,
        untagged=corrected.untagged,
    )


def describe(corrections: Corrections, given: PhotoSet, train: Collection[str]) -> str:
    """Say in a few words what a run takes up.

    Args:
        corrections (Corrections): The corrections.
        given (PhotoSet): The photos with the tags that were given.
        train (Collection[str]): Photos that are trained on.

    Returns:
        str: The words.
    """
    tags, bad = len(changed_tags(corrections, given.labels)), len(corrections.bad & {*train})
    said = [f'the tags of {counted(tags, "photo")} corrected'] if tags else []
    if bad:
        said.append(f'{counted(bad, "bad mask")} kept from the segmentor')
    return '; '.join(said) or 'nothing that changes masks'
