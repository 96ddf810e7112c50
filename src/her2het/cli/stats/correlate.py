"""`her2het stats correlate`: two measurements of the same patients."""

from pathlib import Path
from typing import cast

import click

from her2het.cli.stats.rows import COMBINE, PATIENT, TABLE
from her2het.cli.stats.told import LEVEL, OUT

HELP = """Correlate two measurements of the same patients: r, interval, p, n.

TABLE (TSV or CSV) has one row per patient, or with --patient and --combine several. Spearman: of ranks, exact up to 9
patients. Pearson: linear, which a few extreme values can make.

\b
Examples:
  her2het stats correlate scores.tsv --x age --y immune
  her2het stats correlate biopsies.tsv --x erbb2 --y rcb --method pearson --patient patient --combine mean
"""


@click.command("correlate", help=HELP)
@TABLE
@click.option("--x", "x", required=True, metavar="COL", help="Column of the one measurement.")
@click.option("--y", "y", required=True, metavar="COL", help="Column of the other.")
@click.option(
    "--method",
    type=click.Choice(["spearman", "pearson"]),
    default="spearman",
    show_default=True,
    help="Of ranks, or r.",
)
@PATIENT
@COMBINE
@LEVEL
@OUT
def command(
    table: Path,
    x: str,
    y: str,
    method: str,
    patient: str | None,
    combine: str | None,
    level: float,
    out: Path | None,
) -> None:
    from her2het.cli.outputs import check_outputs
    from her2het.cli.stats.rows import read_rows
    from her2het.cli.stats.told import tell
    from her2het.stats.correlation import pearson, spearman
    from her2het.stats.units import Combine

    check_outputs((table,), out=out)
    rows = read_rows(table, [(x, "number"), (y, "number")], patient)
    rows.say_lost()
    how = cast("Combine | None", combine)
    one, other = (rows.numbers(name, how) for name in (x, y))
    tell([(spearman if method == "spearman" else pearson)(one, other, level=level)], out)
