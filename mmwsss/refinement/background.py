"""A score for the background, which no classifier gives."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Background:
    """Background score of a pixel, from the response maps of the present classes.

    Attributes:
        alpha: the score is ``(1 - max over classes) ** alpha`` (PSA); the higher, the less
            background.
        constant: or it is this everywhere (IRN): a threshold on the response.
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
        """Put the background before the classes.

        Args:
            scores: float (K, h, w) in [0, 1], response maps of the present classes.

        Returns:
            float (1 + K, h, w), the background first.
        """
        if self.constant is not None:
            score = np.full(scores.shape[1:], self.constant, scores.dtype)
        else:
            strongest = (
                scores.max(0) if len(scores) else np.zeros_like(scores, shape=scores.shape[1:])
            )
            score = (1 - strongest) ** self.alpha
        return np.concatenate([score[None], scores])
