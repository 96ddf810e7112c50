"""`her2het explain NAME`: one analysis in words."""

import click


@click.command("explain")
@click.argument("name")
def command(name: str) -> None:
    """Explain the analysis NAME: its question, method, inputs, knobs with defaults and bounds, and result.

    \b
    Examples:
      her2het explain fish_heterogeneity
      her2het explain sample_qc
    """
    from her2het.analyses import PLAN
    from her2het.cli.texts import explain

    click.echo(explain(PLAN, PLAN[name]))
