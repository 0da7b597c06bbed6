"""Random walk over pairwise affinities (PSA, Ahn & Kwak 2018) without a dense matrix.

The published computation forms ``A = affinity ** beta`` (symmetric, ones on the diagonal), divides
it by its column sums, ``T = A / colsum(A)``, squares that dense matrix ``t`` times and multiplies
the class maps (as rows) with it. Every cell has only the neighbours within a radius, so here ``T``
stays sparse and ``T ** (2 ** t)`` is applied as a truncated Chebyshev series.
"""

import math
import warnings
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmwsss.ops.pairs import Border, half_plane_offsets, pair_slices


class _Layout(NamedTuple):
    """Positions of the entries of one image's matrix, in CSR order."""

    crow: Tensor  # (N + 1,) int32
    col: Tensor  # (nnz,) int32
    source: Tensor  # (nnz,) int64 into the flat (P, h, w) affinities, P * N for the diagonal
    row: Tensor  # (nnz,) int64


def _pairs(height: int, width: int, radius: float, border: Border) -> np.ndarray:
    """Mark the pairs that exist: (P, h, w) bool, indexed as the affinities are."""
    slices = pair_slices(height, width, radius, border)
    pairs = np.zeros((len(slices), height, width), bool)
    for pair, (here, _) in zip(pairs, slices):
        pair[here] = True
    return pairs


@lru_cache(maxsize=8)
def _layout(
    height: int, width: int, radius: float, border: Border, device: torch.device
) -> _Layout:
    """Lay out the matrix of a grid; a few layouts are kept, since images of one size follow."""
    cells = height * width
    pairs = _pairs(height, width, radius, border).reshape(-1, cells)
    shifts = np.array([dy * width + dx for dy, dx in half_plane_offsets(radius)])
    # One column for the diagonal, each offset and its opposite, in ascending order of the shift.
    columns = np.concatenate([[0], shifts, -shifts])
    rank = columns.argsort(kind='stable').argsort(kind='stable')
    exists = np.zeros((cells, len(columns)), bool)
    source = np.full(exists.shape, len(shifts) * cells)
    exists[:, rank[0]] = True
    for index, (pair, shift) in enumerate(zip(pairs, shifts)):
        first = pair.nonzero()[0]
        forward, backward = rank[1 + index], rank[1 + len(shifts) + index]
        for row, column in ((first, forward), (first + shift, backward)):
            exists[row, column] = True
            source[row, column] = index * cells + first
    count = exists.sum(1)
    crow = np.concatenate([[0], count.cumsum()]).astype(np.int32)
    col = (np.arange(cells)[:, None] + np.sort(columns))[exists].astype(np.int32)
    row = np.arange(cells).repeat(count)
    return _Layout(
        *(torch.from_numpy(array).to(device) for array in (crow, col, source[exists], row))
    )


def _block_diagonal_csr(layout: _Layout, values: Tensor, cells: int) -> Tensor:
    """Build one sparse CSR matrix of a batch from ``values`` (B, nnz): B blocks on the diagonal."""
    batch, entries = values.shape
    size = batch * cells
    if max(size, values.numel()) > torch.iinfo(torch.int32).max:
        raise ValueError(f'{batch} images of {cells} cells are too many: take a smaller batch')
    block = torch.arange(batch, dtype=torch.int32, device=values.device)[:, None]
    col = (layout.col + block * cells).flatten()
    crow = torch.cat([layout.crow[:1], (layout.crow[1:] + block * entries).flatten()])
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Sparse CSR tensor support is in beta')
        return torch.sparse_csr_tensor(
            crow, col, values.flatten(), size=(size, size), check_invariants=False
        )


