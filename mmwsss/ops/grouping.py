"""Grouping of images that can be batched."""

from collections.abc import Hashable, Iterable


def group_indices(keys: Iterable[Hashable]) -> list[list[int]]:
    """Group positions that have equal keys, such as images of one size.

    Args:
        keys (Iterable[Hashable]): One key for each position, for example the shapes of images.

    Returns:
        list[list[int]]: The positions of each distinct key, ascending; groups are in the order in
        which their keys appear first.
    """
    groups: dict[Hashable, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    return list(groups.values())
