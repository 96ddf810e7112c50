"""How this group answers: estimates as rows of TSV, and what the answer is for on standard error."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from her2het import notice
from her2het.cli.number import Number

if TYPE_CHECKING:
    import pandas as pd

    from her2het.stats.estimate import Estimate

OUT = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here; else to standard output."
)
LEVEL = click.option(
    "--level",
    type=Number(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Level of the intervals.",
)
UNIT = click.option("--unit", default="", metavar="TEXT", help="Unit of the value, for the answer.")
COLUMNS = (
    *("contrast", "effect", "unit", "value", "low", "high", "level", "p", "q", "family", "n", "of"),
    *("standard", "standard_low", "standard_high", "method", "remark"),
)


def table_of(estimates: Sequence[Estimate]) -> pd.DataFrame:
    """Estimates as rows; n and `of` per group, in the order of the contrast, separated by semicolons."""
    from her2het.report.tables import estimate_frame

    return estimate_frame(estimates)[list(COLUMNS)]


def tell(estimates: Sequence[Estimate], out: Path | None) -> None:
    """Write estimates as TSV, and what they are for on standard error."""
    write(table_of(estimates), out)


def write(frame: pd.DataFrame, out: Path | None) -> None:
    """Write a table as TSV, and what it is for on standard error."""
    from her2het.io.write import write_table

    write_table(frame, out)
    click.echo(f"her2het: {notice.HEADER}", err=True)


def family_of(estimates: Sequence[Estimate], what: str) -> list[Estimate]:
    """The same with q (Benjamini-Hochberg) where there are several; one alone is no family."""
    from her2het.stats.families import with_q

    listed = list(estimates)
    return list(with_q(listed, family=f"{len(listed)} {what}")) if len(listed) > 1 else listed
