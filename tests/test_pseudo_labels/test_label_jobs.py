"""How many processes a job of labels takes, and how it names what failed."""

import os
import socket
from pathlib import Path

import pytest
from PIL import Image

from mmwsss.pseudo_labels import label_jobs
from mmwsss.pseudo_labels.label_jobs import (
    TaggedImage,
    by_size,
    gather_lines,
    usable_workers,
)

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
    monkeypatch.setattr(label_jobs, 'all_gather_object', lambda mine: [mine] * processes)
    assert usable_workers(None, images) == workers


@pytest.mark.parametrize(
    ('others', 'workers'),
    [
        ([(HERE, set(range(8 * i, 8 * i + 8))) for i in range(1, 8)], 8),  # srun: cores of its own
        ([('another', set(range(8)))] * 24, 8),  # other machines
        ([(HERE, set(range(8)))] * 3 + [('another', set(range(8)))] * 4, 2),
        ([(HERE, {0}), (HERE, {8})], 4),
    ],
)
def test_only_processes_that_share_its_cores_count(monkeypatch, others, workers):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(label_jobs, 'all_gather_object', lambda mine: [*others, mine])
    assert usable_workers(None, 10_000) == workers


def test_images_by_size(tmp_path: Path):
    sizes = {'a': (8, 5), 'b': (5, 8), 'c': (8, 5), 'd': (5, 9), 'e': (5, 8)}
    for name, size in sizes.items():
        Image.new('RGB', size).save(tmp_path / f'{name}.png')
    (tmp_path / 'bad.png').write_bytes(b'no image')
    images = [TaggedImage(n, str(tmp_path / f'{n}.png'), (), None) for n in [*sizes, 'bad', 'none']]
    assert ''.join(image.img_id[0] for image in by_size(images)) == 'bnbedac'


@pytest.mark.parametrize('workers', [0, 3])
def test_what_is_asked_for_is_used(workers):
    assert usable_workers(workers, 1) == workers


def test_five_lines_stand_for_all():
    lines = [f'p{index}' for index in reversed(range(7))]
    assert gather_lines(lines) == (7, 'p0\np1\np2\np3\np4\n… and 2 more')
    assert gather_lines(lines[:5]) == (5, 'p2\np3\np4\np5\np6')
    assert gather_lines([]) == (0, '')
