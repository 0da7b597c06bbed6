import math

import numpy as np
import pytest
import torch
from cell_grids import GRIDS, brute_affinities, features_of

from mmwsss.ops.affinity import pairwise_affinity
from mmwsss.ops.pairs import half_plane_offsets
from mmwsss.refinement.random_walk import (
    apply_power,
    power_coefficients,
    random_walk,
    transition_matrix,
)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def brute_psa_affinities(features, radius):
    """The same, with only the pairs whose first cell lies in the published crop."""
    _, height, width = features.shape
    reach = math.ceil(radius) - 1
    dense = torch.eye(height * width, dtype=torch.float64)
    for y in range(height - reach):
        for x in range(reach, width - reach):
            for dy, dx in half_plane_offsets(radius):
                i, j = y * width + x, (y + dy) * width + x + dx
                difference = features[:, y, x] - features[:, y + dy, x + dx]
                dense[i, j] = dense[j, i] = torch.exp(-difference.abs().mean())
    return dense


def dense_walk(maps, dense, beta, t):
    """The published computation: repeated squaring of the column-normalised dense matrix."""
    transition = dense**beta
    transition = transition / transition.sum(0, keepdim=True)
    for _ in range(t):
        transition = transition @ transition
    return (maps.flatten(1) @ transition).view_as(maps)


