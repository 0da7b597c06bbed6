"""The score of the background, for which a classifier has no response map."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Background:
    """How the background score of a pixel is computed; give either ``alpha`` or ``constant``.

    Attributes:
        alpha (float, optional): The score is ``(1 - max over classes) ** alpha`` (PSA). The higher
            alpha, the lower the score and the fewer pixels become background.
        constant (float, optional): The score is this value in [0, 1] everywhere (IRN), which acts
            as a threshold on the response maps.

    Raises:
        ValueError: If both or none is given, or the value is impossible.
    """

    alpha: float | None = None
    constant: float | None = None

    def __post_init__(self) -> None:
        if (self.alpha is None) == (self.constant is None):
            raise ValueError('background: give either alpha or constant')
        if self.alpha is not None and not self.alpha > 0:
            raise ValueError(f'background: alpha must be positive, not {self.alpha}')
        if self.constant is not None and not 0 <= self.constant <= 1:
            raise ValueError(f'background: constant must lie in [0, 1], not {self.constant}')

    def add(self, scores: np.ndarray) -> np.ndarray:
        """Put the background's score map before those of the classes.

        Args:
            scores (np.ndarray): Response maps of the present classes, shape (K, h, w), floating
                point, in [0, 1].

        Returns:
            np.ndarray: Shape (1 + K, h, w), of the same dtype.
        """
        if self.alpha is None:
            score = np.full(scores.shape[1:], self.constant, scores.dtype)
        else:
            strongest = (
                scores.max(0) if len(scores) else np.zeros_like(scores, shape=scores.shape[1:])
            )
            score = (1 - strongest) ** self.alpha
        return np.concatenate([score[None], scores])
