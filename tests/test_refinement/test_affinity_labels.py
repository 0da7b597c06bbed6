import numpy as np
import pytest

from mmwsss.refinement.affinity_labels import AffinityLabelParams, affinity_labels
from mmwsss.refinement.background import Background
from mmwsss.refinement.crf_settings import CRF_SETTINGS
from mmwsss.refinement.dense_crf import dense_crf

CLASSES = np.array([2, 7])


def make_scores(height: int = 9, width: int = 11) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return image, rng.random((2, height, width), np.float32)


def test_labels_without_crf_are_those_of_a_loop() -> None:
    image, scores = make_scores()
    labels = affinity_labels(image, scores, CLASSES, AffinityLabelParams(crf=None))
    for y, x in np.ndindex(labels.shape):
        highest = scores[:, y, x].max()
        name = CLASSES[scores[:, y, x].argmax()] + 1
        if (1 - highest) ** 32 >= highest:
            expected = 0
        elif (1 - highest) ** 4 >= highest:
            expected = 255
        else:
            expected = name
        assert labels[y, x] == expected
    assert labels.dtype == np.uint8
    assert set(np.unique(labels)) == {0, 3, 8, 255}


def test_labels_follow_two_crfs() -> None:
    image, scores = make_scores()
    labels = affinity_labels(image, scores, CLASSES)
    winners = []
    for alpha in (4, 32):
        background = (1 - scores.max(0)) ** alpha
        refined = dense_crf(
            image, np.concatenate([background[None], scores]), CRF_SETTINGS['affinity_label']
        )
        winners.append(refined.argmax(0))
    expected = np.array([255, 3, 8])[winners[0]]
    expected[winners[1] == 0] = 0
    np.testing.assert_array_equal(labels, expected)


def test_constant_backgrounds_are_thresholds() -> None:
    """IRN: foreground above 0.30, background below 0.05."""
    image, scores = make_scores()
    params = AffinityLabelParams(Background(constant=0.3), Background(constant=0.05), crf=None)
    labels = affinity_labels(image, scores, CLASSES, params)
    highest = scores.max(0)
    np.testing.assert_array_equal(labels == 0, highest <= 0.05)
    np.testing.assert_array_equal(labels == 255, (highest > 0.05) & (highest <= 0.3))


def test_a_image_without_classes_is_background() -> None:
    image, scores = make_scores()
    assert not affinity_labels(image, scores[:0], CLASSES[:0]).any()


def test_a_class_that_does_not_fit() -> None:
    image, scores = make_scores()
    with pytest.raises(ValueError, match='class index 254'):
        affinity_labels(image, scores, np.array([1, 254]))
