"""`her2het check STUDY`: all problems at once."""

import json
from pathlib import Path

import click


@click.command("check")
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(study: Path, as_json: bool) -> int:
    """Check the folder STUDY (or a study.toml): settings, tables, links between them, groups, batches.

    Every problem is one sentence with its place, value, bound and remedy. Exit status 2 where there is one.

    \b
    Examples:
      her2het check my-study
      her2het check my-study/study.toml --json
    """
    from her2het.analyses import PLAN
    from her2het.load import open_study
    from her2het.notice import INTENDED_USE

    opened = open_study(study, PLAN)
    notes = opened.study.notes if opened.study else ()
    if as_json:
        record = {
            "intended_use": INTENDED_USE,
            "problems": list(opened.problems),
            "notes": [vars(n) for n in notes],
            "tables": [vars(i) for i in opened.study.inputs] if opened.study else [],
        }
        click.echo(json.dumps(record, indent=1, ensure_ascii=False))
        return 2 if opened.problems else 0
    if opened.study:
        for read in opened.study.inputs:
            click.echo(f"{read.table:12s} {read.file}: {read.rows:,} rows, {read.columns:,} columns")
        for note in notes:
            click.echo(f"{note.level}: {note.title}. {note.text}")
        click.echo("No problems found.")
        return 0
    for problem in opened.problems:
        click.echo(f"her2het: {problem}", err=True)
    count = len(opened.problems)
    click.echo(f"{count} problem{'s' * (count > 1)} found.", err=True)
    return 2
