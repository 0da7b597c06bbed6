import os
import time

import pytest

from mmwsss.ordered_queue import OrderedQueue
from mmwsss.worker_processes import ImageError


def square(number: int) -> int:
    time.sleep(0.05 * (number % 3 == 0))  # results are ready out of order
    if number == 13:
        raise ValueError('unlucky')
    return number * number


def die(number: int) -> int:
    os._exit(1)


def run(queue: OrderedQueue, items) -> tuple[list[int], int]:
    """All results, and how many items ever waited at once."""
    results, most = [], 0
    for count, item in enumerate(items, 1):
        results += queue.put(item)
        most = max(most, count - len(results))
    return results + queue.drain(), most


@pytest.mark.parametrize('workers', [0, pytest.param(2, marks=pytest.mark.slow)])
def test_results_come_in_order_and_items_do_not_pile_up(workers):
    queue = OrderedQueue(square, workers)
    for _ in range(2):  # again after the processes have ended
        results, most = run(queue, range(1, 13))
        assert results == [number**2 for number in range(1, 13)]
        assert most <= 4 * workers


@pytest.mark.parametrize('workers', [0, pytest.param(1, marks=pytest.mark.slow)])
def test_failure_names_its_item(workers):
    queue = OrderedQueue(square, workers, name_of=lambda number: f'image {number}')
    with pytest.raises(ImageError, match='image 13: ValueError: unlucky'):
        run(queue, [1, 13, 2])
    queue.close()


@pytest.mark.slow
def test_dead_process_is_reported_and_not_awaited():
    with pytest.raises(ImageError, match='a worker process died'):
        run(OrderedQueue(die, 1), [1, 2, 3])


def test_an_empty_queue_drains_to_nothing():
    assert OrderedQueue(square, 3).drain() == []


def test_negative_workers_are_an_error():
    with pytest.raises(ValueError, match='workers'):
        OrderedQueue(square, -1)
