"""Mixup (2.2) where labels are maps, which cannot be mixed themselves."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from .mixing import Mix

Losses = dict[str, Tensor]


def mixed_loss(
    network: Callable[[Tensor], Callable[[Sequence[Any]], Losses]],
    inputs: Tensor,
    data_samples: Sequence[Any],
    alpha: float | None,
) -> Losses:
    r"""Compute the losses of a batch in which every image is mixed with another one.

    The losses of both images' labels are mixed as the images are. For a classifier, whose
    cross-entropy is linear in the label, that is the loss of the mixed label:

    .. math:: \lambda L(x', y_a) + (1 - \lambda) L(x', y_b), \qquad
        x' = \lambda x_a + (1 - \lambda) x_b, \quad \lambda \sim Beta(\alpha, \alpha)

    Args:
        network (Callable): Takes images, shape (N, 3, H, W), runs the network on them, and returns
            a function from the samples with the labels to the losses.
        inputs (Tensor): Normalised images, shape (N, 3, H, W).
        data_samples (Sequence[Any]): Their samples, N.
        alpha (float, optional): α; None: nothing is mixed.

    Returns:
        dict[str, Tensor]: The losses by name.
    """
    if alpha is None:
        return network(inputs)(data_samples)
    mix = Mix.draw(alpha, len(data_samples))
    losses = network(mix(inputs))
    ours, theirs = losses(data_samples), losses([data_samples[i] for i in mix.other.tolist()])
    return {
        name: mix.share * value + (1 - mix.share) * theirs[name] for name, value in ours.items()
    }


def check_alpha(alpha: float | None) -> float | None:
    """Check α of mixup.

    Args:
        alpha (float, optional): α.

    Returns:
        float | None: α.

    Raises:
        ValueError: If it is not positive.
    """
    if alpha is not None and alpha <= 0:
        raise ValueError(f'mixup_alpha must be positive, or None for no mixup, not {alpha}')
    return alpha
