"""`her2het rna gsva`: gene set scores relative to the cohort."""

from pathlib import Path
from typing import Literal

import click

from her2het.cli.rna.scores import FILE, MATRIX, OUT, say, say_what_is_left_out


@click.command("gsva")
@click.argument("matrix", type=MATRIX)
@click.option("--sets", type=FILE, required=True, help="Gene sets (GMT), symbols or Entrez as in the matrix.")
@click.option(
    "--kernel",
    type=click.Choice(["gaussian", "poisson"]),
    default="gaussian",
    show_default=True,
    help="Gaussian for log2 values, Poisson for counts.",
)
@click.option(
    "--min-size", type=click.IntRange(min=1), default=1, show_default=True, help="Fewest genes of a set in the matrix."
)
@click.option("--max-size", type=click.IntRange(min=1), help="Most genes of a set in the matrix.")
@click.option("--drop-constant", is_flag=True, help="Leave out genes that do not vary, as R does; else refuse them.")
@click.option("--control", type=FILE, help="Samples (first column) whose mean score is subtracted: delta scores.")
@click.option("--dropped", type=FILE, help="Write the sets and genes that were left out here.")
@OUT
def command(
    matrix: Path,
    sets: Path,
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
      her2het rna gsva log_cpm.tsv --sets kegg.gmt --control pcr_samples.txt
    """
    from her2het.cli.rna.scores import control_samples
    from her2het.io.gmt import read_gmt
    from her2het.io.matrix import read_matrix_with_notes
    from her2het.io.write import matrix_table, write_table
    from her2het.stats.gene_sets import delta_scores, gsva

    expression, notes = read_matrix_with_notes(matrix, unit="log2" if kernel == "gaussian" else "counts")
    say(notes)
    result = gsva(
        expression,
        read_gmt(sets),
        kernel=kernel,
        min_size=min_size,
        max_size=max_size,
        constant="drop" if drop_constant else "refuse",
    )
    say_what_is_left_out(result, dropped)
    scores = delta_scores(result.scores, control_samples(control)) if control else result.scores
    write_table(matrix_table(scores, "set"), out)
