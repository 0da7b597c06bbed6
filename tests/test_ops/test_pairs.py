"""Which pairs of cells there are, against loops over all cells."""

import math

import numpy as np
import pytest
import torch
from cell_grids import cell_pairs, make_labels

from mmwsss.ops.pairs import half_plane_offsets, pair_kinds

RADIUS = 3


@pytest.mark.parametrize(
    ('radius', 'pairs'), [(1.5, 4), (2, 4), (3, 12), (4, 22), (5, 34), (6, 54)]
)
def test_half_plane_offsets_are_half_of_a_disk(radius, pairs):
    offsets = half_plane_offsets(radius)
    reach = math.ceil(radius)
    disk = {
        (y, x)
        for y in range(-reach, reach + 1)
        for x in range(-reach, reach + 1)
        if 0 < x * x + y * y < radius * radius
    }
    assert set(offsets) | {(-y, -x) for y, x in offsets} == disk
    assert len(offsets) * 2 == len(disk)
    assert len(offsets) == pairs


def test_radius_without_neighbours_is_an_error():
    with pytest.raises(ValueError, match='above 1'):
        half_plane_offsets(1)


@pytest.mark.parametrize('border', ['inside', 'psa'])
@pytest.mark.parametrize('size', [(7, 9), (5, 5), (2, 11), (1, 1)])
@pytest.mark.parametrize('radius', [RADIUS, 5])
def test_pair_kinds_are_those_of_a_loop(border: str, size: tuple[int, int], radius: int) -> None:
    labels = make_labels(2, *size)
    expected = torch.zeros(3, 2, len(half_plane_offsets(radius)), *size, dtype=torch.bool)
    for offset, first, second in cell_pairs(*size, radius, border):
        for image in range(2):
            a, b = (int(labels[(image, *cell)]) for cell in (first, second))
            if 255 in (a, b):
                continue
            kind = 2 if a != b else int(a != 0)
            expected[(kind, image, offset, *first)] = True
    assert torch.equal(pair_kinds(labels, radius, border), expected)


def test_pairs_are_those_of_the_published_arithmetic() -> None:
    """The gathered indices of PSA, written as it describes them, pick the pairs of border='psa'."""
    height, width, reach = 9, 12, 4
    index = np.arange(height * width).reshape(height, width)
    first = index[:-reach, reach:-reach].ravel()
    labels = torch.zeros(1, height, width, dtype=torch.uint8)
    for offset, (dy, dx) in enumerate(half_plane_offsets(5)):
        second = index[dy : dy + height - reach, reach + dx : reach + dx + width - 2 * reach]
        assert (second.ravel() - first == dy * width + dx).all()
        chosen = pair_kinds(labels, 5, 'psa')[0, 0, offset].flatten().nonzero()[:, 0]
        assert chosen.tolist() == first.tolist()
