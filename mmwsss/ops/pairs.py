"""Pairs of neighbouring cells: where they lie, and their kinds (AffinityNet, Ahn & Kwak 2018)."""

import math
from typing import Literal

import torch
from torch import Tensor

from mmwsss.structures import IGNORED

from .arguments import check_choice

Border = Literal['inside', 'psa']

_Slices = tuple[slice, slice]


def half_plane_offsets(radius: float = 5) -> tuple[tuple[int, int], ...]:
    """List the offsets from a cell to its neighbours, one of every two opposite ones.

    Args:
        radius (float): Cells at a distance below it are neighbours, in cells. Defaults to 5, which
            gives the 34 offsets of PSA.

    Returns:
        tuple[tuple[int, int], ...]: Offsets (dy, dx) in raster order.

    Raises:
        ValueError: If the radius is so short that there is no neighbour.
    """
    reach = math.ceil(radius) - 1
    if reach < 1:
        raise ValueError(f'radius {radius} reaches no neighbour: give a radius above 1')
    row = [(0, dx) for dx in range(1, reach + 1)]
    rows = [
        (dy, dx)
        for dy in range(1, reach + 1)
        for dx in range(-reach, reach + 1)
        if dy * dy + dx * dx < radius * radius
    ]
    return tuple(row + rows)


def pair_slices(
    height: int, width: int, radius: float, border: Border = 'inside'
) -> list[tuple[_Slices, _Slices]]:
    """Find the cells of the pairs of each offset, as slices of rows and columns.

    Args:
        height (int): Rows of the grid.
        width (int): Columns of the grid.
        radius (float): Cells at a distance below it are neighbours, in cells.
        border (str): 'inside' takes every pair inside the grid; 'psa' takes only the pairs of the
            published index arithmetic, whose first cell has all neighbours of
            ``half_plane_offsets`` inside the grid. Defaults to 'inside'.

    Returns:
        list[tuple[tuple[slice, slice], tuple[slice, slice]]]: For each offset of
        ``half_plane_offsets(radius)`` the slices of the first and of the second cells; they are
        empty where there is no such pair.

    Raises:
        ValueError: If the border is unknown or the radius reaches no neighbour.
    """
    check_choice('border', border, ('inside', 'psa'))
    offsets = half_plane_offsets(radius)
    reach = max(dy for dy, _ in offsets) if border == 'psa' else 0
    result = []
    for dy, dx in offsets:
        bottom = max(0, height - (reach or dy))
        left = reach or max(0, -dx)
        right = max(left, width - (reach or max(0, dx)))
        here = slice(0, bottom), slice(left, right)
        there = slice(dy, dy + bottom), slice(left + dx, right + dx)
        result.append((here, there))
    return result


def pair_kinds(labels: Tensor, radius: float = 5, border: Border = 'inside') -> Tensor:
    """Sort pairs of cells into three kinds by their labels.

    Args:
        labels (Tensor): Labels of the cells, shape (B, h, w), uint8: 0 background, i + 1 class i,
            255 ignored.
        radius (float): Cells at a distance below it are neighbours, in cells. Defaults to 5.
        border (str): 'inside' or 'psa', see :func:`pair_slices`. Defaults to 'inside'.

    Returns:
        Tensor: Membership, shape (3, B, P, h, w), bool, in the pair order of
        :func:`pairwise_affinity`. The kinds are pairs of background cells, pairs of cells of one
        class, and pairs of cells of different labels; a pair with an ignored cell belongs to none.

    Raises:
        ValueError: If the border is unknown or the radius reaches no neighbour.
    """
    batch, height, width = labels.shape
    slices = pair_slices(height, width, radius, border)
    kinds = labels.new_zeros((3, batch, len(slices), height, width), dtype=torch.bool)
    for index, (here, there) in enumerate(slices):
        at, to = (..., *here), (..., *there)
        first, second = labels[at], labels[to]
        known = (first != IGNORED) & (second != IGNORED)
        same = first == second
        background = first == 0
        kinds[0, :, index][at] = same & background
        kinds[1, :, index][at] = same & ~background & known
        kinds[2, :, index][at] = ~same & known
    return kinds
