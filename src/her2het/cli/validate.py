"""`her2het validate`: planted against found over many synthetic trials."""

from pathlib import Path

import click

from her2het.cli.progress import STYLES, Style, progress
from her2het.engine import ENGINES, EngineName


@click.command("validate")
@click.option("--seeds", type=click.IntRange(1, 10_000), default=6, show_default=True, help="Trials per arm.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("her2het-validation"), show_default=True,
    help="Folder of the page, tables and figures; new or empty, or one of an earlier validation.",
)  # fmt: skip
@click.option("--null", "null_only", is_flag=True, help="Trials without effects alone: false findings.")
@click.option("--first", type=click.IntRange(0), default=1, show_default=True, help="Seed of the first trial.")
@click.option("--genes", type=click.IntRange(4000), default=4000, show_default=True, help="Genes of each trial.")
@click.option(
    "--workers", type=click.IntRange(1, 1024), default=None, help="Worker processes. Default: processors, at most 4."
)
@click.option(
    "--engine", type=click.Choice(ENGINES), default="processes", help="Where work runs. Same numbers on each."
)
@click.option("--progress", "style", type=click.Choice(STYLES), default="auto", help="How progress is told.")
def command(
    seeds: int,
    out: Path,
    null_only: bool,
    first: int,
    genes: int,
    workers: int | None,
    engine: EngineName,
    style: Style,
) -> None:
    """Simulate many trials with known truth, analyse them, and hold what was found against what was planted.

    Power, bias, coverage and false findings: a page (validation.html), tables and figures. Every trial is synthetic.
    The default takes a minute or two; a few hundred trials give narrow intervals.

    \b
    Examples:
      her2het validate
      her2het validate --seeds 200 --out validation-200 --workers 8
      her2het validate --null --seeds 500 --out false-findings
    """
    from her2het.cli.validation_page import validate

    with progress(style) as told:
        page = validate(seeds, out, null_only, first, genes, workers, engine, told)
    click.echo("Synthetic data, research use only. Open the page:")
    click.echo(str(page.absolute()))
