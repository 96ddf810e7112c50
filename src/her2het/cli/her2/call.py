"""`her2het her2 call`: one case, from options or JSON."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

HELP = """HER2 status of one case under ASCO/CAP 2007, 2013, 2018 and 2023, step by step.

Give IHC as a score or as percentages of invasive cells, ISH as a ratio with copies or as sums with the number of
nuclei. Averages are taken to the digits written; counts decide exactly. A JSON record (--json) also takes single
nuclei, a second population and the specimen; docs/her2_rules.md describes it.

\b
Examples:
  her2het her2 call --ihc 2+ --ratio 2.10 --copies 3.5 --guideline 2018
  her2het her2 call --mc 8 --ic 3 --her2-signals 88 --cep17-signals 42 --nuclei 20
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
@click.option("--observer", default=None, metavar="WHO", help="Who counted.")
@click.option("--single-probe", is_flag=True, help="The copies come from a test without a centromere probe.")
@click.option("--ish-reported", "reported", default=None, metavar="CATEGORY", help="positive, equivocal or negative.")
@click.option("--recount-ratio", default=None, metavar="NUMBER", help="Ratio of the recount.")
@click.option("--recount-copies", default=None, metavar="NUMBER", help="HER2 copies per nucleus of the recount.")
@click.option("--recount-nuclei", "recount_n", default=None, metavar="COUNT", help="Nuclei of the recount.")
@click.option("--recount-observer", default=None, metavar="WHO", help="Who recounted.")
@click.option("--recount-blinded/--recount-not-blinded", default=None, help="Whether the first result was unknown.")
@click.option("--ihc-controls/--ihc-controls-failed", "ihc_ok", default=None, help="Whether IHC controls worked.")
@click.option("--ish-controls/--ish-controls-failed", "ish_ok", default=None, help="Whether ISH controls worked.")
@click.option(
    "--guideline",
    type=click.Choice(["2007", "2013", "2018", "2023", "all"]),
    default="all",
    show_default=True,
    help="Version of the ASCO/CAP rules.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
@click.option(
    "--uncovered",
    type=click.Choice(["review", "conventional"]),
    default="review",
    show_default=True,
    help="Staining that no row covers: left to review, or 1+.",
)
@click.option("--cumulative/--one-by-one", default=True, show_default=True, help="Whether staining patterns add up.")
@click.option(
    "--combination",
    type=click.Choice(["reflex", "all_tests"]),
    default="reflex",
    show_default=True,
    help="2007, 2013: a negative ISH settles IHC 2+, or every test must be negative.",
)
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
    from her2het.rules.case import case_from
    from her2het.rules.render import changes, head, texts_of
    from her2het.rules.status import VERSIONS, Policy, verdicts
    from her2het.schema import StudyError

    options = _record(given, single_probe)
    if record is not None and options:
        raise StudyError(f"--json: {', '.join(sorted(options))} is given by options too. Give the case one way.")
    if record is None and not options:
        raise StudyError("her2 call: no case. Give --ihc, --ratio and --copies, or --json FILE; see --help.")
    content = options if record is None else _read(record)
    if name is not None:
        content = {**content, "case": name}
    case = case_from(content)
    policy = Policy(
        "conventional" if uncovered == "conventional" else "review",
        cumulative,
        "all_tests" if combination == "all_tests" else "reflex",
    )
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


def _record(given: dict[str, Any], single_probe: bool) -> dict[str, Any]:
    """The options as a record for `case_from`; what was not given is left out."""
    have = {key: value for key, value in given.items() if value is not None}
    ihc = {key: have[key] for key in ("score", "zero_staining", "ic", "ii", "mc", "wi", "fi") if key in have}
    if "cell_scores" in have:
        ihc["cell_scores"] = _scores(have["cell_scores"])
    if "ihc_ok" in have:
        ihc["controls_ok"] = have["ihc_ok"]
    ish = {key: have[key] for key in ("ratio", "copies", "her2", "cep17", "n", "observer", "reported") if key in have}
    if "ish_ok" in have:
        ish["controls_ok"] = have["ish_ok"]
    recount = {key: have[f"recount_{key}"] for key in ("ratio", "copies", "n", "observer") if f"recount_{key}" in have}
    if "recount_blinded" in have:
        recount["blinded"] = have["recount_blinded"]
    parts = {"ihc": ihc, "single_probe" if single_probe else "ish": ish, "recount": recount}
    return {key: part for key, part in parts.items() if part}


def _scores(text: str) -> dict[str, str]:
    from her2het.schema import StudyError

    pairs = [part.partition("=") for part in text.split(",")]
    if not all(equals for _, equals, _ in pairs):
        raise StudyError(f"--cell-scores: {text!r} is not a list of percentages. Write 0=40,1=30,2=20,3=10.")
    return {score.strip(): percent.strip() for score, _, percent in pairs}


def _read(where: str) -> dict[str, Any]:
    from her2het.schema import StudyError

    name = "standard input" if where == "-" else Path(where).name
    try:
        with click.open_file(where, encoding="utf-8") as file:
            content = json.load(file, parse_float=Decimal)
    except json.JSONDecodeError as e:
        raise StudyError(f"{name} line {e.lineno}: not JSON ({e.msg}). Correct it.") from None
    except (OSError, UnicodeDecodeError) as e:
        raise StudyError(f"{name}: cannot be read ({e}). Name a text file with one case.") from None
    if not isinstance(content, dict):
        raise StudyError(f"{name}: holds no record. Write one case as {{...}}; her2 classify reads tables.")
    return content
