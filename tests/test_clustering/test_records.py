"""Files of a round of sub-categories: what is written is read back, what is foreign is refused."""

import numpy as np
import pytest

from mmwsss.clustering import ClassClusters
from mmwsss.clustering.records import Member, read_round, write_round
from mmwsss.clustering.summary import summarize
from mmwsss.structures import DataError
from mmwsss.structures.tables import write_csv

NAMES = ('cow', 'wild, "dog"', 'Kühe')
IMG_IDS = ('a', 'b c', 'd/e', 'f,g')


def clusters_of(*classes):
    """Clusters of each class, from (image, sub-category, distance) of its images."""
    return [
        ClassClusters(
            np.array([image for image, _, _ in one], np.int64),
            np.array([label for _, label, _ in one], np.int32),
            np.array([distance for _, _, distance in one], np.float32),
        )
        for one in classes
    ]


@pytest.fixture
def work_dir(tmp_path):
    clusters = clusters_of([(0, 0, 0.5), (1, 1, 0.25), (2, 0, 0.125)], [(3, 0, 2.0), (0, 1, 0)], [])
    summary = dict(round=2) | summarize(clusters, NAMES, None)
    write_round(tmp_path, 2, summary, clusters, NAMES, IMG_IDS)
    return tmp_path


def test_what_is_written_is_read_back(work_dir):
    found = read_round(work_dir, 2)
    assert found.number == 2
    assert found.members == {
        'cow': [Member('a', 0, 0.5), Member('b c', 1, 0.25), Member('d/e', 0, 0.125)],
        'wild, "dog"': [Member('f,g', 0, 2.0), Member('a', 1, 0.0)],
        'Kühe': [],
    }
    assert found.statistics['cow']['sizes'] == [2, 1] and found.statistics['Kühe']['images'] == 0
    assert [one.img_id for one in found.cluster('cow', 0)] == ['d/e', 'a'], 'the nearest first'


def test_co_occurring_classes_are_counted_in_the_sub_category_alone(work_dir):
    found = read_round(work_dir, 2)
    assert found.co_occurring_classes('cow', 0) == {'wild, "dog"': 1}
    assert found.co_occurring_classes('cow', 1) == {}
    assert found.co_occurring_classes('wild, "dog"', 1) == {'cow': 1}


def test_round_without_images_has_a_header(tmp_path):
    clusters = clusters_of([], [], [])
    write_round(tmp_path, 0, summarize(clusters, NAMES, None), clusters, NAMES, IMG_IDS)
    assert read_round(tmp_path, 0).members == {name: [] for name in NAMES}


def test_csv_without_rows_needs_columns(tmp_path):
    write_csv(tmp_path / 'empty.csv', [], ('a', 'b'))
    assert (tmp_path / 'empty.csv').read_text() == 'a,b\n'


@pytest.mark.parametrize('line', ['x,cow,0', 'x,cat,0,1', 'x,cow,zero,1', 'x,cow,0,1,2'])
def test_faulty_line_is_named(work_dir, line):
    file = work_dir / 'sub_categories/round_2.csv'
    file.write_text(f'img_id,class,subcategory,distance\na,cow,0,1\n{line}\n')
    with pytest.raises(DataError, match=r'round_2\.csv:3: expected img_id,class'):
        read_round(work_dir, 2)


def test_foreign_file_is_refused(work_dir):
    (work_dir / 'sub_categories/round_2.csv').write_text('')
    with pytest.raises(DataError, match=r'round_2\.csv:1: the header'):
        read_round(work_dir, 2)


@pytest.mark.parametrize('content', [b'\xff', b'img_id,class,subcategory,distance\na,"\xff",0,1\n'])
def test_damaged_file_is_named(work_dir, content):
    (work_dir / 'sub_categories/round_2.csv').write_bytes(content)
    with pytest.raises(DataError, match=r'round_2\.csv: damaged .*; name another round'):
        read_round(work_dir, 2)
