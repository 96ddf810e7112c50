"""`her2het stats auc`: how surely a score tells patients with an outcome from those without."""

from pathlib import Path
from typing import cast

import click

from her2het.cli.stats.rows import COMBINE, PATIENT, TABLE
from her2het.cli.stats.told import LEVEL, OUT

HELP = """Area under the ROC curve: how surely a patient with the outcome has the higher score. Below .5: the lower one.

TABLE (TSV or CSV) has one row per patient, or with --patient and --combine several. The interval is the outer limits
of DeLong's (logit scale) and Newcombe's, or DeLong's alone. With --against the difference of two scores in the same
patients (DeLong's paired test) stands below the areas of both.

\b
Examples:
  her2het stats auc trial.tsv --score immune --outcome pcr
  her2het stats auc trial.tsv --score model_a --against model_b --outcome response --yes complete
"""


@click.command("auc", help=HELP)
@TABLE
@click.option("--score", required=True, metavar="COL", help="Column of the score.")
@click.option("--outcome", required=True, metavar="COL", help="Column of the outcome: yes/no, true/false or 1/0.")
@click.option("--yes", metavar="LEVEL", help="What counts as yes, where the column says something else.")
@click.option("--against", metavar="COL", help="Column of a second score, to be compared with the first.")
@click.option(
    "--interval",
    type=click.Choice(["outer", "delong"]),
    default="outer",
    show_default=True,
    help="Of an area; DeLong's alone is too narrow where few have the outcome.",
)
@PATIENT
@COMBINE
@LEVEL
@OUT
def command(
    table: Path,
    score: str,
    outcome: str,
    yes: str | None,
    against: str | None,
    interval: str,
    patient: str | None,
    combine: str | None,
    level: float,
    out: Path | None,
) -> None:
    from her2het.cli.outputs import check_outputs
    from her2het.cli.stats.rows import Holds, outcome_of, read_rows
    from her2het.cli.stats.told import tell
    from her2het.stats.response import AucInterval, auc, compare_auc
    from her2het.stats.units import Combine

    check_outputs((table,), out=out)
    names = [score, *([against] if against else [])]
    kind: Holds = "text" if yes else "flag"
    wanted: list[tuple[str, Holds]] = [(outcome, kind)]
    wanted.extend((name, "number") for name in names)
    rows = read_rows(table, wanted, patient)
    rows.say_lost()
    flags = outcome_of(rows, outcome, yes)
    how = cast("Combine | None", combine)
    scores = [rows.numbers(name, how) for name in names]
    found = [auc(s, flags, interval=cast("AucInterval", interval), level=level) for s in scores]
    if against:
        found.append(compare_auc(scores[0], scores[1], flags, level=level))
    tell(found, out)
