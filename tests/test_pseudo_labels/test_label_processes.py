"""Processes for making labels: how many there are, and how they gather failures."""

import os
import socket

import pytest

from mmwsss.pseudo_labels import processes as module
from mmwsss.pseudo_labels.processes import gather_lines, pool_size

HERE = socket.gethostname()


@pytest.mark.parametrize(
    ('cores', 'processes', 'images', 'workers'),
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
def test_pool_is_used_where_it_pays(monkeypatch, cores, processes, images, workers):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: set(range(cores)), raising=False)
    monkeypatch.setattr(module, 'all_gather_object', lambda mine: [mine] * processes)
    assert pool_size(None, images) == workers


@pytest.mark.parametrize(
    ('others', 'workers'),
    [
        ([(HERE, set(range(8 * i, 8 * i + 8))) for i in range(1, 8)], 8),  # srun: cores of its own
        ([('another', set(range(8)))] * 24, 8),  # other machines
        ([(HERE, set(range(8)))] * 3 + [('another', set(range(8)))] * 4, 2),
        ([(HERE, {0}), (HERE, {8})], 4),
    ],
)
def test_cores_are_divided_among_processes_that_share_them(monkeypatch, others, workers):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(module, 'all_gather_object', lambda mine: [*others, mine])
    assert pool_size(None, 10_000) == workers


@pytest.mark.parametrize('workers', [0, 3])
def test_number_that_the_user_asks_for_is_used(workers):
    assert pool_size(workers, 1) == workers


def test_only_the_first_five_lines_are_shown():
    lines = [f'p{index}' for index in reversed(range(7))]
    assert gather_lines(lines) == (7, 'p0\np1\np2\np3\np4\n… and 2 more')
    assert gather_lines(lines[:5]) == (5, 'p2\np3\np4\np5\np6')
    assert gather_lines([]) == (0, '')