@torch.no_grad()
def transition_matrix(
    affinity: Tensor,
    radius: float = 5,
    beta: float = 8,
    border: Border = 'inside',
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """Build the transition matrix of the random walk, transposed so that its rows sum to 1.

    It is ``affinity ** beta`` with ones on the diagonal, each row divided by its sum. Since the
    affinities are symmetric, this is the transpose of the published column-normalised T: class maps
    as rows times T equal this matrix times class maps as columns.

    Args:
        affinity (Tensor): Affinities as ``pairwise_affinity`` returns them, shape (B, P, h, w), not
            negative.
        radius (float): The radius of these affinities, in cells. Defaults to 5.
        beta (float): Exponent of the affinities. Defaults to 8.
        border (str): 'inside' takes every pair inside the grid; 'psa' takes only the pairs of the
            published index arithmetic, whose first cell is at least ``ceil(radius) - 1`` cells away
            from the left, right and bottom border. Defaults to 'inside'.
        dtype (torch.dtype): float32 or float64. Defaults to float64.

    Returns:
        Tensor: Sparse CSR matrix, shape (B * h * w, B * h * w), with one diagonal block per image.

    Raises:
        ValueError: If the number of offsets is not that of the radius, or an affinity is negative
            or not finite.
    """
    if affinity.ndim != 4 or affinity.shape[1] != len(half_plane_offsets(radius)):
        raise ValueError(
            f'affinity of radius {radius} must be (B, {len(half_plane_offsets(radius))}, h, w), '
            f'not {tuple(affinity.shape)}'
        )
    batch, _, height, width = affinity.shape
    layout = _layout(height, width, float(radius), border, affinity.device)
    powers = affinity.to(dtype).flatten(1).pow(beta)
    values = torch.cat([powers, powers.new_ones(batch, 1)], 1).index_select(1, layout.source)
    low, high = values.aminmax()
    if not (low >= 0 and high < math.inf):
        raise ValueError('affinities must be non-negative and finite: check the features')
    matrix = _block_diagonal_csr(layout, values, height * width)
    degree = matrix @ values.new_ones(batch * height * width, 1)
    matrix.values().view(batch, -1).div_(degree.view(batch, -1).index_select(1, layout.row))
    return matrix


def power_coefficients(n: int, tolerance: float = 1e-6) -> np.ndarray:
    """Compute the first Chebyshev coefficients c_k of ``x ** n``, as many as the tolerance needs.

    ``x^n = 2^(1-n) sum' C(n, (n-k)/2) T_k(x)`` over k of n's parity, the term of k = 0 halved. The
    coefficients are positive and sum to 1, so that for ``|x| <= 1`` the sum of those cut off bounds
    the error. Those kept are scaled to sum to 1 again, which keeps a constant map constant and at
    most doubles the error; the tolerance covers that.

    Args:
        n (int): The power, at least 1.
        tolerance (float): Bound of the error for ``|x| <= 1``, between 0 and 1. Defaults to 1e-6.

    Returns:
        np.ndarray: Shape (degree + 1,), float64; about ``sqrt(2 n ln(4 / tolerance))`` of them, at
        most n + 1.

    Raises:
        ValueError: If ``n`` or ``tolerance`` is out of range.
    """
    if n < 1:
        raise ValueError(f'the number of steps must be positive, not {n}')
    if not 0 < tolerance < 1:
        raise ValueError(f'tolerance must lie between 0 and 1, not {tolerance}')
    order = np.arange(n % 2, n + 1, 2)
    # Binomials overflow and 2^(1-n) underflows; the ratios of neighbours do neither.
    steps = (n - order[:-1]) / (n + order[:-1] + 2)
    terms = np.concatenate([[1.0], np.cumprod(steps)])
    if n % 2 == 0:
        terms[0] /= 2
    terms /= terms.sum()
    tail = terms[::-1].cumsum()[::-1]
    kept = int((2 * tail > tolerance).sum())
    coefficients = np.zeros(order[kept - 1] + 1)
    coefficients[order[:kept]] = terms[:kept] / terms[:kept].sum()
    return coefficients


def apply_power(matrix: Tensor, columns: Tensor, n: int, tolerance: float = 1e-6) -> Tensor:
    """Compute ``matrix ** n @ columns`` by the Chebyshev recurrence.

    Args:
        matrix (Tensor): Sparse CSR or dense, shape (N, N), similar to a symmetric matrix with
            eigenvalues in [-1, 1].
        columns (Tensor): Shape (N, K), of the same dtype; not changed.
        n (int): The power, at least 1.
        tolerance (float): Bound of the error's norm relative to the columns' norm, both weighted by
            the degrees of the cells. Defaults to 1e-6.

    Returns:
        Tensor: Shape (N, K).

    Raises:
        ValueError: If ``n`` or ``tolerance`` is out of range.
    """
    coefficients = power_coefficients(n, tolerance)
    # A batch of one comes as a view with the classes outermost, which is half as fast.
    columns = columns.contiguous()
    before, now = columns.clone(), matrix @ columns
    total = columns * coefficients[0] + now * coefficients[1]
    for coefficient in coefficients[2:]:
        before, now = now, before.addmm_(matrix, now, beta=-1, alpha=2)
        if coefficient:
            total.add_(now, alpha=float(coefficient))
    return total


@torch.no_grad()
def random_walk(
    maps: Tensor,
    affinity: Tensor,
    *,
    radius: float = 5,
    beta: float = 8,
    t: int = 8,
    border: Border = 'inside',
    tolerance: float = 1e-6,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """Let class maps walk ``2 ** t`` steps: ``maps @ T ** (2 ** t)``.

    Args:
        maps (Tensor): Maps of the background and the present classes, shape (B, K, h, w) or
            (K, h, w), floating point.
        affinity (Tensor): Affinities as ``pairwise_affinity`` returns them, shape (B, P, h, w) or
            (P, h, w), on the same grid and device.
        radius (float): The radius of these affinities, in cells. Defaults to 5.
        beta (float): Exponent of the affinities. Defaults to 8.
        t (int): Binary logarithm of the number of steps. Defaults to 8.
        border (str): 'inside' or 'psa', see :func:`transition_matrix`. Defaults to 'inside'.
        tolerance (float): Bound of the error that truncating the series makes, see
            :func:`apply_power`. Defaults to 1e-6.
        dtype (torch.dtype): The precision of the computation. On a CPU float64 costs little more
            than float32, whose rounding alone reaches 1e-5 for long walks. Defaults to float64.

    Returns:
        Tensor: Maps of the shape and dtype of ``maps``. A constant map stays constant, and no value
        leaves the range of its map by more than the tolerance allows.

    Raises:
        ValueError: If shapes do not fit or a value is out of range.
    """
    single = maps.ndim == 3
    if single:
        maps, affinity = maps[None], affinity[None]
    if maps.ndim != 4 or affinity.ndim != 4 or not _same_grid(maps, affinity):
        raise ValueError(
            f'maps {tuple(maps.shape)} and affinity {tuple(affinity.shape)} must be batches on '
            'one grid: resize the maps first'
        )
    if t < 0:
        raise ValueError(f't must not be negative, not {t}')
    batch, classes, height, width = maps.shape
    matrix = transition_matrix(affinity, radius, beta, border, dtype)
    columns = maps.to(dtype).permute(0, 2, 3, 1).reshape(-1, classes)
    walked = apply_power(matrix, columns, 2**t, tolerance)
    walked = walked.view(batch, height, width, classes).permute(0, 3, 1, 2).to(maps.dtype)
    return walked[0].contiguous() if single else walked.contiguous()


def _same_grid(maps: Tensor, affinity: Tensor) -> bool:
    return maps.shape[0] == affinity.shape[0] and maps.shape[-2:] == affinity.shape[-2:]
