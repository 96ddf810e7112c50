"""`her2het rna deconvolve`: shares of cell types from a signature that the user brings."""

from pathlib import Path
from typing import Literal

import click

from her2het.cli.rna.options import FILE, MATRIX, OUT, say, seed_option


@click.command("deconvolve")
@click.argument("mixtures", type=MATRIX)
@click.option("--signature", type=MATRIX, required=True, help="Genes x cell types, linear (her2het rna signature).")
@click.option(
    "--permutations",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Random mixtures for p; 100 or more.",
)
@click.option("--absolute", is_flag=True, help="Scores that compare between samples, not shares that sum to 1.")
@click.option("--quantile-normalise", is_flag=True, help="For microarrays; not for RNA-seq.")
@click.option(
    "--scale",
    type=click.Choice(["auto", "linear", "log2", "log2_cpm1"]),
    default="auto",
    show_default=True,
    help="What the mixtures are; logarithms are undone (log2_cpm1: 2^x - 1). auto: log2 where no value is above 30.",
)
@seed_option("permutations")
@click.option("--absent", type=FILE, help="Write the signature genes that the mixtures lack here.")
@OUT
def command(
    mixtures: Path,
    signature: Path,
    permutations: int,
    absolute: bool,
    quantile_normalise: bool,
    scale: Literal["auto", "linear", "log2", "log2_cpm1"],
    seed: int,
    absent: Path | None,
    out: Path | None,
) -> None:
    """Estimate shares of cell types by CIBERSORT's algorithm: sample, the cell types, correlation, rmse, nu (and p).

    MIXTURES: genes in rows, samples in columns; counts, CPM, TPM or intensities. With --permutations, p is the
    published one (it can be 0) and p_exceeding the share of random mixtures that fit as well (never 0).

    \b
    Examples:
      her2het rna deconvolve tpm.tsv --signature signature.tsv --permutations 500 --out cells.tsv
      her2het rna deconvolve log_cpm.tsv --scale log2_cpm1 --signature signature.tsv --absolute
    """
    import pandas as pd

    from her2het.io.matrix import read_matrix, read_matrix_with_notes
    from her2het.io.write import write_table
    from her2het.stats.deconvolution import deconvolution_table, deconvolve

    given, notes = read_matrix_with_notes(mixtures, unit=None if scale == "auto" else scale)
    result = deconvolve(
        given,
        read_matrix(signature, unit="linear"),
        permutations=permutations,
        absolute=absolute,
        quantile_normalise=quantile_normalise,
        seed=seed,
    )
    say([*notes, *result.notes])
    if absent is not None:
        write_table(pd.DataFrame({"gene": result.absent_genes}), absent)
    write_table(deconvolution_table(result), out)
