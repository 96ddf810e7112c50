"""`her2het list`: the analyses of the plan."""

import json

import click


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(as_json: bool) -> None:
    """Name the analyses, in the order of the report, with what each needs.

    \b
    Examples:
      her2het list
      her2het list --json
    """
    from her2het.analyses import PLAN
    from her2het.cli.texts import needs

    if as_json:
        rows = [{"name": a.name, "section": a.section, "title": a.title, "needs": needs(PLAN, a)} for a in PLAN.listed]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    section = ""
    for a in PLAN.listed:
        if a.section != section:
            section = a.section
            click.echo(f"\n{section}")
        click.echo(f"  {a.name:24s} {a.title}\n{'':27s}needs {', '.join(needs(PLAN, a)) or 'the study alone'}")
