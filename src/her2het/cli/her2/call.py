"""`her2het her2 call`: one case, from options or JSON."""

import json
from pathlib import Path
from typing import Any

import click

from her2het.cli.her2.policy import VERSIONS, policy_of, policy_options

HELP = """HER2 status of one case under ASCO/CAP 2007, 2013, 2018 and 2023, step by step.

Give IHC as a score or as percentages of invasive cells, ISH as a ratio with copies or as sums with the number of
nuclei, or as a table with one row per nucleus (--cells), which alone gives intervals. Averages are taken to the digits
written; counts decide exactly. A JSON record (--json) also takes a second population and the specimen;
docs/her2_rules.md describes it.

\b
Examples:
  her2het her2 call --ihc 2+ --ratio 2.10 --copies 3.5 --guideline 2018
  her2het her2 call --mc 8 --ic 3 --her2-signals 88 --cep17-signals 42 --nuclei 20
  her2het her2 call --ihc 2+ --cells nuclei.csv
  her2het her2 call --json case.json --format json
"""


@click.command("call", help=HELP)
@click.option("--json", "record", type=click.Path(allow_dash=True), metavar="FILE|-", help="Read the case from JSON.")
@click.option("--case", "name", default=None, metavar="NAME", help="Name of the case (no patient's name).")
@click.option("--ihc", "score", default=None, metavar="SCORE", help="IHC score: 0, 1+, 2+ or 3+.")
@click.option("--zero", "zero_staining", default=None, metavar="KIND", help="With --ihc 0: none, faint or unspecified.")
@click.option("--ic", default=None, metavar="PERCENT", help="Intense complete staining.")
@click.option("--ii", default=None, metavar="PERCENT", help="Moderate to intense incomplete staining.")
@click.option("--mc", default=None, metavar="PERCENT", help="Weak to moderate complete staining.")
@click.option("--wi", default=None, metavar="PERCENT", help="Weak incomplete staining.")
@click.option("--fi", default=None, metavar="PERCENT", help="Faint, barely perceptible incomplete staining.")
@click.option("--cell-scores", default=None, metavar="0=P,1=P,2=P,3=P", help="Percent of cells with each score.")
@click.option("--ratio", default=None, metavar="NUMBER", help="HER2/CEP17 ratio.")
@click.option("--copies", default=None, metavar="NUMBER", help="HER2 copies per nucleus.")
@click.option("--her2-signals", "her2", default=None, metavar="COUNT", help="Sum of HER2 signals.")
@click.option("--cep17-signals", "cep17", default=None, metavar="COUNT", help="Sum of CEP17 signals.")
@click.option("--nuclei", "n", default=None, metavar="COUNT", help="Nuclei counted.")
@click.option(
    "--cells", type=click.Path(path_type=Path), metavar="FILE", help="Table of nuclei of this specimen, one per row."
)
@click.option("--column", "pairs", multiple=True, metavar="COLUMN=HEADING", help="One heading of --cells.")
@click.option("--preset", default=None, metavar="NAME", help="Headings of --cells: names, red-her2 or green-her2.")
@click.option("--observer", default=None, metavar="WHO", help="Who counted.")
@click.option("--single-probe", is_flag=True, help="The copies come from a test without a centromere probe.")
@click.option("--ish-reported", "reported", default=None, metavar="CATEGORY", help="positive, equivocal or negative.")
@click.option("--recount-ratio", default=None, metavar="NUMBER", help="Ratio of the recount.")
@click.option("--recount-copies", default=None, metavar="NUMBER", help="HER2 copies per nucleus of the recount.")
@click.option("--recount-her2-signals", "recount_her2", default=None, metavar="COUNT", help="HER2 signals, recount.")
@click.option("--recount-cep17-signals", "recount_cep17", default=None, metavar="COUNT", help="CEP17 signals, recount.")
@click.option("--recount-nuclei", "recount_n", default=None, metavar="COUNT", help="Nuclei of the recount.")
@click.option("--recount-observer", default=None, metavar="WHO", help="Who recounted.")
@click.option("--recount-blinded/--recount-not-blinded", default=None, help="Whether the first result was unknown.")
@click.option(
    "--recount-with-2plus/--recount-without-2plus",
    "recount_area",
    default=None,
    help="Whether the recount included the IHC 2+ area.",
)
@click.option("--ihc-controls/--ihc-controls-failed", "ihc_ok", default=None, help="Whether IHC controls worked.")
@click.option("--ish-controls/--ish-controls-failed", "ish_ok", default=None, help="Whether ISH controls worked.")
@click.option(
    "--guideline",
    type=click.Choice([*VERSIONS, "all"]),
    default="all",
    show_default=True,
    help="Version of the ASCO/CAP rules.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
@policy_options
def command(
    record: str | None,
    name: str | None,
    single_probe: bool,
    guideline: str,
    form: str,
    uncovered: str,
    cumulative: bool,
    combination: str,
    **given: Any,
) -> None:
    from her2het.cli.her2.record import read_record, record_of
    from her2het.rules.case import case_from
    from her2het.rules.render import changes, head, texts_of
    from her2het.rules.status import verdicts
    from her2het.schema import StudyError

    options = record_of(given, single_probe)
    if record is not None and options:
        raise StudyError(f"--json: {', '.join(sorted(options))} is given by options too. Give the case one way.")
    if record is None and not options:
        raise StudyError("her2 call: no case. Give --ihc, --ratio and --copies, or --json FILE; see --help.")
    content = options if record is None else read_record(record)
    if name is not None:
        content = {**content, "case": name}
    case = case_from(content)
    policy = policy_of(uncovered, cumulative, combination)
    found = verdicts(case, policy, [version for version in VERSIONS if guideline in {version, "all"}])
    if form == "text":
        click.echo(texts_of(found), nl=False)
        return
    answer = {
        **head(),
        "case": case.name,
        "changes": changes(list(found.values())) if len(found) > 1 else [],
        "verdicts": [verdict.as_dict() for verdict in found.values()],
    }
    click.echo(json.dumps(answer, indent=1, ensure_ascii=False))
