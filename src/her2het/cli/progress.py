"""Progress: a live line on a terminal, plain lines elsewhere, JSON lines on request."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol

import click

Style = Literal["auto", "plain", "json", "none"]
STYLES: tuple[Style, ...] = ("auto", "plain", "json", "none")


class Progress(Protocol):
    """Where long work tells how far it is."""

    def start(self, what: str) -> None:
        """A piece of work begins."""
        ...

    def done(self, what: str, how: str, seconds: float, **more: Any) -> None:
        """A piece of work has ended: computed, cached, skipped, written."""
        ...


class Plain:
    """One line to standard error for each piece of work that ended."""

    def start(self, what: str) -> None:
        """Nothing: lines are for what is done."""

    def done(self, what: str, how: str, seconds: float, **more: Any) -> None:
        """'fish_heterogeneity  computed  0.31 s', with the reason where there is one."""
        reason = f"  {more['reason']}" if more.get("reason") else ""
        click.echo(f"{what:26s} {how:9s} {seconds:6.2f} s{reason}", err=True)


class Json:
    """One JSON object a line, to standard error."""

    def start(self, what: str) -> None:
        """An object with what begins."""
        click.echo(json.dumps({"event": "start", "what": what}), err=True)

    def done(self, what: str, how: str, seconds: float, **more: Any) -> None:
        """An object with what ended, how and after how long."""
        event = {"event": "done", "what": what, "how": how, "seconds": round(seconds, 3)}
        click.echo(json.dumps(event | {k: v for k, v in more.items() if v}, ensure_ascii=False), err=True)


class Silent:
    """Says nothing."""

    def start(self, what: str) -> None:
        """Nothing."""

    def done(self, what: str, how: str, seconds: float, **more: Any) -> None:
        """Nothing."""


class Live:
    """A spinner with what is under way, above it what is done."""

    def __init__(self, status: Any) -> None:
        self._status = status
        self._began = time.perf_counter()

    def start(self, what: str) -> None:
        """Show what is under way."""
        self._status.update(f"{what} …")

    def done(self, what: str, how: str, seconds: float, **more: Any) -> None:
        """Leave a line."""
        reason = f"  {more['reason']}" if more.get("reason") else ""
        self._status.console.print(f"{what:26s} {how:9s} {seconds:6.2f} s{reason}", markup=False, highlight=False)


@contextmanager
def progress(style: Style) -> Iterator[Progress]:
    """The progress of that style; 'auto' is live on a terminal and plain elsewhere."""
    if style == "auto":
        style = "plain" if not sys.stderr.isatty() else "auto"
    if style == "auto":
        from rich.console import Console

        with Console(stderr=True).status("…") as status:
            yield Live(status)
        return
    yield {"plain": Plain, "json": Json, "none": Silent}[style]()
