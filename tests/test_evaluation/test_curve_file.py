"""Files of scores at every threshold: what is written is read, and where mIoU is best."""

import json
import math

import numpy as np
import pytest

from mmwsss.evaluation.curve_file import best_score, write_curves


def test_best_is_where_miou_is_best():
    curves = dict(threshold=[0.1, 0.2, 0.3], mIoU=[1.0, 3.0, 2.0], recall=[9.0, 8.0, 7.0])
    assert best_score(curves, 'mIoU') == 3.0
    assert best_score(curves, 'threshold') == 0.2 and best_score(curves, 'recall') == 8.0


def test_scores_are_read_as_written(tmp_path):
    path = tmp_path / 'curves.json'
    curves = {'mIoU': np.array([10.5, 60.25, math.nan]), 'F': np.array([1.0, 2.0, 3.0])}
    write_curves(path, [0.1, 0.2, 0.3], curves, {'cow': np.array([math.nan, 4.0, 5.0])})
    assert json.loads(path.read_text()) == {
        'threshold': [0.1, 0.2, 0.3],
        'mIoU': [10.5, 60.25, None],
        'F': [1.0, 2.0, 3.0],
        'IoU': {'cow': [None, 4.0, 5.0]},
    }


def test_thresholds_where_miou_is_not_defined_are_passed_over():
    curves = dict(threshold=[0.1, 0.2, 0.3], mIoU=[None, 2.0, None], recall=[1.0, None, 3.0])
    assert best_score(curves, 'threshold') == 0.2
    with pytest.raises(ValueError, match='recall is None where mIoU is best'):
        best_score(curves, 'recall')
    with pytest.raises(ValueError, match='defined at no threshold'):
        best_score(dict(threshold=[0.1], mIoU=[None]), 'mIoU')


def test_of_equal_scores_the_first_is_best():
    assert best_score(dict(threshold=[0.1, 0.2, 0.3], mIoU=[1.0, 3.0, 3.0]), 'threshold') == 0.2
