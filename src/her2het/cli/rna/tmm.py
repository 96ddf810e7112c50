"""`her2het rna tmm`: normalisation factors, and log expression from counts."""

from pathlib import Path
from typing import Literal

import click

from her2het.cli.rna.options import MATRIX, OUT, count_options, say


@click.command("tmm")
@click.argument("counts", type=MATRIX)
@click.option("--log-cpm", is_flag=True, help="Write the matrix of log expression instead of the factors.")
@click.option(
    "--scale",
    type=click.Choice(["log2_cpm1", "edger_prior2"]),
    default="log2_cpm1",
    show_default=True,
    help="For --log-cpm: log2(TMM-CPM + 1), or edgeR's cpm(log=TRUE, prior.count=2).",
)
@count_options
@OUT
def command(
    counts: Path,
    log_cpm: bool,
    scale: Literal["log2_cpm1", "edger_prior2"],
    names: Literal["symbol", "id"],
    strand: Literal["unstranded", "forward", "reverse"],
    out: Path | None,
) -> None:
    """Compute TMM normalisation factors as edgeR does: sample, lib_size, norm_factor.

    COUNTS: raw counts, genes in rows, samples in columns (TSV, CSV, GCT, Parquet, H5AD, nf-core/rnaseq), or a folder
    of STAR ReadsPerGene.out.tab.

    \b
    Examples:
      her2het rna tmm counts.tsv.gz
      her2het rna tmm counts.tsv.gz --log-cpm --out log_cpm.tsv
    """
    import pandas as pd

    from her2het.io.matrix import read_matrix_with_notes
    from her2het.io.write import matrix_table, write_table
    from her2het.kernels.tmm import log_cpm1, log_cpm_edger, tmm_factors
    from her2het.schema import Matrix

    matrix, notes = read_matrix_with_notes(counts, unit="counts", names=names, strand=strand)
    say(notes)
    tmm = tmm_factors(matrix.values)
    if not log_cpm:
        columns = {"sample": matrix.columns, "lib_size": tmm.lib_size, "norm_factor": tmm.norm_factor}
        write_table(pd.DataFrame(columns).astype({"lib_size": "int64"}), out)
        return
    if scale == "log2_cpm1":
        values = log_cpm1(matrix.values, tmm.effective_lib)
    else:
        values = log_cpm_edger(matrix.values, tmm.lib_size, tmm.norm_factor)
    write_table(matrix_table(Matrix(values, matrix.rows, matrix.columns, scale)), out)
