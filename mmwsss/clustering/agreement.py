"""Agreement of two rounds of clustering."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True)
class Agreement:
    """How far two labellings of the same images agree.

    Attributes:
        nmi (float): Normalised mutual information, in [0, 1].
        ari (float): Adjusted Rand index: 0 for chance, 1 for the same clusters.
        moved (float): Share of the images that have another label, in [0, 1]; meaningful after
            :func:`match_labels`.
    """

    nmi: float
    ari: float
    moved: float

    @classmethod
    def between(cls, previous: np.ndarray, current: np.ndarray) -> 'Agreement':
        """Compare two labellings.

        Args:
            previous (np.ndarray): Labels of the round before, shape (n,), n >= 1.
            current (np.ndarray): Labels of this round, shape (n,).

        Returns:
            Agreement: The agreement.
        """
        from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

        return cls(
            nmi=float(normalized_mutual_info_score(previous, current)),
            ari=float(adjusted_rand_score(previous, current)),
            moved=float(np.mean(previous != current)),
        )


def match_labels(previous: np.ndarray, current: np.ndarray, num_clusters: int) -> np.ndarray:
    """Rename the current labels so that as few images as possible change theirs.

    Args:
        previous (np.ndarray): Labels of the round before, shape (n,), in [0, num_clusters).
        current (np.ndarray): Labels of this round, shape (n,), in [0, num_clusters).
        num_clusters (int): Number of different labels.

    Returns:
        np.ndarray: Renamed labels of this round, shape (n,), int32, in [0, num_clusters).
    """
    shared = np.zeros((num_clusters, num_clusters), np.int64)
    np.add.at(shared, (current, previous), 1)
    _, names = linear_sum_assignment(shared, maximize=True)
    return names[current].astype(np.int32)
