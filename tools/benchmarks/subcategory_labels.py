"""Compare the making of sub-category labels with the published procedure: time, memory, objective.

Features are drawn from a mixture for the images and classes of a real label file; every method runs
in a process of its own and makes multi-hot labels (images, classes × K):

- published: scikit-learn's KMeans class after class, then a loop over all pairs of image-class
  pairs that merges the labels of each image. Once with 10 starts of k-means, scikit-learn's default
  when that code was published, once with 1 start, its default since version 1.4.
- ours: mmwsss.clustering.cluster_classes with its default clusterer.

Memory is the peak of data pages during the labelling, features included, over the size of the
features; pages that processes share count once.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.progress import track
from sklearn.cluster import KMeans as SklearnKMeans

from mmwsss.analysis.peak_memory import PeakMemory
from mmwsss.clustering import KMeans, assignment_table, cluster_classes
from mmwsss.datasets.labels import read_label_file


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--labels', required=True, help='label file (.txt, .csv or .json)')
    parser.add_argument('--dim', type=int, default=4096, help='of the features')
    parser.add_argument('--clusters', type=int, default=10, help='K')
    parser.add_argument('--processes', type=int, help='of ours; default: the available cores')
    parser.add_argument('--method', choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument('--output', type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def read_presence(path: str) -> tuple[list[str], np.ndarray]:
    """Read which classes the images of a label file show.

    Args:
        path (str): The label file.

    Returns:
        tuple[list[str], np.ndarray]: Names of the images, and the classes that each shows, shape
        (N, C), bool.
    """
    tags = read_label_file(path).tags
    classes = sorted({name for one in tags.values() for name in one.names})
    presence = [[name in one.names for name in classes] for one in tags.values()]
    return list(tags), np.array(presence)


def draw_features(presence: np.ndarray, dim: int, clusters: int) -> np.ndarray:
    """Draw features: the mean of a rectified center of each class of an image, plus noise.

    Args:
        presence (np.ndarray): Classes that each image shows, one at least, shape (N, C), bool.
        dim (int): Width D of the features.
        clusters (int): Number of centers of a class.

    Returns:
        np.ndarray: Features, shape (N, D), float32, not negative, as after a ReLU.
    """
    rng = np.random.default_rng(0)
    shape = (presence.shape[1], clusters, dim)
    centers = np.maximum(rng.standard_normal(shape, dtype=np.float32), 0) / 2
    features = np.empty((len(presence), dim), np.float32)
    for row, present in zip(features, presence):
        classes = np.flatnonzero(present)
        center = centers[classes, rng.integers(0, clusters, len(classes))].mean(0)
        row[:] = np.maximum(center + rng.standard_normal(dim, dtype=np.float32) / 2, 0)
    return features


def published(
    features: np.ndarray, presence: np.ndarray, names: list[str], clusters: int, n_init: int
) -> np.ndarray:
    """Label as published: serial k-means, then a quadratic merge.

    Args:
        features (np.ndarray): Features, shape (N, D), float32.
        presence (np.ndarray): Classes that each image shows, shape (N, C), bool.
        names (list[str]): Names of the images.
        clusters (int): Number K of sub-categories of a class.
        n_init (int): Starts of k-means.

    Returns:
        np.ndarray: Multi-hot labels, shape (N, C × K), uint8.
    """
    pairs, pair_labels = [], []
    for label in range(presence.shape[1]):
        rows = np.flatnonzero(presence[:, label])
        kmeans = SklearnKMeans(clusters, n_init=n_init, max_iter=300, random_state=0)
        found = kmeans.fit(features[rows]).labels_
        for row, sub in zip(rows, found):
            pairs.append(names[row])
            pair_labels.append(label * clusters + sub)
    merged = {}
    for name in pairs:
        subs = []
        for position, other in enumerate(pairs):
            if other == name:
                subs.append(pair_labels[position])
        merged[name] = subs
    labels = np.zeros((len(names), presence.shape[1] * clusters), np.uint8)
    for row, name in enumerate(names):
        labels[row, merged[name]] = 1
    return labels


def ours(
    features: np.ndarray,
    presence: np.ndarray,
    names: list[str],
    clusters: int,
    processes: int | None,
) -> np.ndarray:
    """Label as this package does.

    Args:
        features (np.ndarray): Features, shape (N, D), float32.
        presence (np.ndarray): Classes that each image shows, shape (N, C), bool.
        names (list[str]): Names of the images.
        clusters (int): Number K of sub-categories of a class.
        processes (int, optional): Processes that cluster. None: the available cores.

    Returns:
        np.ndarray: Multi-hot labels, shape (N, C × K), uint8.
    """
    found = cluster_classes(
        features, presence, [clusters] * presence.shape[1], KMeans(), names, processes=processes
    )
    table = assignment_table(found, len(names))
    rows, classes = np.nonzero(table >= 0)
    labels = np.zeros((len(names), presence.shape[1] * clusters), np.uint8)
    labels[rows, classes * clusters + table[rows, classes]] = 1
    return labels


METHODS: dict[str, Callable[..., np.ndarray]] = {
    'published, 10 starts': lambda *data, args: published(*data, args.clusters, 10),
    'published, 1 start': lambda *data, args: published(*data, args.clusters, 1),
    'ours': lambda *data, args: ours(*data, args.clusters, args.processes),
}


def objective(features: np.ndarray, labels: np.ndarray) -> float:
    """Compute the objective (3.2), times N.

    Args:
        features (np.ndarray): Features, shape (N, D), float32.
        labels (np.ndarray): Multi-hot labels, shape (N, C × K), uint8.

    Returns:
        float: Sum over all sub-categories of the squared distances to their means.
    """
    total = 0.0
    for column in labels.T:
        mine = features[column == 1].astype(np.float64)
        if len(mine):
            total += np.square(mine - mine.mean(0)).sum()
    return total


def processor_seconds() -> float:
    """Sum up the processor time of this process and the children that have ended.

    Returns:
        float: Seconds.
    """
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(args: argparse.Namespace) -> None:
    """Run one method in this process; write its figures.

    Args:
        args (argparse.Namespace): The command line, with ``method`` and ``output``.
    """
    names, presence = read_presence(args.labels)
    features = draw_features(presence, args.dim, args.clusters)
    with PeakMemory() as memory:
        wall, cpu = time.perf_counter(), processor_seconds()
        labels = METHODS[args.method](features, presence, names, args=args)
        wall = time.perf_counter() - wall
    cpu = processor_seconds() - cpu - memory.seconds
    figures = dict(
        wall=wall,
        cpu=cpu,
        memory=1 + memory.added_bytes / features.nbytes,
        objective=objective(features, labels),
        images=len(names),
        pairs=int(presence.sum()),
        classes=presence.shape[1],
        megabytes=features.nbytes / 1e6,
    )
    args.output.write_text(json.dumps(figures))


def main() -> None:
    """Measure every method in a fresh process and print the table."""
    args = parse_args()
    if args.method:
        measure(args)
        return
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, 'figures.json')
        for method in track(METHODS, 'methods'):
            command = [sys.executable, *sys.argv, '--method', method, '--output', str(output)]
            subprocess.run(command, check=True)
            figures[method] = json.loads(output.read_text())
    own = figures['ours']
    print(
        f'{own["images"]} images, {own["pairs"]} image-class pairs, {own["classes"]} classes, '
        f'K = {args.clusters}, {args.dim}-d features of {own["megabytes"]:.0f} MB, '
        f'{len(os.sched_getaffinity(0))} cores'
    )
    print('| method | wall | ours faster | processor | ours less | memory / features | objective |')
    print('| --- | --- | --- | --- | --- | --- | --- |')
    for method, row in figures.items():
        print(
            f'| {method} | {row["wall"]:.2f} s | {row["wall"] / own["wall"]:.1f} x '
            f'| {row["cpu"]:.2f} s | {row["cpu"] / own["cpu"]:.1f} x | {row["memory"]:.2f} '
            f'| {row["objective"] / figures["published, 10 starts"]["objective"]:.4f} |'
        )


if __name__ == '__main__':
    main()
