"""Labels of a photo of which a smaller copy was refined."""

import dataclasses

import numpy as np
import pytest

from mmwsss.refinement.refiners import ConfidenceThresholds, ScoredImage

RECTANGLE = np.s_[5:17, 8:26]


@pytest.mark.parametrize('factor', [2, 4.5])
def test_a_label_of_a_larger_photo_has_its_edges_within_a_pixel_of_the_smaller_one(factor):
    scores = np.zeros((2, 22, 31), np.float32)
    scores[1][RECTANGLE] = 1
    scores[0] = 1 - scores[1]
    size = (round(22 * factor), round(31 * factor))
    image = np.zeros((22, 31, 3), np.uint8)
    scored = ScoredImage(image, scores, np.array([3]), 'a', label_size=size)
    labels = scored.labels(ConfidenceThresholds(0.0, 0.0))
    assert labels.shape == size and set(np.unique(labels)) == {0, 4}
    rows, columns = np.flatnonzero(labels.any(1)), np.flatnonzero(labels.any(0))
    edges = np.array([rows[0], rows[-1] + 1, columns[0], columns[-1] + 1])
    assert (np.abs(edges - factor * np.array([5, 17, 8, 26])) <= factor).all()
    inside = labels[rows[0] + 1 : rows[-1], columns[0] + 1 : columns[-1]]  # corners are round
    assert (inside == 4).all()
    confidence = scored.confidence()
    assert confidence.shape == size and confidence.min() >= 0.5 and confidence[0, 0] == 1


def test_a_label_size_of_the_image_changes_nothing():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (22, 31, 3), np.uint8)
    scored = ScoredImage(image, rng.random((3, 6, 8), np.float32), np.array([1, 4]), 'a')
    same = dataclasses.replace(scored, label_size=scored.image.shape[:2])
    thresholds = ConfidenceThresholds(0.5, 0.4)
    np.testing.assert_array_equal(same.labels(thresholds), scored.labels(thresholds))
    np.testing.assert_array_equal(same.confidence(), scored.confidence())
