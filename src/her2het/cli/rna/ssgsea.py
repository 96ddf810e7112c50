"""`her2het rna ssgsea`: gene set scores of each sample."""

from pathlib import Path

import click

from her2het.cli.rna.options import MATRIX, OUT, gene_set_options, say


@click.command("ssgsea")
@click.argument("matrix", type=MATRIX)
@gene_set_options
@click.option(
    "--alpha", type=click.FloatRange(min=0), default=0.25, show_default=True, help="Weight of a hit: rank^alpha."
)
@click.option(
    "--normalise/--no-normalise",
    default=True,
    show_default=True,
    help="Divide by the range of all scores, as R does; scores then depend on the cohort.",
)
@OUT
def command(
    matrix: Path,
    sets: str,
    alpha: float,
    normalise: bool,
    min_size: int,
    max_size: int | None,
    control: Path | None,
    dropped: Path | None,
    out: Path | None,
) -> None:
    """Score gene sets by each sample's own ranking (ssGSEA as in R's GSVA 1.46). Sets x samples.

    MATRIX: genes in rows, samples in columns. Counts, CPM and logs give the same ranking and so the same scores.

    \b
    Examples:
      her2het rna ssgsea log_cpm.tsv --sets c2.cp.reactome.gmt --out ssgsea.tsv
      her2het rna ssgsea one_sample.tsv --sets kegg.gmt --no-normalise
    """
    from her2het.cli.rna.scores import control_samples, gene_sets, say_what_is_left_out
    from her2het.io.matrix import read_matrix_with_notes
    from her2het.io.write import matrix_table, write_table
    from her2het.stats.gene_sets import delta_scores, ssgsea

    expression, notes = read_matrix_with_notes(matrix)
    say(notes)
    result = ssgsea(expression, gene_sets(sets), alpha=alpha, normalise=normalise, min_size=min_size, max_size=max_size)
    say_what_is_left_out(result, dropped)
    scores = delta_scores(result.scores, control_samples(control)) if control else result.scores
    write_table(matrix_table(scores, "set"), out)
