"""First-neighbour clustering (FINCH), a clustering without parameters."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .rows import FeatureRows, group_means


def first_neighbors(features: np.ndarray) -> np.ndarray:
    """Find every row's nearest other row by cosine distance.

    Args:
        features (np.ndarray): Rows, shape (n, D), n >= 2.

    Returns:
        np.ndarray: Index of each row's nearest other row, shape (n,).
    """
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import normalize

    unit = normalize(features)
    # Between unit vectors Euclidean and cosine distance rank alike; the former needs no n×n matrix.
    search = NearestNeighbors(n_neighbors=1, algorithm='brute').fit(unit)
    return search.kneighbors(return_distance=False)[:, 0]


def link_first_neighbors(neighbors: np.ndarray) -> np.ndarray:
    """Find the connected components of the graph that links every row with its first neighbour.

    Two rows that share a first neighbour are linked through it, so that this is the adjacency of
    the paper: j is i's first neighbour, or i is j's, or they share one.

    Args:
        neighbors (np.ndarray): Index of each row's first neighbour, shape (n,).

    Returns:
        np.ndarray: Component of each row, shape (n,), int32.
    """
    n = len(neighbors)
    graph = coo_array((np.ones(n, bool), (np.arange(n), neighbors)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int32)


def first_neighbor_partitions(features: np.ndarray) -> list[np.ndarray]:
    """Make the hierarchy of partitions of FINCH (Sarfraz et al., CVPR 2019), finest first.

    Every row is linked with its first neighbour; connected components are the clusters, and their
    means are linked in turn, until one cluster is left. Each step at least halves the clusters.

    Args:
        features (np.ndarray): Rows, shape (n, D), n >= 1.

    Returns:
        list[np.ndarray]: Labels of every partition, each of shape (n,), int32; the last partition
        is a single cluster.
    """
    labels: np.ndarray = np.arange(len(features), dtype=np.int32)
    partitions = []
    means = features
    while len(means) > 1:
        labels = link_first_neighbors(first_neighbors(means))[labels]
        partitions.append(labels)
        means = group_means(FeatureRows.whole(features), labels, int(labels.max()) + 1)
    return partitions or [labels]
