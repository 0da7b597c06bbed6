"""Differences between rows, seed by seed."""

import json
import math
from pathlib import Path

import pytest

from mmwsss.pipeline.comparison.paired import paired_p_value, paired_table
from mmwsss.pipeline.comparison.rows import Comparison, Row, result_file

SCORES = {'cam.py': (50.0, 52.0, 54.0), 'con.py': (51.0, 54.0, 57.0)}


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    """Results of two methods with three seeds; the threshold with the best mIoU differs."""
    rows = {'CAM': Row('cam.py'), '+ con': Row('con.py')}
    runs = Comparison(rows, (0, 1, 2), {'val': 'val.txt'}, tmp_path)
    for row in rows.values():
        for seed, score in enumerate(SCORES[row.config]):
            curves = dict(threshold=[0.1, 0.2, 0.3], mIoU=[1.0, 2.0, 3.0])
            curves['mIoU'][seed] = score
            file = result_file(runs.folder(row, seed), row, 'val')
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(curves))
    return runs


def student_p_of_two_degrees(t: float) -> float:
    """Two-sided tail of Student's distribution with 2 degrees of freedom, in closed form."""
    return 1 - abs(t) / math.sqrt(2 + t * t)


def test_p_is_students() -> None:
    # Differences 1, 2 and 3: mean 2, sd 1, t = 2 √3.
    expected = student_p_of_two_degrees(2 * math.sqrt(3))
    assert paired_p_value([51, 54, 57], [50, 52, 54]) == pytest.approx(expected)
    assert paired_p_value([50, 52, 54], [51, 54, 57]) == pytest.approx(expected)


def test_what_seeds_share_does_not_count() -> None:
    shared = [0.0, 100.0, -30.0]
    values, reference = ([x + s for x, s in zip(SCORES[n], shared)] for n in ('con.py', 'cam.py'))
    assert paired_p_value(values, reference) == pytest.approx(
        paired_p_value(SCORES['con.py'], SCORES['cam.py'])
    )


@pytest.mark.parametrize('values, reference', [([51], [50]), ([51, 52], [50, 51])])
def test_no_p_where_no_difference_varies(values, reference) -> None:
    assert math.isnan(paired_p_value(values, reference))


def test_table_of_differences(comparison: Comparison) -> None:
    assert paired_table(comparison, 'CAM').splitlines() == [
        '| difference to CAM | val mIoU | val p |',
        '| --- | --- | --- |',
        '| + con | +2.00 ± 1.00 | 0.074 |',
    ]
