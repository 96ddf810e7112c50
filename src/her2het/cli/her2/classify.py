"""`her2het her2 classify TABLE`: many cases under all versions."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from her2het.cli.her2.policy import GUIDELINE, policy_of, policy_options

if TYPE_CHECKING:
    import pandas as pd

    from her2het.rules.agreement import Agreement
    from her2het.rules.cohort import Classified, Reclassification

HELP = """HER2 status of each case of TABLE (CSV or TSV) under ASCO/CAP 2007, 2013, 2018 and 2023, with its reason.

Columns are found by their names (case, ihc_score, ic, ii, mc, wi, fi, ratio, copies, her2_signals, cep17_signals,
nuclei, ish_reported, recount_ratio ...; all of them with --list-columns) or by a mapping. Ratio, copies and the ISH
category may be free text: "<4.0", "not amplified"; a total of signals among copies is recognised and not used.

The table of statuses goes to --out, or to standard output unless --matrix or --agreement asks for a summary.

\b
Examples:
  her2het her2 classify cases.csv --out statuses.tsv --matrix
  her2het her2 classify registry.csv --column case=patient_id --column ihc_score=HER2_IHC --out statuses.tsv
"""


@click.command("classify", help=HELP)
@click.argument("table", type=click.Path(path_type=Path), required=False)
@click.option("--columns", type=click.Path(path_type=Path), help="TOML file with [columns]: column = heading.")
@click.option("--column", "pairs", multiple=True, metavar="COLUMN=HEADING", help="One heading; may be repeated.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the table of statuses as TSV.")
@click.option("--matrix", is_flag=True, help="Print the reclassification matrix from --first to --last, and who moves.")
@click.option(
    "--first",
    type=GUIDELINE,
    default="2007",
    show_default=True,
    help="Rows of the reclassification matrix.",
)
@click.option(
    "--last",
    type=GUIDELINE,
    default="2023",
    show_default=True,
    help="Columns of the reclassification matrix.",
)
@click.option("--agreement", is_flag=True, help="Compare with hospital_ihc and hospital_ish; differences by cause.")
@click.option("--json", "as_json", is_flag=True, help="Print the summaries as JSON.")
@click.option("--list-columns", is_flag=True, help="Tell what columns a table may have, and stop.")
@policy_options
def command(
    table: Path | None,
    columns: Path | None,
    pairs: tuple[str, ...],
    out: Path | None,
    matrix: bool,
    first: str,
    last: str,
    agreement: bool,
    as_json: bool,
    list_columns: bool,
    uncovered: str,
    cumulative: bool,
    combination: str,
) -> None:
    from her2het.cli.outputs import check_outputs
    from her2het.io.her2_cases import COLUMNS, read_her2_cases, read_mapping
    from her2het.io.write import write_table
    from her2het.reference.guidelines import VERSIONS
    from her2het.rules.agreement import agreement as compare
    from her2het.rules.cohort import classify, reclassification, status_table
    from her2het.rules.exact import one_of
    from her2het.rules.render import notice
    from her2het.schema import StudyError

    if list_columns:
        click.echo("\n".join(f"{name:28s} {text}" for name, text in COLUMNS.items()))
        return
    if table is None:
        raise StudyError("her2 classify: no table. Name a CSV or TSV file; see --help.")
    check_outputs((table, columns), out=out)
    rows = read_her2_cases(table, read_mapping(columns, pairs))
    hospital = {row.name: (row.hospital_ihc, row.hospital_ish) for row in rows}
    if agreement and not any(any(pair) for pair in hospital.values()):
        raise StudyError(f"{table.name}: no hospital_ihc or hospital_ish to agree with. Map them with --column.")
    policy = policy_of(uncovered, cumulative, combination)
    cases = classify((row.record for row in rows), policy, {row.name: row.notes for row in rows})
    if out is not None or not (matrix or agreement or as_json):
        write_table(status_table(cases), out)
    change = None
    if matrix or as_json:
        change = reclassification(cases, one_of(first, "--first", VERSIONS), one_of(last, "--last", VERSIONS))
    found = [compare(cases, hospital, version) for version in VERSIONS] if agreement else []
    if as_json:
        click.echo(json.dumps(_json(cases, change, found), indent=1, ensure_ascii=False))
        return
    if change is not None:
        click.echo(_matrix_text(change))
    for one in found:
        click.echo(_agreement_text(one))
    told = change is not None or bool(found)
    click.echo(notice(), err=not told)


def _matrix_text(change: "Reclassification") -> str:
    lines = [f"Status under {change.first} (rows) and {change.last} (columns), cases", "", _frame(change.table), ""]
    lines += [_wrapped(change.note), ""]
    if not change.by_numbers.empty:
        title = "The same where IHC percentages or ISH numbers decide under both versions"
        lines += [title, "", _frame(change.by_numbers), ""]
    lines.append(f"{len(change.moved)} cases change status:")
    lines += [
        f"  {row['case']}: {row['before']} to {row['after']}\n"
        f"    {change.first}: {row['reason_before']}\n    {change.last}: {row['reason_after']}"
        for row in change.moved.to_dict("records")
    ]
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> str:
    import textwrap

    return textwrap.fill(text, 100, break_on_hyphens=False)


def _agreement_text(one: "Agreement") -> str:
    share = f", {100 * one.agree / one.comparable:.1f} %" if one.comparable else ""
    lines = [f"The hospital's own status (rows) and {one.version} (columns), cases", "", _frame(one.table), ""]
    lines.append(f"Both positive or negative in {one.comparable} cases; they agree in {one.agree}{share}.")
    lines.append("Differences by cause:")
    lines += [
        f"  {row['cases']:>4}  {row['hospital']}, here {row['ours']}: {row['cause']}"
        for row in one.causes.to_dict("records")
    ]
    return "\n".join(lines) + "\n"


def _frame(table: "pd.DataFrame") -> str:
    shown = table.copy()
    shown.columns.name = None
    shown.index.name = None
    return shown.to_string()


def _json(cases: "list[Classified]", change: "Reclassification | None", found: "list[Agreement]") -> dict[str, object]:
    from her2het.rules.render import head

    answer: dict[str, object] = {
        **head(),
        "cases": [
            {"case": case.name, "read_as": list(case.notes), "verdicts": [v.as_dict() for v in case.verdicts.values()]}
            for case in cases
        ],
    }
    if change is not None:
        answer["reclassification"] = {
            "first": change.first,
            "last": change.last,
            "table": change.table.to_dict("index"),
            "by_numbers": change.by_numbers.to_dict("index"),
            "moved": change.moved.to_dict("records"),
            "note": change.note,
        }
    if found:
        answer["agreement"] = [
            {
                "guideline": one.version,
                "table": one.table.to_dict("index"),
                "comparable": one.comparable,
                "agree": one.agree,
                "causes": one.causes.to_dict("records"),
            }
            for one in found
        ]
    return answer
