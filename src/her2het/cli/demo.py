"""`her2het demo [DIR]`."""

import time
from pathlib import Path

import click

from her2het.cli.progress import STYLES, Style, progress


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("her2het-demo"))
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Root of the random streams.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=None, help="Worker processes. Default: processors, at most 4."
)
@click.option("--progress", "style", type=click.Choice(STYLES), default="auto", help="How progress is told.")
def command(folder: Path, seed: int, workers: int | None, style: Style) -> None:
    """Simulate a trial, analyse it, and print where the report is. All data are synthetic.

    FOLDER (default her2het-demo) gets `study`, the synthetic study with its planted truth, and `results`.

    \b
    Examples:
      her2het demo
      her2het demo my-demo --seed 7
    """
    from her2het.cli.execute import Request, execute
    from her2het.cli.run import default_workers
    from her2het.cli.simulate import ensure_trial

    with progress(style) as told:
        clock = time.perf_counter()
        told.start("simulating a trial")
        how = ensure_trial(folder / "study", seed)
        told.done("synthetic trial", how, time.perf_counter() - clock)
        request = Request(folder / "study", folder / "results", workers=workers or default_workers())
        report = execute(request, told)
    click.echo("Synthetic data, research use only. Open the report:")
    click.echo(str(report.absolute()))
