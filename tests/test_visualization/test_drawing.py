"""Colours of labels and scores."""

import matplotlib
import numpy as np
import pytest

from mmwsss.visualization import color_labels, color_scores, label_legend, overlay_scores


def test_labels_take_voc_colours():
    labels = np.array([[0, 1, 2], [15, 20, 255]], np.uint8)
    expected = [  # from the VOC devkit
        [[0, 0, 0], [128, 0, 0], [0, 128, 0]],
        [[192, 128, 128], [0, 64, 128], [224, 224, 192]],
    ]
    assert color_labels(labels).tolist() == expected


def test_palette_of_the_foreground_classes():
    labels = np.array([[0, 1, 2, 3, 255]], np.uint8)
    found = color_labels(labels, [(1, 2, 3), (4, 5, 6)])
    assert found.tolist() == [[[0, 0, 0], [1, 2, 3], [4, 5, 6], [128, 128, 0], [224, 224, 192]]]


def test_legend_lists_what_is_there():
    names = ('cat', 'dog', 'cow')
    assert label_legend(names, np.array([[0, 3, 3]], np.uint8)) == {'cow': (128, 128, 0)}
    stack = np.array([[[0, 1]], [[2, 255]]], np.uint8)
    assert label_legend(names, stack, [(9, 9, 9)]) == {
        'cat': (9, 9, 9),
        'dog': (0, 128, 0),
        'ignored': (224, 224, 192),
    }


@pytest.mark.parametrize('name', ['jet', 'viridis'])
def test_heat_map_is_the_colormap(name):
    scores = np.linspace(0, 1, 256).reshape(16, 16)
    expected = matplotlib.colormaps[name](np.arange(256))[:, :3].reshape(16, 16, 3) * 255
    found = color_scores(scores, name)
    assert found.dtype == np.uint8
    assert abs(found - expected).max() <= 1


def test_overlay_is_the_weighted_mean():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    scores = rng.random((5, 6), dtype=np.float32)
    np.testing.assert_array_equal(overlay_scores(image, scores, 0), image)
    np.testing.assert_array_equal(overlay_scores(image, scores, 1), color_scores(scores))
    mean = 0.7 * image.astype(float) + 0.3 * color_scores(scores)
    assert abs(overlay_scores(image, scores, 0.3) - mean).max() <= 0.5 + 1e-6


def test_overlay_refuses_other_sizes():
    with pytest.raises(ValueError, match='heat map'):
        overlay_scores(np.zeros((5, 6, 3), np.uint8), np.zeros((6, 5)))
