"""`her2het demo [FOLDER]`."""

import time
from pathlib import Path
from typing import Final

import click

from her2het.cli.progress import STYLES, Style, progress

FIRST_LOOK: Final = (
    "sample_flow",
    "cohort_table",
    "her2_status",
    "fish_by_group",
    "sample_components",
    "mrna_protein",
    "biopsy_distance",
    "marker_expression",
    "erbb_genes",
    "pam50_genes",
    "checkpoints",
    "status_change",
    "heterogeneity_change",
    "treatment_distance",
)


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("her2het-demo"))
@click.option(
    "--all", "everything", is_flag=True, help="All analyses; the first time some kernels are compiled for it."
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Root of the random streams.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes. Default: processors, at most 4.")
@click.option("--progress", "style", type=click.Choice(STYLES), default="auto", help="How progress is told.")
def command(folder: Path, everything: bool, seed: int, workers: int | None, style: Style) -> None:
    """Simulate a trial, analyse it, and print where the report is. All data are synthetic.

    FOLDER (default her2het-demo) gets `study`, the synthetic study with its planted truth, and `results`. Without
    --all it is a first look within a minute; with it every analysis of the plan runs.

    \b
    Examples:
      her2het demo
      her2het demo my-demo --all --seed 7
    """
    from her2het.analyses import PLAN
    from her2het.cli.execute import Request, execute
    from her2het.cli.run import default_workers
    from her2het.cli.simulate import ensure_trial

    only = () if everything else FIRST_LOOK
    with progress(style) as told:
        clock = time.perf_counter()
        told.start("simulating a trial")
        how = ensure_trial(folder / "study", seed)
        told.done("synthetic trial", how, time.perf_counter() - clock)
        request = Request(folder / "study", folder / "results", workers=workers or default_workers(), only=only)
        report = execute(request, told).report
    click.echo("Synthetic data, research use only. Open the report:")
    click.echo(str(report.absolute()))
    if only:
        run, every = len(PLAN.upstream(only)), len(PLAN.listed)
        click.echo(f"A first look: {run} of {every} analyses. All of them: her2het demo {folder} --all")
