"""Arguments of tensor functions: choices and precision."""

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
