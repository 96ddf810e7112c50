"""`her2het stats table`: tables of classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from her2het.cli.stats.rows import PATIENT, TABLE
from her2het.cli.stats.told import LEVEL, OUT

if TYPE_CHECKING:
    import pandas as pd

    from her2het.stats.changes import Mcnemar
    from her2het.stats.estimate import Estimate
    from her2het.stats.units import PerPatient

HELP = """Test a table of classes, one row of TABLE (TSV or CSV) per patient.

\b
(nothing else)  do rows and columns go together: Fisher's exact test, any size; of 2 x 2 also odds ratio and shares
--paired        the same patients classified twice, rows before, columns after: McNemar, or Bowker and Stuart-Maxwell
--stratum       within strata: Cochran-Mantel-Haenszel; of 2 x 2 also the common odds ratio

Classes are taken in the order of their names unless --row-order and --column-order say another; of 2 x 2 the second
row is held against the first, for the second column. The rows of the answer are one question asked in several ways:
no q.

\b
Examples:
  her2het stats table trial.tsv --rows arm --columns pcr --row-order "placebo,drug"
  her2het stats table her2.tsv --rows ihc_before --columns ihc_after --paired --row-order "0,1+,2+,3+"
  her2het stats table trial.tsv --rows het --columns pcr --stratum hr
"""


@click.command("table", help=HELP)
@TABLE
@click.option("--rows", "first", required=True, metavar="COL", help="Column of the rows (with --paired: before).")
@click.option("--columns", "second", required=True, metavar="COL", help="Column of the columns (after).")
@click.option("--paired", is_flag=True, help="Rows and columns are the same classes of the same patients, twice.")
@click.option("--stratum", metavar="COL", help="Column of strata: the test is within them.")
@click.option("--row-order", metavar="A,B", help="Classes of the rows in their order (with --paired of both).")
@click.option("--column-order", metavar="A,B", help="Classes of the columns in their order.")
@click.option(
    "--mcnemar",
    type=click.Choice(["exact", "mid-p", "chi-square"]),
    default="exact",
    show_default=True,
    help="Which p of McNemar's test (--paired, two classes).",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Where tables must be drawn.")
@PATIENT
@LEVEL
@OUT
def command(
    table: Path,
    first: str,
    second: str,
    paired: bool,
    stratum: str | None,
    row_order: str | None,
    column_order: str | None,
    mcnemar: Mcnemar,
    seed: int,
    patient: str | None,
    level: float,
    out: Path | None,
) -> None:
    from her2het.cli.outputs import check_outputs
    from her2het.cli.stats.rows import Holds, read_rows
    from her2het.cli.stats.told import tell
    from her2het.schema import StudyError
    from her2het.stats.units import PerPatient

    check_outputs((table,), out=out)
    if paired and (stratum or column_order):
        other = "--stratum" if stratum else "--column-order"
        raise StudyError(f"table: --paired does not go with {other}. Leave one of them out.")
    wanted: list[tuple[str, Holds]] = [(first, "text"), (second, "text")]
    if stratum:
        wanted.append((stratum, "text"))
    read = read_rows(table, wanted, patient)
    read.say_lost()
    one, other = read.words(first), read.words(second)
    if paired:
        order = _order(read.name, f"{first} and {second}", [*one.dropna(), *other.dropna()], row_order)
        found = _paired(PerPatient(one, first), PerPatient(other, second), order, mcnemar, level)
    else:
        rows = _order(read.name, first, list(one.dropna()), row_order)
        columns = _order(read.name, second, list(other.dropna()), column_order)
        classes = PerPatient(_ordered(other, columns), second)
        if stratum:
            found = _stratified(classes, one, read.words(stratum), rows, columns, level)
        else:
            found = _plain(classes, one, rows, columns, seed, level)
    tell(found, out)


def _ordered(words: pd.Series, order: tuple[str, ...]) -> pd.Series:
    import pandas as pd

    return words.astype(object).where(words.isin(order)).astype(pd.CategoricalDtype(list(order), ordered=True))


def _order(name: str, column: str, seen: list[str], given: str | None) -> tuple[str, ...]:
    """The classes of a column in their order. :raises StudyError: for fewer than two, or one that is not there"""
    from her2het.cli.stats.rows import level_of
    from her2het.schema import StudyError

    present = sorted({str(v) for v in seen})
    order = [part.strip() for part in given.split(",")] if given else present
    if len(set(order)) < len(order) or len(order) < 2:
        raise StudyError(f"{name}: {column} has {', '.join(order) or 'nothing'}; a table needs two classes or more.")
    left = [v for v in present if v not in order]
    if left:
        raise StudyError(
            f"{name}: {column} is {left[0]!r} too, which the order {', '.join(order)} lacks. Add it to the order, or "
            "leave these rows out."
        )
    if not any(v in present for v in order):
        level_of(name, column, order[0], present)
    return tuple(order)


def _paired(
    before: PerPatient, after: PerPatient, order: tuple[str, ...], test: Mcnemar, level: float
) -> list[Estimate]:
    from her2het.stats.changes import discordance, mcnemar_of_counts, shift_table

    counts, _ = shift_table(before, after, order)
    name = f"{after.quantity} against {before.quantity}"
    if len(order) == 2:
        words = f"{order[1]}, {after.quantity} − {before.quantity}"
        return [mcnemar_of_counts(counts, method=test, level=level, contrast=words)]
    return [
        discordance(counts, test="bowker", level=level, contrast=f"{name}: pairs of classes exchange evenly"),
        discordance(counts, test="stuart-maxwell", level=level, contrast=f"{name}: classes as frequent"),
    ]


def _plain(
    classes: PerPatient, groups: pd.Series, rows: tuple[str, ...], columns: tuple[str, ...], seed: int, level: float
) -> list[Estimate]:
    from her2het.stats.tables import association, compare_shares, odds_ratio

    found = [
        association(classes, groups, rows, seed=seed, level=level, contrast=f"{classes.quantity} by {groups.name}")
    ]
    if len(rows) == 2 and len(columns) == 2:
        flags = _flags(classes, columns[1])
        treated, control = rows[1], rows[0]
        what = f"{classes.quantity} {columns[1]}"
        found += [
            odds_ratio(flags, groups, treated, control, level=level, contrast=f"{what}: {treated} / {control}"),
            compare_shares(flags, groups, treated, control, level=level, contrast=f"{what}: {treated} − {control}"),
        ]
    return found


def _stratified(
    classes: PerPatient,
    groups: pd.Series,
    strata: pd.Series,
    rows: tuple[str, ...],
    columns: tuple[str, ...],
    level: float,
) -> list[Estimate]:
    from her2het.stats.strata import common_odds_ratio, stratified_association

    words = f"{classes.quantity} by {groups.name}, by {strata.name}"
    found = [stratified_association(classes, groups, strata, rows, contrast=words)]
    if len(rows) == 2 and len(columns) == 2:
        flags = _flags(classes, columns[1])
        what = f"{classes.quantity} {columns[1]}: {rows[1]} / {rows[0]}, by {strata.name}"
        found += [
            common_odds_ratio(flags, groups, strata, rows[1], rows[0], exact=exact, level=level, contrast=what)
            for exact in (False, True)
        ]
    return found


def _flags(classes: PerPatient, yes: str) -> PerPatient:
    from her2het.stats.units import PerPatient

    known = classes.values.dropna().astype(object)
    return PerPatient((known == yes).astype("float64"), f"{classes.quantity} {yes}")