@pytest.mark.parametrize('t', range(9))
@pytest.mark.parametrize(
    ('size', 'radius', 'beta'), [((7, 9), 5, 8), ((11, 6), 3, 2), ((2, 13), 4, 1)]
)
def test_walk_equals_dense_squaring(size, radius, beta, t):
    features = features_of(*size)[0]
    maps = torch.rand(3, *size, dtype=torch.float64)
    walked = random_walk(maps, pairwise_affinity(features, radius), radius=radius, beta=beta, t=t)
    expected = dense_walk(maps, brute_affinities(features, radius), beta, t)
    torch.testing.assert_close(walked, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize('size', GRIDS)
def test_walk_on_tiny_grids(size):
    features = features_of(*size)[0]
    maps = torch.rand(2, *size, dtype=torch.float64)
    walked = random_walk(maps, pairwise_affinity(features), t=5, tolerance=1e-9)
    expected = dense_walk(maps, brute_affinities(features, 5), 8, 5)
    torch.testing.assert_close(walked, expected, atol=1e-8, rtol=0)


@pytest.mark.parametrize('size', [(9, 11), (12, 10), (4, 20), (9, 8)])
def test_psa_border_equals_the_published_arithmetic(size):
    features = features_of(*size)[0]
    maps = torch.rand(2, *size, dtype=torch.float64)
    affinity = pairwise_affinity(features)
    walked = random_walk(maps, affinity, t=6, border='psa')
    expected = dense_walk(maps, brute_psa_affinities(features, 5), 8, 6)
    torch.testing.assert_close(walked, expected, atol=1e-5, rtol=0)


def test_psa_border_leaves_ten_lonely_cells():
    affinity = torch.ones(1, 34, 47, 63)
    for border, lonely in (('psa', 10), ('inside', 0)):
        neighbours = transition_matrix(affinity, border=border).crow_indices().diff() - 1
        assert (neighbours == 0).sum() == lonely


@pytest.mark.parametrize('border', ['inside', 'psa'])
def test_transition_rows_sum_to_one_and_degrees_are_stationary(border):
    affinity = pairwise_affinity(features_of(9, 11))
    dense = transition_matrix(affinity, border=border).to_dense()
    torch.testing.assert_close(dense.sum(1), torch.ones(99, dtype=torch.float64))
    degree = 1 / dense.diagonal()
    torch.testing.assert_close(degree @ dense, degree)
    symmetric = degree[:, None] * dense
    torch.testing.assert_close(symmetric, symmetric.T)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_constant_stays_and_weighted_mass_is_conserved(dtype):
    affinity = pairwise_affinity(features_of(13, 9))
    maps = torch.cat([torch.full((1, 13, 9), 0.7), torch.rand(1, 13, 9)]).double()
    walked = random_walk(maps[None], affinity, t=8, dtype=dtype)[0]
    torch.testing.assert_close(walked[0], maps[0], atol=1e-5, rtol=0)
    degree = 1 / transition_matrix(affinity).to_dense().diagonal().view(13, 9)
    torch.testing.assert_close(
        (walked[1] * degree).sum(), (maps[1] * degree).sum(), atol=1e-3, rtol=1e-5
    )
    assert walked[1].std() < maps[1].std()


def test_batch_equals_single_images():
    features = features_of(6, 10, batch=3)
    maps = torch.rand(3, 2, 6, 10)
    affinity = pairwise_affinity(features)
    together = random_walk(maps, affinity)
    assert together.dtype == maps.dtype
    assert together.is_contiguous()
    for image, links, expected in zip(maps, affinity, together):
        torch.testing.assert_close(random_walk(image, links), expected)


def test_uniform_affinity_on_a_path_follows_the_binomial():
    # radius 2 on one row: each inner cell moves left, stays or moves right with equal chance.
    width, steps = 41, 8
    maps = torch.zeros(1, 1, width, dtype=torch.float64)
    maps[0, 0, 20] = 1
    walked = random_walk(maps, torch.ones(4, 1, width), radius=2, t=3, tolerance=1e-12)
    trinomial = np.array([1.0])
    for _ in range(steps):
        trinomial = np.convolve(trinomial, [1 / 3, 1 / 3, 1 / 3])
    np.testing.assert_allclose(walked[0, 0, 12:29], trinomial, atol=1e-11)


def test_maps_are_not_changed():
    maps = torch.rand(2, 5, 5, dtype=torch.float64)
    before = maps.clone()
    random_walk(maps, pairwise_affinity(features_of(5, 5)[0]))
    assert torch.equal(maps, before)


@pytest.mark.parametrize('n', [1, 2, 3, 4, 7, 16, 64])
def test_all_coefficients_are_the_binomials(n):
    coefficients = power_coefficients(n, 1e-300)
    expected = np.zeros(n + 1)
    for k in range(n % 2, n + 1, 2):
        expected[k] = math.comb(n, (n - k) // 2) / 2 ** (n - 1) / (2 if k == 0 else 1)
    np.testing.assert_allclose(coefficients, expected, rtol=1e-12)


@pytest.mark.parametrize('n', [1, 2, 5, 256, 1024, 4096])
@pytest.mark.parametrize('tolerance', [1e-3, 1e-6, 1e-10])
def test_truncated_series_keeps_its_tolerance(n, tolerance):
    coefficients = power_coefficients(n, tolerance)
    x = np.linspace(-1, 1, 4001)
    error = np.abs(np.polynomial.chebyshev.chebval(x, coefficients) - x**n).max()
    assert error <= tolerance + 1e-13
    assert abs(coefficients.sum() - 1) < 1e-14
    assert len(coefficients) <= min(n, math.sqrt(2 * n * math.log(4 / tolerance))) + 3


def test_256_steps_take_80_products():
    assert len(power_coefficients(256, 1e-6)) - 1 == 80


def test_negative_eigenvalues_are_covered():
    matrix = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    columns = torch.tensor([[1.0], [0.25]], dtype=torch.float64)
    torch.testing.assert_close(apply_power(matrix, columns, 3, 1e-12), columns.flip(0))
    torch.testing.assert_close(apply_power(matrix, columns, 4, 1e-12), columns)


@pytest.mark.parametrize(('n', 'tolerance', 'message'), [(0, 1e-6, 'steps'), (4, 0, 'tolerance')])
def test_bad_series_is_an_error(n, tolerance, message):
    with pytest.raises(ValueError, match=message):
        power_coefficients(n, tolerance)


@pytest.mark.parametrize('value', [math.nan, math.inf, -0.5])
def test_bad_affinity_is_an_error(value):
    affinity = torch.ones(1, 34, 6, 6)
    affinity[0, 3, 2, 1] = value
    with pytest.raises(ValueError, match='non-negative and finite'):
        random_walk(torch.rand(1, 1, 6, 6), affinity, beta=1)


def test_bad_shapes_and_options_are_errors():
    maps, affinity = torch.rand(1, 2, 6, 6), torch.ones(1, 34, 6, 6)
    with pytest.raises(ValueError, match='resize the maps'):
        random_walk(maps[..., :5], affinity)
    with pytest.raises(ValueError, match='resize the maps'):
        random_walk(maps[0], affinity)
    with pytest.raises(ValueError, match='radius 4 must be'):
        random_walk(maps, affinity, radius=4)
    with pytest.raises(ValueError, match='border must be'):
        random_walk(maps, affinity, border='irn')
    with pytest.raises(ValueError, match='negative'):
        random_walk(maps, affinity, t=-1)
