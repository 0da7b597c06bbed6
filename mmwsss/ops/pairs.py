"""Pairs of neighbouring cells: which there are, and their kinds (AffinityNet, Ahn & Kwak 2018)."""

import math
from typing import Literal

import torch
from torch import Tensor

from mmwsss.structures import IGNORED

from .arguments import check_choice

Border = Literal['inside', 'psa']

_Slices = tuple[slice, slice]


def half_plane_offsets(radius: float = 5) -> tuple[tuple[int, int], ...]:
    """Offsets (dy, dx) at a distance below ``radius``, one of each opposite pair, in raster order.

    Radius 5 gives the 34 offsets of PSA. Raises ValueError where the radius reaches no neighbour.
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
    """Where both cells of the pairs of each offset lie: slices of rows and columns.

    Args:
        height: of the grid.
        width: of the grid.
        radius: cells at a distance below it are pairs.
        border: 'inside' takes every pair inside the grid; 'psa' only those of the published index
            arithmetic, whose first cell has its whole half-disk inside.

    Returns:
        one pair of slices for each of ``half_plane_offsets(radius)``; empty where none fits.
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
    """Which pairs are of one kind.

    Args:
        labels: (B, h, w) uint8: 0 background, i + 1 class i, 255 ignored.
        radius: cells at a distance below it are pairs.
        border: see :func:`pair_slices`.

    Returns:
        bool (3, B, P, h, w), indexed as affinities are: both cells background ('bg'), both of the
        same class ('fg'), of different labels ('neg'). Pairs with an ignored cell are none.
    """
    batch, height, width = labels.shape
    slices = pair_slices(height, width, radius, border)
    kinds = labels.new_zeros((3, batch, len(slices), height, width), dtype=torch.bool)
    for index, (here, there) in enumerate(slices):
        first, second = labels[(..., *here)], labels[(..., *there)]
        known = (first != IGNORED) & (second != IGNORED)
        same = first == second
        background = first == 0
        kinds[(0, slice(None), index, *here)] = same & background
        kinds[(1, slice(None), index, *here)] = same & ~background & known
        kinds[(2, slice(None), index, *here)] = ~same & known
    return kinds
