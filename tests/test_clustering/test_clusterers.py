"""Clusterers against definitions: fixed points, brute-force objectives, a hand-worked FINCH."""

import numpy as np
import pytest
import sklearn.cluster
from sklearn.metrics import adjusted_rand_score

from mmwsss.clustering import (
    FINCH,
    FeatureRows,
    KMeans,
    MiniBatchKMeans,
    SphericalKMeans,
    first_neighbor_partitions,
)
from mmwsss.clustering.lloyd import leading_projection, lloyd
from mmwsss.registry import CLUSTERERS


def blobs(count=6, per_blob=20, width=300, spread=0.05, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((count, width))
    truth = np.repeat(np.arange(count), per_blob)
    rows = centers[truth] + spread * rng.standard_normal((len(truth), width))
    order = rng.permutation(len(truth))
    return rows[order].astype(np.float32), truth[order]


def objective(rows, labels):
    """(3.2) by loops, float64."""
    total = 0.0
    for k in set(labels.tolist()):
        mine = rows[labels == k].astype(np.float64)
        center = sum(mine) / len(mine)
        total += sum(((row - center) ** 2).sum() for row in mine)
    return total


@pytest.mark.parametrize(
    'clusterer',
    [
        KMeans(),
        KMeans(reduced_start=False),
        KMeans(pca=16),
        KMeans(pca=500, unit_length=True),
        MiniBatchKMeans(),
        SphericalKMeans(),
        FINCH(),
    ],
    ids=repr,
)
def test_separate_groups_are_found(clusterer):
    rows, truth = blobs()
    labels = clusterer(FeatureRows.whole(rows), 6, 0)
    assert labels.dtype == np.int32 and labels.shape == truth.shape
    assert adjusted_rand_score(truth, labels) == 1


def test_kmeans_ends_where_no_row_is_nearer_to_another_mean():
    rows, _ = blobs(spread=3.0)
    labels = KMeans()(FeatureRows.whole(rows), 7, 0)
    means = np.stack([rows[labels == k].astype(np.float64).mean(0) for k in range(7)])
    distances = ((rows[:, None] - means) ** 2).sum(2)
    np.testing.assert_array_equal(distances.argmin(1), labels)


def test_kmeans_started_in_a_subspace_reaches_the_objective_of_full_starts():
    rows, _ = blobs(count=12, per_blob=40, spread=1.0)
    ours = objective(rows, KMeans()(FeatureRows.whole(rows), 10, 0))
    theirs = sklearn.cluster.KMeans(10, n_init=10, random_state=0).fit(rows.astype(np.float64))
    assert ours <= 1.01 * theirs.inertia_


def test_rows_are_taken_in_their_order_and_left_alone():
    features, _ = blobs(per_blob=70, spread=1.0)  # more rows than a chunk
    given = features.copy()
    order = np.random.default_rng(1).permutation(len(features))[:300]
    labels = KMeans()(FeatureRows(features, order), 5, 0)
    np.testing.assert_array_equal(features, given)
    np.testing.assert_array_equal(KMeans()(FeatureRows.whole(features[order]), 5, 0), labels)


def test_projection_of_rows_in_a_small_subspace_keeps_their_distances():
    rng = np.random.default_rng(0)
    rows = (rng.standard_normal((400, 6)) @ rng.standard_normal((6, 90))).astype(np.float32)
    small = leading_projection(FeatureRows.whole(rows), 8, 0)
    assert small.shape == (400, 8)
    distances = [np.linalg.norm(x[:200] - x[200:], axis=1) for x in (rows, small)]
    np.testing.assert_allclose(*distances, rtol=1e-4)


def test_a_step_of_lloyd_by_hand_and_a_cluster_that_empties():
    rows = FeatureRows.whole(np.float32([[0], [1], [10], [11], [4], [6]]))
    start = np.array([0, 2, 1, 1, 0, 0])
    # Means: 10/3, 10.5, 1. Nearest: 0→2, 1→2, 10→1, 11→1, 4→0, 6→0.
    assert lloyd(rows, start, 1).tolist() == [2, 2, 1, 1, 0, 0]
    # Means 3, 3.5: every row is nearer to one of them than to the mean 3.25 of the third.
    rows = FeatureRows.whole(np.float32([[3], [3.5], [3], [3.5]]))
    labels = lloyd(rows, np.array([0, 1, 2, 2]), 10)
    assert labels.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize('name', ['KMeans', 'MiniBatchKMeans', 'SphericalKMeans', 'FINCH'])
@pytest.mark.parametrize('count', [1, 2, 9])
def test_fewer_rows_than_clusters_are_clustered(name, count):
    rows, _ = blobs(count=1, per_blob=count, spread=1.0)
    labels = CLUSTERERS.build(dict(type=name))(FeatureRows.whole(rows), 10, 0)
    assert labels.shape == (count,)
    if name in ('KMeans', 'SphericalKMeans'):
        assert len(set(labels.tolist())) == count


@pytest.mark.parametrize('name', ['KMeans', 'MiniBatchKMeans', 'SphericalKMeans', 'FINCH'])
def test_equal_rows_share_a_cluster(name, recwarn):
    rows = np.repeat(np.eye(2, 300, dtype=np.float32), 6, axis=0)
    labels = CLUSTERERS.build(dict(type=name))(FeatureRows.whole(rows), 5, 0)
    assert (labels[:6] == labels[0]).all() and (labels[6:] == labels[6]).all()
    assert labels[0] != labels[6]
    assert not recwarn.list


def test_spherical_kmeans_ignores_lengths_and_ends_at_the_highest_cosine():
    rows, _ = blobs(spread=2.0)
    labels = SphericalKMeans()(FeatureRows.whole(rows), 5, 0)
    scaled = (rows * np.random.default_rng(1).choice([0.25, 4, 16], (len(rows), 1))).astype('f4')
    np.testing.assert_array_equal(SphericalKMeans()(FeatureRows.whole(scaled), 5, 0), labels)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    sums = np.stack([unit[labels == k].sum(0) for k in range(5)])
    cosines = unit @ (sums / np.linalg.norm(sums, axis=1, keepdims=True)).T
    np.testing.assert_array_equal(cosines.argmax(1), labels)


def test_spherical_kmeans_without_unit_length_is_refused():
    with pytest.raises(ValueError, match='take KMeans'):
        SphericalKMeans(unit_length=False)


@pytest.mark.parametrize('name', ['KMeans', 'MiniBatchKMeans', 'SphericalKMeans', 'FINCH'])
@pytest.mark.parametrize('pca', [0, -2, 1.5])
def test_no_components_are_refused_when_built(name, pca):
    with pytest.raises(ValueError, match=f'{name}: pca must be a positive whole number, not {pca}'):
        CLUSTERERS.build(dict(type=name, pca=pca))


@pytest.mark.parametrize('wrong', [dict(n_init=0), dict(max_iter=0), dict(batch_size=0.5)])
def test_numbers_of_minibatch_kmeans_are_checked_when_built(wrong):
    with pytest.raises(ValueError, match=f'{next(iter(wrong))} must be a positive whole number'):
        MiniBatchKMeans(**wrong)


def at_angles(*degrees):
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], 1).astype(np.float32)


def test_finch_does_what_is_done_by_hand():
    # First neighbours: 0-2, 2-0, 5-2 | 20-21, 21-20 | 80-84, 84-86, 86-84 | 110-112, 112-110.
    # Their means, near 2, 20, 83 and 111 degrees: 2-20, 20-2 | 83-111, 111-83. Then one.
    rows = at_angles(0, 80, 2, 20, 84, 110, 5, 86, 21, 112)
    partitions = first_neighbor_partitions(rows)
    expected = [
        [0, 1, 0, 2, 1, 3, 0, 1, 2, 3],
        [0, 1, 0, 0, 1, 1, 0, 1, 0, 1],
        [0] * 10,
    ]
    assert [p.tolist() for p in partitions] == expected


@pytest.mark.parametrize('allowed, found', [(50, 4), (4, 4), (3, 2), (2, 2), (1, 1)])
def test_finch_takes_the_finest_partition_that_fits(allowed, found):
    rows = at_angles(0, 80, 2, 20, 84, 110, 5, 86, 21, 112)
    assert len(set(FINCH()(FeatureRows.whole(rows), allowed, 0).tolist())) == found


def test_finch_takes_one_row():
    assert [p.tolist() for p in first_neighbor_partitions(at_angles(3))] == [[0]]
