"""Clusters of every class: hand-worked, invariant to order and processes; agreement of rounds."""

import itertools
import os

import numpy as np
import pytest

from mmwsss.clustering import (
    FINCH,
    Agreement,
    KMeans,
    assignment_table,
    cluster_classes,
    match_labels,
)


def mixture(images=120, classes=4, width=160, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((images, width)).astype(np.float32)
    features += 2 * rng.standard_normal((6, width))[rng.integers(0, 6, images)]
    presence = rng.random((images, classes)) < 0.5
    return features, presence, [f'{name:03}' for name in rng.permutation(images)]


def test_images_of_several_classes_by_hand():
    # Two classes; images 1 and 4 show both, image 3 shows the second alone.
    features = np.array([[0.0], [1.0], [9.0], [9.5], [10.0], [0.5]], np.float32)
    presence = np.array([[1, 0], [1, 1], [1, 0], [0, 1], [1, 1], [1, 0]], bool)
    clusters = cluster_classes(features, presence, (2, 2), KMeans(), processes=1)
    # First class: {0, 1, 0.5} is the larger cluster, number 0, and {9, 10} number 1.
    # Second: {1} and {9.5, 10}, of which the latter is the larger.
    expected = [[0, -1], [0, 1], [1, -1], [-1, 0], [1, 0], [0, -1]]
    assert assignment_table(clusters, 6).tolist() == expected
    assert clusters[0].inertia == pytest.approx(0.5 + 0.5)
    assert clusters[1].inertia == pytest.approx(0.125)
    np.testing.assert_allclose(clusters[1].distances, [0, 0.25, 0.25])


@pytest.mark.parametrize('processes', [1, 2])
def test_rows_of_pairs_are_clustered_by_class(processes):
    features, presence, names = mixture()
    images, classes = presence.nonzero()
    places = np.full(presence.shape, -1)
    places[images, classes] = np.arange(len(images))
    # Features that are the image's whatever the class, and others that differ in sign.
    alike = cluster_classes(features, presence, [5] * 4, KMeans(), names, processes=processes)
    for sign in (1, -1):
        pairs = features[images] * sign ** classes[:, None]
        found = cluster_classes(
            pairs, presence, [5] * 4, KMeans(), names, processes=processes, places=places
        )
        for one, other in zip(alike, found):
            np.testing.assert_array_equal(one.rows, other.rows)
            np.testing.assert_allclose(one.distances, other.distances, rtol=1e-4)
            np.testing.assert_array_equal(one.labels, other.labels)


@pytest.mark.parametrize('clusterer', [KMeans(), FINCH()], ids=repr)
def test_order_of_images_does_not_matter(clusterer):
    features, presence, names = mixture()
    table = assignment_table(
        cluster_classes(features, presence, [5] * 4, clusterer, names, processes=1), len(names)
    )
    shuffle = np.random.default_rng(1).permutation(len(names))
    shuffled = cluster_classes(
        features[shuffle],
        presence[shuffle],
        [5] * 4,
        clusterer,
        [names[i] for i in shuffle],
        processes=1,
    )
    np.testing.assert_array_equal(assignment_table(shuffled, len(names)), table[shuffle])


@pytest.mark.parametrize('processes', [2, 3])
def test_number_of_processes_does_not_matter(processes):
    features, presence, names = mixture()
    alone = cluster_classes(features, presence, [5, 3, 7, 5], KMeans(), names, processes=1)
    pool = cluster_classes(features, presence, [5, 3, 7, 5], KMeans(), names, processes=processes)
    for one, other in zip(alone, pool):
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.distances, other.distances)


@pytest.mark.parametrize('processes', [1, 2])
def test_classes_with_0_1_and_fewer_images_than_clusters(processes):
    features, _, _ = mixture(images=9)
    presence = np.zeros((9, 3), bool)
    presence[4, 1] = True
    presence[:, 2] = True
    clusters = cluster_classes(features, presence, [10] * 3, KMeans(), processes=processes)
    assert [one.sizes.tolist() for one in clusters] == [[], [1], [1] * 9]
    table = assignment_table(clusters, 9)
    assert (table[:, 0] == -1).all() and table[4, 1] == 0 and sorted(table[:, 2]) == [*range(9)]


def test_clusters_are_numbered_by_size():
    features = np.repeat(np.float32([[5, 0], [0, 5], [-5, 0]]), [2, 7, 4], axis=0)
    (one,) = cluster_classes(features, np.ones((13, 1), bool), [3], KMeans(), processes=1)
    assert one.labels.tolist() == [2] * 2 + [0] * 7 + [1] * 4
    assert one.sizes.tolist() == [7, 4, 2] and one.inertia == 0


def test_half_precision_is_clustered_in_single():
    features, presence, names = mixture()
    half = features.astype(np.float16)
    kept = cluster_classes(half, presence, [4] * 4, KMeans(), names, processes=1)
    wide = cluster_classes(half.astype(np.float32), presence, [4] * 4, KMeans(), names, processes=1)
    for one, other in zip(kept, wide):
        np.testing.assert_array_equal(one.labels, other.labels)


def die(rows, num_clusters, seed):
    os._exit(1)


def test_a_dead_process_is_an_error_with_a_remedy():
    features, presence, _ = mixture()
    with pytest.raises(RuntimeError, match='fewer processes'):
        cluster_classes(features, presence, [3] * 4, die, processes=2)


def test_matched_labels_are_the_best_of_all_renamings():
    rng = np.random.default_rng(0)
    for _ in range(20):
        previous, current = rng.integers(0, 4, 30), rng.integers(0, 4, 30)
        best = max(
            np.mean(np.array(names)[current] == previous)
            for names in itertools.permutations(range(4))
        )
        matched = match_labels(previous, current, 4)
        assert np.mean(matched == previous) == pytest.approx(best)
        assert Agreement.between(current, matched).ari == pytest.approx(1)


def test_agreement_is_that_by_hand():
    previous = np.array([0, 0, 0, 1, 1, 1])
    same = Agreement.between(previous, match_labels(previous, np.array([2, 2, 2, 0, 0, 0]), 3))
    assert (same.nmi, same.ari, same.moved) == (1, 1, 0)
    # One image of six moves: pairs together in both 4, in one 6 and in the other 7, of 15:
    # ARI = (4 - 6·7/15) / ((6 + 7)/2 - 6·7/15).
    moved = Agreement.between(previous, np.array([0, 0, 1, 1, 1, 1]))
    assert moved.moved == pytest.approx(1 / 6)
    assert moved.ari == pytest.approx((4 - 42 / 15) / (6.5 - 42 / 15))
