"""The benchmark's two ways of labelling mean the same thing."""

import importlib.util

import numpy as np
import pytest
from repo import TOOLS

TOOL = TOOLS / 'benchmarks' / 'subcategory_labels.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('benchmark_subcategory_labels', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data(tool, tmp_path):
    tags = [('cat',), ('cat', 'dog'), ('dog',), ('cat', 'cow'), ('cow',)] * 12
    lines = [f'image{index:03} {" ".join(names)}' for index, names in enumerate(tags)]
    (tmp_path / 'labels.txt').write_text('\n'.join(lines) + '\n')
    return tool.read_presence(str(tmp_path / 'labels.txt'))


def test_labels_are_read(data):
    names, presence = data
    assert names[:2] == ['image000', 'image001']
    assert presence[:5].astype(int).tolist() == [
        [1, 0, 0],
        [1, 0, 1],
        [0, 0, 1],
        [1, 1, 0],
        [0, 1, 0],
    ]  # fmt: skip; classes are sorted: cat, cow, dog


def test_both_ways_find_the_same_sub_categories(tool, data):
    names, presence = data
    # Three far groups of images, so that every class has the same three clusters.
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, len(names))
    features = 9 * np.eye(3, 64)[group] + rng.standard_normal((len(names), 64)) / 10
    features = features.astype(np.float32)
    theirs = tool.published(features, presence, names, 3, 1)
    mine = tool.ours(features, presence, names, 3, 1)
    for labels in (theirs, mine):
        assert labels.shape == (60, 9)
        # one sub-category of every parent, none of an absent one
        np.testing.assert_array_equal(labels.reshape(60, 3, 3).sum(2), presence)
        for column in labels.T:
            assert len(set(group[column == 1])) == 1
    assert tool.objective(features, mine) == pytest.approx(tool.objective(features, theirs))


def test_features_are_rectified_and_the_same_every_time(tool, data):
    features = tool.draw_features(data[1], 32, 4)
    assert features.shape == (60, 32) and features.dtype == np.float32 and features.min() == 0
    np.testing.assert_array_equal(tool.draw_features(data[1], 32, 4), features)
