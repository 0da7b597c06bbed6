"""Clustering of every parent class, in parallel processes."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from .rows import FeatureRows, group_means

ClusterFunction = Callable[[FeatureRows, int, int], np.ndarray]


@dataclass(frozen=True)
class ClassClusters:
    """The sub-categories of one parent class.

    Attributes:
        rows (np.ndarray): Indices of the images of the class, shape (n,), int64.
        labels (np.ndarray): Sub-category of each image, shape (n,), int32.
        distances (np.ndarray): Distance of each image's features to the mean of its sub-category,
            shape (n,), float32.
    """

    rows: np.ndarray
    labels: np.ndarray
    distances: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Number of images in every sub-category, shape (K,)."""
        return np.bincount(self.labels)

    @property
    def inertia(self) -> float:
        """Sum of squared distances to the means, N^c times the objective of (3.2)."""
        return float(np.square(self.distances, dtype=np.float64).sum())


def cluster_classes(
    features: np.ndarray,
    presence: np.ndarray,
    num_clusters: Sequence[int],
    clusterer: ClusterFunction,
    keys: Sequence[str] | None = None,
    seed: int = 0,
    processes: int | None = None,
    places: np.ndarray | None = None,
) -> list[ClassClusters]:
    """Cluster the images of every class apart; an image takes part in each of its classes.

    The result depends neither on the number of processes nor, with ``keys``, on the order of the
    images. The largest cluster of a class is number 0, the next is number 1, and so on. The
    processes are forked, so that they share the features; where the system cannot fork, this
    process works alone.

    Args:
        features (np.ndarray): Features of the images, shape (N, D), or of the P pairs of an image
            and a class, shape (P, D), see ``places``; float16 or float32.
        presence (np.ndarray): Which classes each image shows, shape (N, C), bool.
        num_clusters (Sequence[int]): Largest number K of clusters of each class.
        clusterer (ClusterFunction): Function from n rows, K and a seed to labels of shape (n,).
        keys (Sequence[str], optional): Name of each image.
        seed (int): Seed that the clusterer gets for every class. Defaults to 0.
        processes (int, optional): Number of processes. Defaults to the number of cores that this
            process may use.
        places (np.ndarray, optional): The row of ``features`` of each image and class, shape
            (N, C). Defaults to None: an image has one row, whatever the class.

    Returns:
        list[ClassClusters]: Sub-categories of each class; a class without images has no rows.

    Raises:
        RuntimeError: If a process dies.
    """
    order = np.arange(len(presence)) if keys is None else np.argsort(np.asarray(keys))
    rows = [order[presence[order, c]] for c in range(presence.shape[1])]
    processes = min(processes or available_cores(), len(rows))
    mine = rows if places is None else [places[one, c] for c, one in enumerate(rows)]
    state = (features, rows, mine, tuple(num_clusters), clusterer, seed)
    if processes <= 1 or 'fork' not in multiprocessing.get_all_start_methods():
        with threadpool_limits(1):
            return [_cluster_one(state, c) for c in range(len(rows))]
    context = multiprocessing.get_context('fork')
    with ProcessPoolExecutor(processes, context, _share, (state,)) as pool:
        try:
            # Large classes first, so that no process is left alone with one.
            largest_first = sorted(range(len(rows)), key=lambda c: -len(rows[c]))
            futures = {label: pool.submit(_cluster_shared, label) for label in largest_first}
            return [futures[label].result() for label in range(len(rows))]
        except BrokenProcessPool as error:
            raise RuntimeError(
                'a clustering process died: if memory ran out, take fewer processes'
            ) from error


def available_cores() -> int:
    """Count the cores that this process may use.

    Returns:
        int: Number of cores.
    """
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def assignment_table(clusters: Sequence[ClassClusters], num_images: int) -> np.ndarray:
    """Gather the sub-categories of all classes in a table.

    Args:
        clusters (Sequence[ClassClusters]): Sub-categories of each class.
        num_images (int): Number N of images.

    Returns:
        np.ndarray: Sub-category of each image and class, shape (N, C), int32; -1 where the image
        does not show the class.
    """
    table = np.full((num_images, len(clusters)), -1, np.int32)
    for label, one in enumerate(clusters):
        table[one.rows, label] = one.labels
    return table


def _cluster_one(state: tuple, label: int) -> ClassClusters:
    features, rows, places, num_clusters, clusterer, seed = state
    mine = FeatureRows(features, places[label])
    labels = _by_size(clusterer(mine, num_clusters[label], seed))
    return ClassClusters(rows[label], labels, _distances(mine, labels))


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Renumber clusters by descending size; of equal sizes, the cluster seen first comes first."""
    _, first, inverse, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(counts), np.int32)
    rank[np.lexsort((first, -counts))] = np.arange(len(counts))
    return rank[inverse]


def _distances(rows: FeatureRows, labels: np.ndarray) -> np.ndarray:
    distances = np.empty(len(rows), np.float32)
    means = group_means(rows, labels, int(labels.max(initial=-1)) + 1)
    for place, chunk in rows.chunks():
        distances[place] = np.linalg.norm(chunk - means[labels[place]], axis=1)
    return distances


# Arguments of all classes, in a process of the pool.
_shared: tuple = ()


def _share(state: tuple) -> None:
    """Begin a process of the pool: keep the state that it inherited by the fork."""
    global _shared
    _shared = state
    threadpool_limits(1)  # the processes share the cores


def _cluster_shared(label: int) -> ClassClusters:
    return _cluster_one(_shared, label)
