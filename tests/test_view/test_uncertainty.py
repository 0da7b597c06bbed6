"""How uncertain a mask is."""

import numpy as np
import pytest
import torch

from mmwsss.structures import ResponseMap
from mmwsss.view.uncertainty import mask_uncertainty


def response(scores) -> ResponseMap:
    scores = torch.as_tensor(np.asarray(scores, np.float32))
    return ResponseMap(scores, torch.arange(len(scores)), (8, 8), 'a')


def test_uncertainty_is_the_mean_over_the_foreground_pixel_by_pixel():
    rng = np.random.default_rng(0)
    for _ in range(5):
        scores = rng.random((3, 5, 7), np.float32)
        labels = rng.integers(0, 4, (5, 7), np.uint8)
        gaps = [1 - max(scores[:, y, x]) for y in range(5) for x in range(7) if labels[y, x] > 0]
        assert mask_uncertainty(response(scores), labels) == pytest.approx(np.mean(gaps), abs=1e-6)


def test_a_larger_mask_counts_as_its_pixels_under_the_scores():
    rng = np.random.default_rng(1)
    scores, labels = rng.random((2, 4, 3), np.float32), rng.integers(0, 3, (4, 3), np.uint8)
    large = labels.repeat(5, 0).repeat(7, 1)
    assert mask_uncertainty(response(scores), large) == mask_uncertainty(response(scores), labels)


def test_ends_of_the_scale():
    ones = np.ones((1, 4, 4))
    assert mask_uncertainty(response(ones), np.ones((8, 8), np.uint8)) == 0
    assert mask_uncertainty(response(ones), np.zeros((8, 8), np.uint8)) == 1
    assert mask_uncertainty(response(np.zeros((0, 4, 4))), np.zeros((8, 8), np.uint8)) == 0
