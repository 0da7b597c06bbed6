"""Grids of cells with features or labels, and their pairs and affinities by plain loops."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import torch

from mmwsss.ops.pairs import half_plane_offsets

GRIDS = [(7, 9), (5, 12), (1, 6), (8, 1), (1, 1), (3, 2)]


def features_of(height, width, channels=3, batch=1):
    """Draw random features.

    Args:
        height (int): Height h of the grid.
        width (int): Width w of the grid.
        channels (int): Number C of channels. Defaults to 3.
        batch (int): Number N of images. Defaults to 1.

    Returns:
        Tensor: Features, shape (N, C, h, w), float64.
    """
    return torch.rand(batch, channels, height, width, dtype=torch.float64)


def brute_affinities(features, radius):
    """Compute the affinities of an image by a loop over all pairs of cells.

    Args:
        features (Tensor): Features, shape (C, h, w).
        radius (float): Radius within which cells have an affinity, in cells.

    Returns:
        Tensor: Affinities, shape (h·w, h·w), float64.
    """
    _, height, width = features.shape
    cells = [(y, x) for y in range(height) for x in range(width)]
    dense = torch.zeros(len(cells), len(cells), dtype=torch.float64)
    for i, (y, x) in enumerate(cells):
        for j, (v, u) in enumerate(cells):
            if (y - v) ** 2 + (x - u) ** 2 < radius**2:
                dense[i, j] = torch.exp(-(features[:, y, x] - features[:, v, u]).abs().mean())
    return dense


def cell_pairs(
    height: int, width: int, radius: float, border: str = 'inside'
) -> Iterator[tuple[int, tuple[int, int], tuple[int, int]]]:
    """Iterate over the pairs of cells that have an affinity.

    Args:
        height (int): Height of the grid.
        width (int): Width of the grid.
        radius (float): Radius within which cells have an affinity, in cells.
        border (str): 'inside' for all pairs; otherwise only those of cells far from the edge.
            Defaults to 'inside'.

    Yields:
        tuple: Index of the offset, first cell and second cell of every unordered pair, once.
    """
    offsets = half_plane_offsets(radius)
    cells = list(itertools.product(range(height), range(width)))
    reach = math.ceil(radius) - 1
    for first, second in itertools.product(cells, cells):
        if first >= second or math.dist(first, second) >= radius:
            continue
        inside = first[0] < height - reach and reach <= first[1] < width - reach
        if border == 'inside' or inside:
            yield offsets.index((second[0] - first[0], second[1] - first[1])), first, second


def make_labels(*shape: int) -> torch.Tensor:
    """Draw label maps of background, two classes and ignored cells.

    Args:
        *shape (int): Their shape.

    Returns:
        Tensor: The label maps, uint8.
    """
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.choice([0, 1, 4, 255], shape).astype(np.uint8))
