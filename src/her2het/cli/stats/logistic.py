"""`her2het stats logistic`: adjusted odds ratios of a yes or no."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from her2het.cli.stats.rows import COMBINE, PATIENT, TABLE
from her2het.cli.stats.told import LEVEL, OUT

if TYPE_CHECKING:
    from her2het.stats.units import Combine

HELP = """Adjusted odds ratios of a yes or no per patient, by logistic regression with Firth's penalty.

TABLE (TSV or CSV) has one row per patient, or with --patient several. Odds ratios stay finite where an outcome never
occurs in a group. Intervals are profiles, p the penalised likelihood ratio test, as R's logistf. Numbers enter as they
are (odds ratio per unit), yes/no as 1 and 0, text as classes against the first; factor(stage) takes numbers as classes.
Patients that lack a value are left out. The terms are one model: p, not q.

\b
Examples:
  her2het stats logistic trial.tsv --outcome pcr --terms "het + hr + age"
  her2het stats logistic trial.tsv --outcome response --yes complete --terms "het + factor(stage)"
"""


@click.command("logistic", help=HELP)
@TABLE
@click.option("--outcome", required=True, metavar="COL", help="Column of the outcome: yes/no, true/false or 1/0.")
@click.option("--yes", metavar="LEVEL", help="What counts as yes, where the column says something else.")
@click.option("--terms", required=True, metavar="FORMULA", help="Columns, joined by +.")
@PATIENT
@COMBINE
@LEVEL
@OUT
def command(
    table: Path,
    outcome: str,
    yes: str | None,
    terms: str,
    patient: str | None,
    combine: str | None,
    level: float,
    out: Path | None,
) -> None:
    from her2het.cli.outputs import check_outputs
    from her2het.cli.stats.rows import Holds, outcome_of, read_rows
    from her2het.cli.stats.told import tell
    from her2het.schema import StudyError
    from her2het.stats.formula import parse_formula
    from her2het.stats.response import logistic

    check_outputs((table,), out=out)
    formula = parse_formula(terms if terms.lstrip().startswith("~") else f"~ {terms}")
    joined = next((t for t in formula.terms if len(t) != 1), None)
    if joined or not formula.intercept or not formula.terms:
        what = f"has {':'.join(joined)}, an interaction" if joined else "has no term or no intercept"
        raise StudyError(f"terms {terms!r}: it {what}; needed are columns joined by +. Correct it.")
    names = [t[0] for t in formula.terms]
    if outcome in names:
        raise StudyError(f"terms {terms!r}: {outcome} is the outcome. Leave it out of the terms.")
    kind: Holds = "text" if yes else "flag"
    wanted: list[tuple[str, Holds]] = [(outcome, kind)]
    wanted.extend((name, "text" if name in formula.factors else "either") for name in names)
    rows = read_rows(table, wanted, patient)
    rows.say_lost()
    flags = outcome_of(rows, outcome, yes)
    made = tuple(rows.term(name, cast("Combine | None", combine)) for name in names)
    try:
        found = logistic(flags, made, level=level)
    except ValueError as error:
        raise StudyError(f"{rows.name}: {error}. Drop a term.") from None
    if not found:
        raise StudyError(f"{rows.name}: {', '.join(names)} say the same of all patients. Name terms that differ.")
    tell(found, out)
