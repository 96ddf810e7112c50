"""Dask: from a laptop to a cluster, with its own deployers."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from distributed import Client

from her2het.engine.one_thread import one_thread

A = TypeVar("A")
B = TypeVar("B")


class DaskEngine:
    """A `distributed` client: one that is given, or a local cluster of `workers` processes with one thread each."""

    def __init__(self, workers: int = 1, client: "Client | None" = None) -> None:
        self._own = client is None
        self.client: Any = client or Client(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        )
        self.client.run(one_thread)

    def map(self, fn: Callable[[A], B], items: Iterable[A]) -> list[B]:
        """Apply `fn` to each item on some worker; answers in the order of `items`."""
        return list(self.client.gather([self.client.submit(fn, item, pure=False) for item in items]))

    def close(self) -> None:
        """Close the client, and the cluster if it is ours."""
        if self._own:
            self.client.close()
            if self.client.cluster is not None:
                self.client.cluster.close()
