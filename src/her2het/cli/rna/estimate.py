"""`her2het rna estimate`: stromal and immune scores."""

from pathlib import Path
from typing import Literal

import click

from her2het.cli.rna.options import FILE, MATRIX, OUT, say


@click.command("estimate")
@click.argument("matrix", type=MATRIX)
@click.option(
    "--platform",
    type=click.Choice(["illumina", "affymetrix"]),
    required=True,
    help="Illumina (also RNA-seq): no purity. Affymetrix: with tumour purity.",
)
@click.option(
    "--aliases/--no-aliases",
    default=False,
    show_default=True,
    help="Find six renamed signature genes under present symbols too; the published program does not.",
)
@click.option("--dropped", type=FILE, help="Write the signature genes that the matrix lacks here.")
@OUT
def command(
    matrix: Path, platform: Literal["illumina", "affymetrix"], aliases: bool, dropped: Path | None, out: Path | None
) -> None:
    """Score stroma and immune cells as ESTIMATE does: sample, stromal, immune, estimate (and purity).

    MATRIX: gene symbols in rows, samples in columns. Only the order within a sample counts, so counts, CPM and logs
    give the same scores. Tumour purity was fitted on Affymetrix arrays and is given for these alone.

    \b
    Examples:
      her2het rna estimate log_cpm.tsv --platform illumina --out estimate.tsv
      her2het rna estimate array.tsv --platform affymetrix
    """
    from her2het.io.matrix import read_matrix_with_notes
    from her2het.io.write import write_table
    from her2het.stats.stromal_immune import estimate

    expression, notes = read_matrix_with_notes(matrix)
    result = estimate(expression, platform, aliases=aliases)
    say([*notes, f"{result.common_genes:,} of ESTIMATE's 10,412 common genes found.", *result.notes])
    if dropped is not None:
        write_table(result.absent, dropped)
    write_table(result.table, out)
