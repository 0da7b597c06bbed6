"""How far two rounds of clustering agree."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score


@dataclass(frozen=True)
class Agreement:
    """Of two labellings of the same images.

    Attributes:
        nmi: Normalised mutual information, in [0, 1].
        ari: Adjusted Rand index, 0 for chance, 1 for the same clusters.
        moved: Share of images whose label differs; meaningful after :func:`match_labels`.
    """

    nmi: float
    ari: float
    moved: float

    @classmethod
    def of(cls, previous: np.ndarray, current: np.ndarray) -> 'Agreement':
        """Compare two labellings, each (n,), n >= 1."""
        return cls(
            nmi=float(normalized_mutual_info_score(previous, current)),
            ari=float(adjusted_rand_score(previous, current)),
            moved=float(np.mean(previous != current)),
        )


def match_labels(previous: np.ndarray, current: np.ndarray, num_clusters: int) -> np.ndarray:
    """Rename the current labels so that as few images as possible change theirs.

    Args:
        previous (np.ndarray): Shape (n,), in [0, num_clusters).
        current (np.ndarray): Shape (n,), in [0, num_clusters).
        num_clusters (int): Labels that there are.

    Returns:
        np.ndarray: The renamed labels, shape (n,), int32, in [0, num_clusters).
    """
    shared = np.zeros((num_clusters, num_clusters), np.int64)
    np.add.at(shared, (current, previous), 1)
    _, names = linear_sum_assignment(shared, maximize=True)
    return names[current].astype(np.int32)
