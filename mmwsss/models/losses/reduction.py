"""What the regularisation losses share: precision, activation and reduction over a batch."""

from collections.abc import Sequence

import torch
from torch import Tensor


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise ValueError unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise ValueError(f'{name} must be one of {tuple(choices)}, not {value!r}')


def at_least_float32(x: Tensor) -> Tensor:
    """Widen half precision to float32, as sums over pixels need; leave float64."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def activate(cam: Tensor, activation: str) -> Tensor:
    """Apply 'relu', 'sigmoid' or 'none' to class maps."""
    if activation == 'relu':
        return cam.relu()
    return cam.sigmoid() if activation == 'sigmoid' else cam


def reduce_batch(per_image: Tensor, reduction: str) -> Tensor:
    """Reduce a vector of per-image losses by 'mean' or 'sum'."""
    return per_image.mean() if reduction == 'mean' else per_image.sum()
