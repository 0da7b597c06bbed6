"""K-means in passes over chunks of rows, without a copy of them."""

import numpy as np
from sklearn.preprocessing import normalize

from .rows import FeatureRows, group_sums, one_hot


def leading_projection(rows: FeatureRows, dim: int, seed: int) -> np.ndarray:
    """Coordinates of rows in an approximation of their leading singular subspace.

    One power iteration from random directions (Halko et al., 2011), in two passes.

    Args:
        rows (FeatureRows): n rows of width D.
        dim (int): Of the subspace, at most D.
        seed (int): Of the directions.

    Returns:
        np.ndarray: Shape (n, dim), float32.
    """
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((rows.width, dim), dtype=np.float32)
    image = np.zeros_like(directions)
    for _, chunk in rows.chunks():
        image += chunk.T @ (chunk @ directions)
    basis, _ = np.linalg.qr(image)
    return np.concatenate([chunk @ basis for _, chunk in rows.chunks()])


def lloyd(
    rows: FeatureRows, labels: np.ndarray, max_iter: int, unit_centers: bool = False
) -> np.ndarray:
    """Lloyd's algorithm from given labels until no row changes its cluster.

    Args:
        rows (FeatureRows): n rows.
        labels (np.ndarray): Shape (n,), 0, 1, … without gaps.
        max_iter (int): Iterations at most, one pass each.
        unit_centers (bool): Scale the centers to length 1: spherical k-means, for rows of length 1.

    Returns:
        np.ndarray: Shape (n,).
    """
    count = int(labels.max()) + 1
    sums = group_sums(rows, labels, count)
    means = np.zeros_like(sums)
    for _ in range(max_iter):
        sizes = np.bincount(labels, minlength=count)[:, None].astype(np.float32)
        # A cluster that lost all its rows stays where it was.
        means = np.where(sizes > 0, sums / np.maximum(sizes, 1), means)
        centers = normalize(means) if unit_centers else means
        half_square = np.square(centers).sum(1) / 2
        nearest = np.empty_like(labels)
        sums = np.zeros_like(sums)
        for place, chunk in rows.chunks():
            nearest[place] = (chunk @ centers.T - half_square).argmax(1)
            sums += one_hot(nearest[place], count) @ chunk
        if np.array_equal(nearest, labels):
            break
        labels = nearest
    return labels
