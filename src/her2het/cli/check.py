"""`her2het check STUDY`: all problems at once."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd

    from her2het.schema import Note
    from her2het.study import Study


@click.command("check")
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(study: Path, as_json: bool) -> int:
    """Check the folder STUDY (or a study.toml): settings, tables, links between them, groups, batches.

    Every problem is one sentence with its place, value, bound and remedy. Exit status 2 where there is one. Without
    one, the tables that were read, the patients of each group, and what is worth a second look.

    \b
    Examples:
      her2het check my-study
      her2het check my-study/study.toml --json
    """
    from her2het.analyses import PLAN
    from her2het.load import open_study
    from her2het.notice import INTENDED_USE
    from her2het.stats.grouping import group_sizes

    opened = open_study(study, PLAN)
    notes = list(opened.study.notes) if opened.study else []
    problems = list(opened.problems) if opened.study is None else unusable(opened.study)
    sizes: dict[str, int] = {}
    if opened.study and opened.groups is not None:
        sizes = group_sizes(opened.groups, opened.study.design)
        notes += group_notes(opened.groups, sizes, "fish_nuclei" in opened.study.tables)
    if as_json:
        record = {
            "intended_use": INTENDED_USE,
            "problems": problems,
            "notes": [vars(n) for n in notes],
            "groups": sizes,
            "tables": [vars(i) for i in opened.study.inputs] if opened.study else [],
        }
        click.echo(json.dumps(record, indent=1, ensure_ascii=False))
        return 2 if problems else 0
    if opened.study and not problems:
        for read in opened.study.inputs:
            click.echo(f"{read.table:12s} {read.file}: {read.rows:,} rows, {read.columns:,} columns")
        for label, n in sizes.items():
            click.echo(f"{'group':12s} {label}: {n:,} patient{'s' * (n != 1)}")
        for note in notes:
            click.echo(f"{note.level}: {note.title}. {note.text}")
        click.echo("No problems found.")
        return 0
    for problem in problems:
        click.echo(f"her2het: {problem}", err=True)
    count = len(problems)
    click.echo(f"{count} problem{'s' * (count > 1)} found.", err=True)
    return 2


def unusable(study: "Study") -> list[str]:
    """What an analysis would refuse in tables that are sound each for itself: staining that cannot be."""
    from her2het.analyses.her2_cases import specimens
    from her2het.schema import StudyError

    samples = study.frame("samples")
    if samples is None:
        return []
    try:
        specimens(samples, study.frame("ihc"), None, study.design, "first")
    except StudyError as e:
        return list(e.problems)
    return []


def group_notes(groups: "pd.DataFrame", sizes: dict[str, int], has_fish: bool) -> "list[Note]":
    """Who is in no group, and which groups are empty; patients whose HET a run computes from FISH are not lost yet."""
    from her2het.schema import Note

    out = groups[groups["group"].isna()]
    waiting = int(out["reason"].str.contains(r"\bhet\b.* missing", regex=True).sum()) if has_fish else 0
    notes: list[Note] = []
    if len(out):
        why = "; ".join(f"{n} × {reason}" for reason, n in out["reason"].value_counts().items())
        title = f"{len(out)} of {len(groups)} patients are in no group"
        notes.append(Note("note", title, f"Why: {why}."))
    if waiting:
        text = "A run computes HET from FISH nuclei where no call is given; these patients may then have a group."
        notes.append(Note("note", f"HET of {waiting} patients is not given", text))
    for label, n in sizes.items():
        if n == 0 and not waiting:
            text = (
                "Its expression holds for no patient, and what compares this group is left out. Check the expression."
            )
            notes.append(Note("caution", f"Nobody is in {label}", text))
    return notes
