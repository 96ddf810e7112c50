"""`her2het rcb`: residual cancer burden of one specimen, or of a table of them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from her2het.rules.rcb import Boundary

HELP = """Residual cancer burden (index and class) and pCR, from six measurements of the resected specimen.

RCB = 1.4 (f d)^0.17 + (4 (1 - 0.75^n) m)^0.17 with d = sqrt(d1 d2) in mm, f the invasive share of the bed, n positive
nodes and m the largest nodal metastasis in mm (Symmans 2007). Isolated tumour cells count as nodal disease. A missing
measurement is not a zero. TABLE (CSV or TSV) has the columns d1, d2, cellularity, in_situ, nodes, largest_met and,
first, an identifier.

\b
Examples:
  her2het rcb --d1 20 --d2 15 --cellularity 20 --in-situ 5 --nodes 2 --largest-met 8
  her2het rcb specimens.csv --out rcb.tsv
"""


@click.command("rcb", help=HELP)
@click.argument("table", type=click.Path(path_type=Path), required=False)
@click.option("--d1", default=None, metavar="MM", help="Longer diameter of the tumour bed.")
@click.option("--d2", default=None, metavar="MM", help="Diameter at right angles.")
@click.option("--cellularity", default=None, metavar="PERCENT", help="Cancer cells, invasive and in situ, in the bed.")
@click.option("--in-situ", default=None, metavar="PERCENT", help="Of those, in situ.")
@click.option("--nodes", default=None, metavar="COUNT", help="Lymph nodes with cancer.")
@click.option("--largest-met", default=None, metavar="MM", help="Largest nodal metastasis.")
@click.option(
    "--boundary",
    type=click.Choice(["upper_inclusive", "lower_inclusive"]),
    default="upper_inclusive",
    show_default=True,
    help="Whether an index on a limit belongs to the class below or above it.",
)
@click.option("--out", type=click.Path(path_type=Path), help="With a TABLE: write TSV here instead of printing it.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
def command(table: Path | None, boundary: str, out: Path | None, form: str, **given: str | None) -> None:
    from her2het.rules.rcb import rcb
    from her2het.rules.render import rcb_text
    from her2het.schema import StudyError

    side: Boundary = "lower_inclusive" if boundary == "lower_inclusive" else "upper_inclusive"
    told = [name for name, value in given.items() if value is not None]
    if table is not None:
        if told:
            raise StudyError(f"rcb: a table and --{told[0].replace('_', '-')} are given. Give one of them.")
        _table(table, out, side, form)
        return
    if not told:
        raise StudyError("rcb: no measurement. Give the six of them, or a table; see --help.")
    result = rcb(
        d1=given["d1"],
        d2=given["d2"],
        cellularity=given["cellularity"],
        in_situ=given["in_situ"],
        nodes=given["nodes"],
        largest_met=given["largest_met"],
        boundary=side,
    )
    if form == "json":
        click.echo(json.dumps(result.as_dict(), indent=1, ensure_ascii=False))
        return
    click.echo(rcb_text(result), nl=False)


def _table(path: Path, out: Path | None, side: "Boundary", form: str) -> None:
    import pandas as pd

    from her2het.cli.outputs import check_outputs
    from her2het.io.text_table import read_text_table
    from her2het.io.write import write_table
    from her2het.rules.rcb import FIELDS, RULESET, rcb
    from her2het.rules.render import head, notice
    from her2het.schema import MISSING, StudyError

    check_outputs((path,), out=out)
    frame = read_text_table(path).frame
    absent = [name for name in FIELDS if name not in frame.columns]
    if absent:
        has = ", ".join(frame.columns)
        raise StudyError(f"{path.name}: column {absent[0]} missing; the headings are {has}. Add or rename it.")
    first = str(frame.columns[0])
    key = first if first not in FIELDS else None
    rows: list[dict[str, object]] = []
    results: list[dict[str, object]] = []
    for at, cells in enumerate(frame.to_dict("records")):
        values = {name: None if str(cells[name]).strip().lower() in MISSING else cells[name] for name in FIELDS}
        result = rcb(**values, boundary=side, place=f"{path.name} line {at + 2}")
        name = {key: cells[key]} if key else {"row": at + 1}
        pcr = {f"pCR {definition}": value for definition, value in result.pcr.items()}
        rows.append(
            {
                **name,
                "rcb": result.index,
                "rcb_class": result.rcb_class,
                **pcr,
                "flags": " ".join(flag.code for flag in result.flags),
                "missing": "; ".join(result.missing),
                "ruleset": RULESET,
                "inputs_sha256": result.inputs_sha256,
                "intended_use": head()["intended_use"],
            }
        )
        results.append({**name, **result.as_dict()})
    if form == "json":
        click.echo(json.dumps({**head(), "specimens": results}, indent=1, ensure_ascii=False))
        return
    write_table(pd.DataFrame(rows), out)
    click.echo(notice(), err=True)
