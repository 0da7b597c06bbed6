"""A function called in processes for images that come one at a time, as in a test loop."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, Generic, TypeVar

from mmwsss.worker_processes import result_of, start_executor, submit

Result = TypeVar('Result')


class OrderedQueue(Generic[Result]):
    """Does what ``ordered_map`` does, for items that come one at a time, as in a test loop.

    Args:
        function (Callable): Takes an item and returns its result. Must be picklable where
            ``workers`` is not 0.
        workers (int): Processes of the pool, which start with the first item; 0 works in this
            one. Defaults to 0.
        name_of (Callable): Takes an item and returns its name for error messages. Defaults to
            ``str``.

    Raises:
        ValueError: If ``workers`` is negative.
    """

    def __init__(
        self,
        function: Callable[[Any], Result],
        workers: int = 0,
        name_of: Callable[[Any], str] = str,
    ) -> None:
        if workers < 0:
            raise ValueError(f'workers must not be negative, not {workers}')
        self.function = function
        self.workers = workers
        self.name_of = name_of
        self._executor: ProcessPoolExecutor | None = None
        self._waiting: deque[tuple[str, Future[Result]]] = deque()

    def put(self, item: Any) -> list[Result]:
        """Take an item, and return the results that are ready.

        Waits while there are more than four unfinished items for each process, so that they do
        not pile up.

        Args:
            item (Any): The item.

        Returns:
            list: Results that were not returned before, in the order of the items.

        Raises:
            ImageError: If an item has failed; names it.
        """
        if not self.workers:
            return [result_of(lambda: self.function(item), self.name_of(item))]
        if self._executor is None:
            self._executor = start_executor(self.workers)
        self._waiting.append((self.name_of(item), submit(self._executor, self.function, item)))
        return self._take(4 * self.workers)

    def drain(self) -> list[Result]:
        """Wait for the other results, and end the processes.

        Returns:
            list: Results that were not returned before, in the order of the items.

        Raises:
            ImageError: If an item has failed; names it.
        """
        try:
            return self._take(0)
        finally:
            self.close()

    def close(self) -> None:
        """End the processes and drop the items that they have not begun."""
        self._waiting.clear()
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None

    def _take(self, most: int) -> list[Result]:
        """Take results from the front: those that are ready, and until at most ``most`` wait."""
        results = []
        while self._waiting and (len(self._waiting) > most or self._waiting[0][1].done()):
            name, future = self._waiting.popleft()
            results.append(result_of(future.result, name))
        return results
