"""Pooling of features over the cells of class maps."""

from collections.abc import Iterable

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


def present_class_means(
    features: Iterable[Tensor], maps: Iterable[Tensor], present: Iterable[Tensor]
) -> list[Tensor]:
    """Average the features of each image over the maps of its classes.

    Args:
        features (Iterable[Tensor]): Feature map of each image, shape (D, h, w).
        maps (Iterable[Tensor]): Class maps of each image, shape (C, h, w).
        present (Iterable[Tensor]): Which classes each image shows, shape (C,), bool.

    Returns:
        list[Tensor]: Of each image the mean features of the K classes that it shows, ascending,
        shape (K, D), float32: see :func:`map_weighted_means`.
    """
    return [
        map_weighted_means(feature.float(), of_image[classes])
        for feature, of_image, classes in zip(features, maps, present)
    ]
