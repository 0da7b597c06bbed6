"""K-means in passes over chunks of rows, without a copy of them."""

import numpy as np

from .rows import FeatureRows, group_sums, one_hot


def leading_projection(rows: FeatureRows, dim: int, seed: int) -> np.ndarray:
    """Compute the coordinates of rows in an approximation of their leading singular subspace.

    One power iteration from random directions (Halko et al., 2011), in two passes over the rows.

    Args:
        rows (FeatureRows): n rows of width D.
        dim (int): Dimension of the subspace, at most D.
        seed (int): Seed of the random directions.

    Returns:
        np.ndarray: Coordinates of the rows, shape (n, dim), float32.
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
    """Run Lloyd's algorithm from given labels until no row changes its cluster.

    Args:
        rows (FeatureRows): n rows.
        labels (np.ndarray): Labels to start from, shape (n,), 0, 1, … without gaps.
        max_iter (int): Largest number of iterations, each of which is a pass over the rows.
        unit_centers (bool): Whether to scale the centres to length 1: spherical k-means, for rows
            of length 1. Defaults to False.

    Returns:
        np.ndarray: Label of each row, shape (n,).
    """
    from sklearn.preprocessing import normalize

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
