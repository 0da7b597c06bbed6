"""Checks and conversions of the arguments of tensor functions."""

from collections.abc import Sequence

import torch
from torch import Tensor


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Check that an argument has one of the values that are allowed.

    Args:
        name (str): Name of the argument, for the message.
        value (str): Its value.
        choices (Sequence[str]): The allowed values.

    Raises:
        ValueError: If the value is another one.
    """
    if value not in choices:
        raise ValueError(f'{name} must be one of {tuple(choices)}, not {value!r}')


def at_least_float32(x: Tensor) -> Tensor:
    """Widen half precision to float32, which sums over pixels need, and keep float64.

    Args:
        x (Tensor): A floating-point tensor.

    Returns:
        Tensor: The tensor in float32 or wider.
    """
    return x.to(torch.promote_types(x.dtype, torch.float32))
