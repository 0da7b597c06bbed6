import numpy as np
import pytest

from mmwsss.evaluation.label_scores import LabelScores, label_confusion, score_rows

CLASSES = 3


def make_maps() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels, truth = (rng.choice([0, 1, 2, 255], (20, 30)).astype(np.uint8) for _ in range(2))
    return labels, truth


def test_confusion_is_that_of_a_loop() -> None:
    labels, truth = make_maps()
    expected = np.zeros((CLASSES + 1, CLASSES + 2), np.int64)
    for label, true in zip(labels.flat, truth.flat):
        if true != 255:
            expected[true, CLASSES + 1 if label == 255 else label] += 1
    np.testing.assert_array_equal(label_confusion(labels, truth, CLASSES), expected)


def test_scores_are_those_of_sets_of_pixels() -> None:
    labels, truth = make_maps()
    scores = LabelScores.from_confusion(label_confusion(labels, truth, CLASSES))
    counts = truth != 255
    labelled = counts & (labels != 255)
    for value in range(3):
        given, true = counts & (labels == value), counts & (truth == value)
        hit = (given & true).sum()
        assert scores.iou[value] == pytest.approx(100 * hit / (given | true).sum())
        assert scores.precision[value] == pytest.approx(100 * hit / given.sum())
        assert scores.recall[value] == pytest.approx(100 * hit / true.sum())
        covered = (true & labelled).sum()
        assert scores.coverage[value] == pytest.approx(100 * covered / true.sum())
    for column in scores.columns().values():
        assert np.isnan(column[3])  # neither true nor given
    assert scores.total_coverage == pytest.approx(100 * labelled.sum() / counts.sum())
    right = (labelled & (labels == truth)).sum()
    assert scores.accuracy == pytest.approx(100 * right / labelled.sum())


def test_rows_have_a_mean_without_undefined_scores() -> None:
    rows = score_rows(['a', 'b'], {'IoU': np.array([50.0, np.nan, 100.0])})
    assert [row['class'] for row in rows] == ['background', 'a', 'b', 'mean']
    assert [row['IoU'] for row in rows] == [50.0, None, 100.0, 75.0]


def test_maps_that_do_not_fit() -> None:
    labels, truth = make_maps()
    with pytest.raises(ValueError, match=r'mask of \(20, 29\)'):
        label_confusion(labels, truth[:, 1:], CLASSES)
    for maps in ((labels + 4 * (labels == 2), truth), (labels, truth + 4 * (truth == 2))):
        with pytest.raises(ValueError, match='value above 3'):
            label_confusion(*(m.astype(np.uint8) for m in maps), CLASSES)
