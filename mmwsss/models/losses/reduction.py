"""Activation and reduction over a batch, which the regularisation losses share."""

from torch import Tensor


def activate(cam: Tensor, activation: str) -> Tensor:
    """Apply an activation to class maps.

    Args:
        cam (Tensor): Class maps of any shape.
        activation (str): 'relu', 'sigmoid' or 'none'.

    Returns:
        Tensor: The activated maps, of the same shape.
    """
    if activation == 'relu':
        return cam.relu()
    return cam.sigmoid() if activation == 'sigmoid' else cam


def reduce_batch(per_image: Tensor, reduction: str) -> Tensor:
    """Reduce the losses of images to one loss.

    Args:
        per_image (Tensor): Losses, shape (N,).
        reduction (str): 'mean' or 'sum'.

    Returns:
        Tensor: A scalar.
    """
    return per_image.mean() if reduction == 'mean' else per_image.sum()
