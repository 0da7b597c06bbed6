"""How the images of one parent class are divided into sub-categories."""

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import sklearn.cluster
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

from mmwsss.registry import CLUSTERERS

from .finch import first_neighbor_partitions, group_means


@dataclass(frozen=True, kw_only=True)
class Clusterer(ABC):
    """Divides rows of features into clusters; the same rows and seed give the same labels.

    Attributes:
        pca: Reduce features to so many principal components first, fewer where there are fewer
            rows. None (default): as they are, as the published code.
        unit_length: Scale every row to length 1 (after the PCA). Defaults to False.
    """

    pca: int | None = None
    unit_length: bool = False

    def __call__(self, features: np.ndarray, num_clusters: int, seed: int = 0) -> np.ndarray:
        """Label every row.

        Args:
            features: Shape (n, D), finite. The rows may change by rounding.
            num_clusters: How many clusters; fewer where there are fewer (distinct) rows.
            seed: Of every random choice.

        Returns:
            np.ndarray: Shape (n,), int32, in [0, num_clusters).
        """
        num_clusters = min(num_clusters, len(features))
        if num_clusters <= 1:
            return np.zeros(len(features), np.int32)
        with warnings.catch_warnings():
            # Fewer distinct rows than clusters: the caller sees how many clusters there are.
            warnings.simplefilter('ignore', ConvergenceWarning)
            prepared = self._prepare(np.ascontiguousarray(features, np.float32), seed)
            return self.fit(prepared, num_clusters, seed).astype(np.int32)

    @abstractmethod
    def fit(self, features: np.ndarray, num_clusters: int, seed: int) -> np.ndarray:
        """Label every row of prepared float32 features, 2 <= num_clusters <= n."""

    def _prepare(self, features: np.ndarray, seed: int) -> np.ndarray:
        if self.pca is not None:
            components = min(self.pca, *features.shape)
            features = PCA(components, random_state=seed).fit_transform(features)
        return normalize(features) if self.unit_length else features


@CLUSTERERS.register_module()
@dataclass(frozen=True, kw_only=True)
class KMeans(Clusterer):
    """K-means (3.2) of scikit-learn.

    Lloyd's algorithm runs on the full features until no row changes its cluster. Where it starts is
    found in the leading singular subspace, which holds what separates the clusters and is small:
    many starts cost little there.

    Attributes:
        n_init: Starts by k-means++; the best counts. Defaults to 10, as scikit-learn had it when
            the published code called it.
        max_iter: Iterations at most, of every start and on the full features.
        reduced_start: Find the start in the subspace. If False, every start runs on the full
            features.
    """

    n_init: int = 10
    max_iter: int = 300
    reduced_start: bool = True

    def fit(self, features: np.ndarray, num_clusters: int, seed: int) -> np.ndarray:
        """See :class:`Clusterer`."""
        # The means span num_clusters dimensions; a few more, for the approximation.
        dim = num_clusters + 20
        if not self.reduced_start or features.shape[1] <= dim:
            return self._lloyd(features, num_clusters, 'k-means++', self.n_init, seed)
        left, scale, _ = randomized_svd(
            features,
            min(dim, len(features)),
            n_iter=1,
            power_iteration_normalizer='QR',
            random_state=seed,
        )
        start = self._lloyd(left * scale, num_clusters, 'k-means++', self.n_init, seed)
        _, start = np.unique(start, return_inverse=True)
        centers = group_means(features, start)
        return self._lloyd(features, len(centers), centers, 1, seed)

    def _lloyd(
        self,
        features: np.ndarray,
        num_clusters: int,
        init: str | np.ndarray,
        n_init: int,
        seed: int,
    ) -> np.ndarray:
        # tol=0 and copy_x=False: else scikit-learn holds another copy of the features.
        estimator = sklearn.cluster.KMeans(
            num_clusters,
            init=init,
            n_init=n_init,
            max_iter=self.max_iter,
            tol=0,
            copy_x=False,
            random_state=seed,
        )
        return estimator.fit(features).labels_


@CLUSTERERS.register_module()
@dataclass(frozen=True, kw_only=True)
class MiniBatchKMeans(Clusterer):
    """K-means on random batches, for classes of very many images.

    Attributes:
        n_init: Starts by k-means++; the best counts.
        max_iter: Passes over the rows at most.
        batch_size: Rows in a batch.
    """

    n_init: int = 3
    max_iter: int = 100
    batch_size: int = 1024

    def fit(self, features: np.ndarray, num_clusters: int, seed: int) -> np.ndarray:
        """See :class:`Clusterer`."""
        estimator = sklearn.cluster.MiniBatchKMeans(
            num_clusters,
            n_init=self.n_init,
            max_iter=self.max_iter,
            batch_size=self.batch_size,
            random_state=seed,
        )
        return estimator.fit(features).labels_


@CLUSTERERS.register_module()
@dataclass(frozen=True, kw_only=True)
class SphericalKMeans(KMeans):
    """K-means by cosine similarity: rows and centroids have length 1.

    Starts from :class:`KMeans` on rows of length 1.
    """

    unit_length: bool = True

    def __post_init__(self) -> None:
        if not self.unit_length:
            raise ValueError('SphericalKMeans needs unit_length=True; else take KMeans')

    def fit(self, features: np.ndarray, num_clusters: int, seed: int) -> np.ndarray:
        """See :class:`Clusterer`."""
        labels = super().fit(features, num_clusters, seed)
        for _ in range(self.max_iter):
            _, labels = np.unique(labels, return_inverse=True)
            moved = (features @ normalize(group_means(features, labels)).T).argmax(1)
            if np.array_equal(moved, labels):
                break
            labels = moved
        return labels


@CLUSTERERS.register_module()
@dataclass(frozen=True, kw_only=True)
class FINCH(Clusterer):
    """First-neighbour clustering, which finds the number of clusters by itself.

    Of its hierarchy of partitions, the finest with at most ``num_clusters`` clusters is taken: the
    head's number of sub-categories is an upper bound.
    """

    def fit(self, features: np.ndarray, num_clusters: int, seed: int) -> np.ndarray:
        """See :class:`Clusterer`."""
        partitions = first_neighbor_partitions(features)
        return next(labels for labels in partitions if labels.max() < num_clusters)
