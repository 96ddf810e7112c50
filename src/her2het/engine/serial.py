"""One piece of work after the other, here."""

from collections.abc import Callable, Iterable
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Serial:
    """The engine that all others must agree with."""

    def map(self, fn: Callable[[A], B], items: Iterable[A]) -> list[B]:
        """Apply `fn` to each item in turn."""
        return [fn(item) for item in items]

    def close(self) -> None:
        """Nothing to let go of."""
