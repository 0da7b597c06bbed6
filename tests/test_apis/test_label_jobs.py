"""How many processes a job of labels takes, and how it names what failed."""

import os

import pytest

from mmwsss.apis import label_jobs
from mmwsss.apis.label_jobs import gather_lines, usable_workers


@pytest.mark.parametrize(
    ('cores', 'processes', 'pictures', 'workers'),
    [
        (1, 1, 10_000, 0),
        (2, 1, 79, 0),  # half of 79 is less than the start costs
        (2, 1, 80, 2),
        (16, 1, 42, 0),
        (16, 1, 43, 16),
        (16, 8, 80, 2),  # each process of the job has two cores
        (4, 4, 10_000, 0),
        (2, 4, 10_000, 0),
    ],
)
def test_pool_is_used_where_it_pays(monkeypatch, cores, processes, pictures, workers):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: set(range(cores)), raising=False)
    monkeypatch.setattr(label_jobs, 'get_dist_info', lambda: (0, processes))
    assert usable_workers(None, pictures) == workers


@pytest.mark.parametrize('workers', [0, 3])
def test_what_is_asked_for_is_used(workers):
    assert usable_workers(workers, 1) == workers


def test_five_lines_stand_for_all():
    lines = [f'p{index}' for index in reversed(range(7))]
    assert gather_lines(lines) == (7, 'p0\np1\np2\np3\np4\n… and 2 more')
    assert gather_lines(lines[:5]) == (5, 'p2\np3\np4\np5\np6')
    assert gather_lines([]) == (0, '')
