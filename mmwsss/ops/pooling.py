"""Pooling of features over the cells of class maps."""

import torch
from torch import Tensor


def map_weighted_means(feature: Tensor, maps: Tensor) -> Tensor:
    r"""Average features over the cells of an image, with rectified class maps as weights.

    .. math:: f^c = \frac{\sum_{h,w} \mathrm{ReLU}(M^c)(h,w) \, f(h,w)}
        {\sum_{h,w} \mathrm{ReLU}(M^c)(h,w)}

    Args:
        feature (Tensor): Feature map of an image, shape (D, h, w).
        maps (Tensor): Class maps of K classes, shape (K, h, w). One without a positive cell weighs
            all cells alike.

    Returns:
        Tensor: Mean features of each class, shape (K, D).
    """
    weight = maps.relu().flatten(1)
    empty = weight.amax(1, keepdim=True) == 0
    weight = torch.where(empty, torch.ones_like(weight), weight)
    return (weight / weight.sum(1, keepdim=True)) @ feature.flatten(1).T
