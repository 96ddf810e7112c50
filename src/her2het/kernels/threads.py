"""Threads over fixed chunks, for kernels that release the interpreter lock."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def worker_threads() -> int:
    """How many threads a kernel may use: HER2HET_THREADS, else the processors this process may run on."""
    given = os.environ.get("HER2HET_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def over_chunks(fn: Callable[[int, int], T], n: int, chunk: int) -> list[T]:
    """Call `fn(start, stop)` on each chunk of 0..n and return the answers in the order of the chunks.

    The chunks depend on `n` and `chunk` alone, so that an answer cannot depend on how many threads did the work.
    """
    bounds = [(start, min(start + chunk, n)) for start in range(0, n, chunk)]
    threads = min(worker_threads(), len(bounds))
    if threads < 2:
        return [fn(start, stop) for start, stop in bounds]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda b: fn(*b), bounds))
