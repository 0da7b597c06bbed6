"""Clusterers, which divide the images of one parent class into sub-categories."""

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from mmwsss.registry import CLUSTERERS

from .finch import first_neighbor_partitions
from .lloyd import leading_projection, lloyd
from .rows import FeatureRows


@dataclass(frozen=True, kw_only=True)
class Clusterer(ABC):
    """Divides rows of features into clusters; the same rows and seed give the same labels.

    Attributes:
        pca (int, optional): Number of principal components to which features are reduced first;
            fewer where there are fewer rows. Defaults to None: the features as they are, as in the
            published code.
        unit_length (bool): Whether to scale every row to length 1 (after the PCA). Defaults to
            False.
    """

    pca: int | None = None
    unit_length: bool = False

    def __post_init__(self) -> None:
        for name in ('pca', 'n_init', 'max_iter', 'batch_size'):
            value = getattr(self, name, None)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ValueError(
                    f'{type(self).__name__}: {name} must be a positive whole number, not {value}'
                )

    def __call__(self, rows: FeatureRows, num_clusters: int, seed: int = 0) -> np.ndarray:
        """Label every row.

        Args:
            rows (FeatureRows): n rows of finite features.
            num_clusters (int): Number of clusters; fewer where there are fewer (distinct) rows.
            seed (int): Seed of every random choice. Defaults to 0.

        Returns:
            np.ndarray: Label of each row, shape (n,), int32, in [0, num_clusters).
        """
        from sklearn.exceptions import ConvergenceWarning

        num_clusters = min(num_clusters, len(rows))
        if num_clusters <= 1:
            return np.zeros(len(rows), np.int32)
        with warnings.catch_warnings():
            # Fewer distinct rows than clusters: the caller sees how many clusters there are.
            warnings.simplefilter('ignore', ConvergenceWarning)
            return self.fit(self._prepare(rows, seed), num_clusters, seed).astype(np.int32)

    @abstractmethod
    def fit(self, rows: FeatureRows, num_clusters: int, seed: int) -> np.ndarray:
        """Label every row, after PCA and scaling.

        Args:
            rows (FeatureRows): n rows.
            num_clusters (int): Number of clusters, 2 <= num_clusters <= n.
            seed (int): Seed of every random choice.

        Returns:
            np.ndarray: Label of each row, shape (n,), in [0, num_clusters).
        """

    def _prepare(self, rows: FeatureRows, seed: int) -> FeatureRows:
        if self.pca is None and not self.unit_length:
            return rows
        from sklearn.decomposition import PCA
        from sklearn.preprocessing import normalize

        features = rows.dense()
        if self.pca is not None:
            components = min(self.pca, *features.shape)
            features = PCA(components, random_state=seed).fit_transform(features)
        return FeatureRows.whole(normalize(features) if self.unit_length else features)


@CLUSTERERS.register_module()
@dataclass(frozen=True, kw_only=True)
class KMeans(Clusterer):
    """K-means (3.2), in two steps that give many starts at little cost.

    First scikit-learn's k-means with all its starts runs on the features' coordinates in their
    leading singular subspace, which is small and holds what separates the clusters. Then Lloyd's
    algorithm goes on from the best start, over the full features, a chunk at a time, until no row
    changes its cluster. Without ``pca`` and ``unit_length`` the features are not copied.

    Attributes:
        n_init (int): Number of starts by k-means++, of which the best is taken. Defaults to 10, as
            scikit-learn had it when the published code called it.
        max_iter (int): Largest number of iterations, of every start and on the full features.
            Defaults to 300.
        reduced_start (bool): False: scikit-learn's k-means runs on the full features and nothing
            follows, as in the published code. Defaults to True.
    """

    n_init: int = 10
    max_iter: int = 300
    reduced_start: bool = True

    def fit(self, rows: FeatureRows, num_clusters: int, seed: int) -> np.ndarray:
        """See :class:`Clusterer`."""
        import sklearn.cluster

        # The means span num_clusters dimensions; a few more, for the approximation.
        dim = num_clusters + 20
        reduce = self.reduced_start and rows.width > dim
        start = leading_projection(rows, dim, seed) if reduce else rows.dense()
        estimator = sklearn.cluster.KMeans(
            num_clusters,
            n_init=self.n_init,
            max_iter=self.max_iter,
            copy_x=False,
            random_state=seed,
        )
        labels = estimator.fit(start).labels_
        return lloyd(rows, without_gaps(labels), self.max_iter) if reduce else labels


@CLUSTERERS.register_module()
@dataclass(frozen=True, kw_only=True)
class MiniBatchKMeans(Clusterer):
    """K-means on random batches, for classes of very many images.

    Attributes:
        n_init (int): Number of starts by k-means++, of which the best is taken. Defaults to 3.
        max_iter (int): Largest number of passes over the rows. Defaults to 100.
        batch_size (int): Number of rows in a batch. Defaults to 1024.
    """

    n_init: int = 3
    max_iter: int = 100
    batch_size: int = 1024

    def fit(self, rows: FeatureRows, num_clusters: int, seed: int) -> np.ndarray:
        """See :class:`Clusterer`."""
        import sklearn.cluster

        estimator = sklearn.cluster.MiniBatchKMeans(
            num_clusters,
            n_init=self.n_init,
            max_iter=self.max_iter,
            batch_size=self.batch_size,
            random_state=seed,
        )
        return estimator.fit(rows.dense()).labels_


@CLUSTERERS.register_module()
@dataclass(frozen=True, kw_only=True)
class SphericalKMeans(KMeans):
    """K-means by cosine similarity: rows and centroids have length 1.

    It starts from the result of :class:`KMeans` on rows of length 1.
    """

    unit_length: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.unit_length:
            raise ValueError('SphericalKMeans needs unit_length=True; else take KMeans')

    def fit(self, rows: FeatureRows, num_clusters: int, seed: int) -> np.ndarray:
        """See :class:`Clusterer`."""
        labels = without_gaps(super().fit(rows, num_clusters, seed))
        return lloyd(rows, labels, self.max_iter, unit_centers=True)


@CLUSTERERS.register_module()
@dataclass(frozen=True, kw_only=True)
class FINCH(Clusterer):
    """First-neighbour clustering, which finds the number of clusters by itself.

    It makes a hierarchy of partitions (Sarfraz et al., CVPR 2019). The finest one with at most
    ``num_clusters`` clusters is taken: the head's number of sub-categories is an upper bound.
    """

    def fit(self, rows: FeatureRows, num_clusters: int, seed: int) -> np.ndarray:
        """See :class:`Clusterer`."""
        partitions = first_neighbor_partitions(rows.dense())
        return next(labels for labels in partitions if labels.max() < num_clusters)


def without_gaps(labels: np.ndarray) -> np.ndarray:
    """Renumber labels as 0, 1, …, in their order.

    Args:
        labels (np.ndarray): Labels, shape (n,), some of which may not occur.

    Returns:
        np.ndarray: Labels without gaps, shape (n,).
    """
    return np.unique(labels, return_inverse=True)[1]
