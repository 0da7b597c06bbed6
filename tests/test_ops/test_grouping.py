"""Positions with equal keys are grouped in order of first appearance."""

import torch

from mmwsss.ops.grouping import group_indices


def test_positions_of_equal_shapes_are_together_in_order():
    images = [torch.rand(3, *size) for size in [(4, 6), (6, 4), (4, 6), (5, 5), (6, 4)]]
    assert group_indices(image.shape for image in images) == [[0, 2], [1, 4], [3]]


def test_no_images_are_no_groups():
    assert group_indices([]) == []
