"""`her2het run STUDY --out DIR`."""

import os
from pathlib import Path

import click

from her2het.cli.progress import STYLES, Style, progress
from her2het.engine import ENGINES, EngineName


def default_workers() -> int:
    """As many as there are processors for this process, at most 4."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(4, count)


@click.command("run")
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the results; appears whole.")
@click.option(
    "--workers", type=click.IntRange(1, 1024), default=None, help="Worker processes. Default: processors, at most 4."
)
@click.option(
    "--engine", type=click.Choice(ENGINES), default="processes", help="Where work runs. Same numbers on each."
)
@click.option("--only", multiple=True, metavar="NAME", help="Run this analysis and what it needs; may be repeated.")
@click.option("--set", "sets", multiple=True, metavar="A.B=C", help="Set knob B of analysis A to C; may be repeated.")
@click.option("--progress", "style", type=click.Choice(STYLES), default="auto", help="How progress is told.")
def command(
    study: Path,
    out: Path,
    workers: int | None,
    engine: EngineName,
    only: tuple[str, ...],
    sets: tuple[str, ...],
    style: Style,
) -> int:
    """Analyse the folder STUDY and write report, tables, figures, workbook and methods to --out.

    What was computed before with the same code, inputs and knobs is taken from the cache. A run that was stopped goes
    on where it was when started again. An analysis that cannot use its data is left out with the reason, and so is what
    rests on it; the rest is done.

    Exit status: 0 all went well; 2 a problem, and nothing was written; 3 the report is written, but an analysis met a
    problem of the input.

    \b
    Examples:
      her2het run my-study --out my-results
      her2het run my-study --out my-results --set sample_qc.rule=robust
      her2het run my-study --out my-results --only marker_expression --workers 2
    """
    from her2het.cli.execute import Request, execute

    request = Request(study, out, engine, workers or default_workers(), only, sets)
    with progress(style) as told:
        finished = execute(request, told)
    for sentence in finished.complaints():
        click.echo(f"her2het: {sentence}", err=True)
    click.echo(str(finished.report))
    return finished.status
