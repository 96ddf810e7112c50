"""Worker processes on this machine, started once and kept."""

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from her2het.engine.one_thread import one_thread

A = TypeVar("A")
B = TypeVar("B")


class Processes:
    """Fresh (spawned) processes: nothing is inherited, so that a worker cannot see what the parent did before."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def map(self, fn: Callable[[A], B], items: Iterable[A]) -> list[B]:
        """Apply `fn` to each item in some worker; answers in the order of `items`."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.workers, mp_context=context, initializer=one_thread)
        return list(self._pool.map(fn, items))

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
