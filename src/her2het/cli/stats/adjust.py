"""`her2het stats adjust`: p values adjusted for many tests."""

from pathlib import Path
from typing import cast

import click

from her2het.cli.stats.rows import TABLE
from her2het.cli.stats.told import OUT

HELP = """Adjust p values for many tests, within families, and write the table with a further column q.

A family is what one claim is picked from: declare it before looking. bh: Benjamini-Hochberg, the expected share of
false findings. holm: the chance of any false finding. A row without p keeps q empty and does not count.

\b
Examples:
  her2het stats adjust tests.tsv --p p
  her2het stats adjust tests.tsv --p pvalue --family gene_set --method holm --out adjusted.tsv
"""


@click.command("adjust", help=HELP)
@TABLE
@click.option("--p", "p", required=True, metavar="COL", help="Column of the p values.")
@click.option("--family", metavar="COL", help="Column of the families; without it all tests are one.")
@click.option(
    "--method", type=click.Choice(["bh", "holm"]), default="bh", show_default=True, help="What is controlled."
)
@click.option("--into", default="q", show_default=True, metavar="NAME", help="Name of the new column.")
@OUT
def command(table: Path, p: str, family: str | None, method: str, into: str, out: Path | None) -> None:
    import numpy as np
    import pandas as pd

    from her2het.cli.outputs import check_outputs
    from her2het.cli.stats.rows import Holds, read_rows
    from her2het.cli.stats.told import write
    from her2het.io.text_table import read_text_table
    from her2het.schema import StudyError
    from her2het.stats.families import Adjustment, adjusted

    check_outputs((table,), out=out)
    wanted: list[tuple[str, Holds]] = [(p, "number")]
    if family:
        wanted.append((family, "text"))
    as_given = read_text_table(table).frame
    if into in as_given.columns:
        raise StudyError(f"{table.name}: column {into} is there already. Name another with --into.")
    rows = read_rows(table, wanted, of_patients=False)
    values = rows.frame[p].astype("float64")
    wrong = values[(values < 0) | (values > 1)]
    if len(wrong):
        raise StudyError(f"{rows.name}: {p} is {wrong.iloc[0]:g} in {wrong.index[0]}, outside 0 to 1. Correct it.")
    without = int(rows.frame[list(rows.asked)].isna().any(axis=1).sum())
    if without:
        said = f"{without} of {len(values)} rows lack p or family, get no {into} and do not count"
        click.echo(f"her2het: {rows.name}: {said}.", err=True)
    q = pd.Series(float("nan"), index=values.index)
    parts = values.groupby(rows.frame[family]).groups.values() if family else [values.index]
    for part in parts:
        q[part] = adjusted(np.asarray(values[part], dtype=np.float64), cast("Adjustment", method))
    write(as_given.assign(**{into: q.to_numpy()}), out)
