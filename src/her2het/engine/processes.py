"""Worker processes on this machine, started once and kept."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
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
            self._pool = ProcessPoolExecutor(self.workers, mp_context=context, initializer=_begin)
        return list(self._pool.map(fn, items))

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


@contextmanager
def beside(fn: Callable[[], None]) -> Iterator[None]:
    """Run a module-level `fn` in a process of its own while the block runs; it ends with the block at the latest."""
    process = multiprocessing.get_context("spawn").Process(target=_run_beside, args=(fn,), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _run_beside(fn: Callable[[], None]) -> None:
    end_with_parent()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # what it says, also when it is stopped, belongs to nobody
        os.dup2(nowhere, stream)
    fn()


def _begin() -> None:
    one_thread()
    end_with_parent()


def end_with_parent() -> None:
    """Let this process end as soon as the one that started it is gone, however that ended (`kill -9` as well).

    The operating system closes the parent's end of a pipe, which is what a thread here waits for.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()
