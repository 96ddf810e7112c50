"""`her2het stats paired`: the same patients at two timepoints."""

from pathlib import Path
from typing import cast

import click

from her2het.cli.stats.rows import COMBINE, TABLE
from her2het.cli.stats.told import LEVEL, OUT, UNIT

HELP = """Compare the same patients at two timepoints: shift of pairs, interval, p (signed-rank test), n of pairs.

TABLE (TSV or CSV) has one row per patient and timepoint. Patients without one of the two are left out and counted.
Several rows of a patient at one timepoint need --combine.

\b
Examples:
  her2het stats paired ki67.tsv --value ki67 --patient patient --time visit --before baseline --after surgery
  her2het stats paired biopsies.tsv --value tils --patient id --time time --before pre --after post --combine mean
"""


@click.command("paired", help=HELP)
@TABLE
@click.option("--value", required=True, metavar="COL", help="Column of the measurement.")
@click.option("--patient", required=True, metavar="COL", help="Column that says whose a row is.")
@click.option("--time", required=True, metavar="COL", help="Column of the timepoints.")
@click.option("--before", required=True, metavar="LEVEL", help="The earlier timepoint.")
@click.option("--after", required=True, metavar="LEVEL", help="The later one.")
@COMBINE
@UNIT
@LEVEL
@OUT
def command(
    table: Path,
    value: str,
    patient: str,
    time: str,
    before: str,
    after: str,
    combine: str | None,
    unit: str,
    level: float,
    out: Path | None,
) -> None:
    from dataclasses import replace

    from her2het.cli.outputs import check_outputs
    from her2het.cli.stats.rows import Rows, level_of, read_rows
    from her2het.cli.stats.told import tell
    from her2het.schema import StudyError
    from her2het.stats.rank_tests import signed_rank
    from her2het.stats.units import Combine

    check_outputs((table,), out=out)
    rows = read_rows(table, [(value, "number"), (time, "text")], patient)
    rows.say_lost()
    present = sorted({str(v) for v in rows.frame[time].dropna()})
    for name in (before, after):
        level_of(rows.name, time, name, present)
    if before == after:
        raise StudyError(f"paired: --before and --after are both {before!r}. Name two timepoints.")
    parts = []
    for name in (after, before):
        here = (rows.frame[time] == name).to_numpy(dtype=bool, na_value=False)
        part = Rows(f"{rows.name} at {name}", rows.frame[here], rows.owner[here], patient)
        parts.append(part.numbers(value, cast("Combine | None", combine), unit))
    both = parts[0].known().index.intersection(parts[1].known().index)
    alone = len(parts[0].known().index.union(parts[1].known().index)) - len(both)
    if alone:
        click.echo(f"her2het: {rows.name}: {alone} patients lack {before} or {after} and are left out.", err=True)
    if both.empty:
        raise StudyError(f"{rows.name}: no patient has {value} at {before} and at {after}. Check the columns.")
    found = signed_rank(*parts, level=level, contrast=f"{after} − {before}")
    tell([replace(found, groups=(after, before))], out)
