"""What the regularisation losses share: activation and reduction over a batch."""

from torch import Tensor


def activate(cam: Tensor, activation: str) -> Tensor:
    """Apply 'relu', 'sigmoid' or 'none' to class maps."""
    if activation == 'relu':
        return cam.relu()
    return cam.sigmoid() if activation == 'sigmoid' else cam


def reduce_batch(per_image: Tensor, reduction: str) -> Tensor:
    """Reduce a vector of per-image losses by 'mean' or 'sum'."""
    return per_image.mean() if reduction == 'mean' else per_image.sum()
