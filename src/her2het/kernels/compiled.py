"""Says once that kernels are being compiled, so that the first run on a machine does not look stuck."""

from collections.abc import Callable
from typing import Any

from numba.core import event

SENTENCE = "compiling numerical kernels for this machine (first use only, some seconds)"


class _Once(event.Listener):
    """Tells of the first compilation of the process; loading a kernel from the cache is none."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say: Callable[[str], None] | None = say

    def on_start(self, event: Any) -> None:  # noqa: ARG002
        if self.say is not None:
            say, self.say = self.say, None
            say(SENTENCE)

    def on_end(self, event: Any) -> None:
        """Nothing to tell."""


_installed: list[_Once] = []


def announce_compilation(say: Callable[[str], None]) -> None:
    """Call `say` with a sentence when the first kernel of this process is compiled, if any is; once per process."""
    if not _installed:
        _installed.append(_Once(say))
        event.register("numba:compile", _installed[0])
