import itertools
import os

import pytest

from mmwsss.refinement.process_pool import PictureError, ordered_map


def square(number):
    if number == 13:
        raise ValueError('unlucky')
    return number * number


def die(number):
    if number == 2:
        os._exit(1)
    return number


def test_one_process_keeps_the_order():
    assert list(ordered_map(square, range(5), progress=False)) == [0, 1, 4, 9, 16]


def test_first_failure_is_named_and_stops():
    results = ordered_map(square, [3, 13, 4], name_of='number {}'.format, progress=False)
    assert next(results) == 9
    with pytest.raises(PictureError, match=r'^number 13: ValueError: unlucky$') as caught:
        next(results)
    assert isinstance(caught.value.__cause__, ValueError)
    assert list(results) == []


def test_failure_may_be_returned_in_its_place():
    results = list(ordered_map(square, [3, 13, 4], on_error='return', progress=False))
    assert results[0] == 9
    assert results[2] == 16
    assert results[1].name == '13'
    assert isinstance(results[1].__cause__, ValueError)


def test_endless_items_are_taken_as_needed():
    results = ordered_map(square, itertools.count(), progress=False)
    assert [next(results) for _ in range(4)] == [0, 1, 4, 9]


def test_progress_bar_shows_the_end(capsys):
    list(ordered_map(square, range(3), description='squaring'))
    assert 'squaring' in capsys.readouterr().out


@pytest.mark.parametrize('bad', [{'workers': -1}, {'on_error': 'skip'}])
def test_bad_options_are_errors(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        ordered_map(square, [1], **bad)


@pytest.mark.slow
def test_pool_keeps_the_order_and_survives_a_failure():
    items = [*range(10, 16), *range(3)]
    taken = []
    results = ordered_map(
        square,
        (taken.append(item) or item for item in itertools.chain(items, itertools.count(20))),
        workers=2,
        on_error='return',
        progress=False,
    )
    first = [next(results) for _ in items]
    results.close()
    assert first[3].name == '13'
    assert isinstance(first[3].__cause__, ValueError)
    assert [r for r in first if not isinstance(r, PictureError)] == [
        item * item for item in items if item != 13
    ]
    assert len(taken) <= len(items) + 8


@pytest.mark.slow
def test_dead_worker_is_told_with_a_remedy():
    with pytest.raises(PictureError, match=r'^\d: a worker process died.*take fewer workers$'):
        list(ordered_map(die, range(8), workers=1, progress=False))
