"""Where work runs. An engine decides where; the analysis decides how work is split and seeded."""

from collections.abc import Callable, Iterable
from typing import Literal, Protocol, TypeVar, runtime_checkable

A = TypeVar("A")
B = TypeVar("B")

EngineName = Literal["serial", "processes", "dask"]
ENGINES: tuple[EngineName, ...] = ("serial", "processes", "dask")


@runtime_checkable
class Engine(Protocol):
    """Where independent pieces of work run."""

    def map(self, fn: Callable[[A], B], items: Iterable[A]) -> list[B]:
        """Apply a module-level `fn` to each item; answers come back in the order of `items`."""
        ...

    def close(self) -> None:
        """Let go of the workers."""
        ...


def open_engine(name: EngineName, workers: int) -> Engine:
    """The engine of that name. :raises ImportError: for dask where `distributed` is not installed"""
    if name == "dask":
        from her2het.engine.dask import DaskEngine  # noqa: PLC0415 (only where it is asked for)

        return DaskEngine(workers)
    if name == "processes" and workers > 1:
        from her2het.engine.processes import Processes  # noqa: PLC0415

        return Processes(workers)
    from her2het.engine.serial import Serial  # noqa: PLC0415

    return Serial()
