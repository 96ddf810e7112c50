"""`her2het rna gsva`: gene set scores relative to the cohort."""

from pathlib import Path
from typing import Literal

import click

from her2het.cli.rna.options import MATRIX, OUT, gene_set_options, say


@click.command("gsva")
@click.argument("matrix", type=MATRIX)
@gene_set_options
@click.option(
    "--kernel",
    type=click.Choice(["gaussian", "poisson"]),
    default="gaussian",
    show_default=True,
    help="Gaussian for log2 values, Poisson for counts.",
)
@click.option("--drop-constant", is_flag=True, help="Leave out genes that do not vary, as R does; else refuse them.")
@OUT
def command(
    matrix: Path,
    sets: str,
    kernel: Literal["gaussian", "poisson"],
    min_size: int,
    max_size: int | None,
    drop_constant: bool,
    control: Path | None,
    dropped: Path | None,
    out: Path | None,
) -> None:
    """Score gene sets per sample, relative to the cohort (GSVA as in R's GSVA 1.46). Sets x samples.

    MATRIX: genes in rows, samples in columns; log2 values, or counts with --kernel poisson.

    \b
    Examples:
      her2het rna gsva log_cpm.tsv --sets c2.cp.reactome.gmt --min-size 10 --max-size 500 --out gsva.tsv
      her2het rna gsva log_cpm.tsv --sets erbb-pi3k --control pcr_samples.txt
    """
    from her2het.cli.rna.scores import control_samples, gene_sets, say_what_is_left_out
    from her2het.io.matrix import read_matrix_with_notes
    from her2het.io.write import matrix_table, write_table
    from her2het.stats.gene_sets import delta_scores, gsva

    expression, notes = read_matrix_with_notes(matrix, unit="log2" if kernel == "gaussian" else "counts")
    say(notes)
    result = gsva(
        expression,
        gene_sets(sets),
        kernel=kernel,
        min_size=min_size,
        max_size=max_size,
        constant="drop" if drop_constant else "refuse",
    )
    say_what_is_left_out(result, dropped)
    scores = delta_scores(result.scores, control_samples(control)) if control else result.scores
    write_table(matrix_table(scores, "set"), out)
