"""What the commands of this group share: what is asked for, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from her2het.cli.number import Number
from her2het.cli.stats.told import OUT

if TYPE_CHECKING:
    from her2het.stats.planning import Patients

Command = TypeVar("Command", bound=Callable[..., Any])
INSIDE = Number(0, 1, min_open=True, max_open=True)


def aims(command: Command) -> Command:
    """--power to --out."""
    for option in reversed(
        (
            click.option("--power", type=INSIDE, default=0.8, show_default=True, help="Chance to find it."),
            click.option("--alpha", type=INSIDE, default=0.05, show_default=True, help="Two-sided level of the test."),
            click.option(
                "--ratio",
                type=Number(0, min_open=True),
                default=1.0,
                show_default=True,
                help="Patients of the second group per patient of the first.",
            ),
            OUT,
        )
    ):
        command = option(command)
    return command


def answer(makers: Sequence[Callable[[], Patients]], out: Path | None) -> None:
    """Patients per group as TSV. :raises StudyError: where nothing can be planned"""
    import pandas as pd

    from her2het.cli.stats.told import write
    from her2het.schema import StudyError

    rows = []
    for make in makers:
        try:
            n = make()
        except ValueError as error:
            raise StudyError(f"power: {error}. Correct the number.") from None
        rows.append((n.treated, n.control, n.total, n.exact, n.aim, n.assumed))
    columns = pd.Index(["first", "second", "total", "unrounded", "aim", "assumed"])
    write(pd.DataFrame(rows, columns=columns), out)
