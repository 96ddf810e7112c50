"""`her2het rna pca`: principal components of samples, and samples far from the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from her2het.cli.rna.options import FILE, MATRIX, OUT, say

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@click.command("pca")
@click.argument("matrix", type=MATRIX)
@click.option("--components", type=click.IntRange(min=1), default=10, show_default=True, help="How many, at most.")
@click.option("--variance", type=FILE, help="Write SD and share of variance of each component here.")
@click.option("--loadings", type=FILE, help="Write the loadings of the genes here.")
@click.option("--outliers", type=FILE, help="Write each sample's distance by two outlier rules here.")
@click.option(
    "--limit", type=click.FloatRange(min=0), default=5.0, show_default=True, help="Limit of both rules, in SD."
)
@OUT
def command(
    matrix: Path,
    components: int,
    variance: Path | None,
    loadings: Path | None,
    outliers: Path | None,
    limit: float,
    out: Path | None,
) -> None:
    """Compute principal components of samples: sample, PC1, PC2, …

    MATRIX: log2 expression, genes in rows, samples in columns; all its genes are used, centred and not scaled. The sign
    of a component makes its score of largest absolute value positive. --outliers gives the trial paper's rule (PC2
    beyond mean +- 5 SD, which can flag nobody among fewer than 27 samples) and a robust one (median and MAD over the
    first five components).

    \b
    Examples:
      her2het rna pca log_cpm.tsv --out scores.tsv --variance variance.tsv
      her2het rna pca log_cpm.tsv --outliers outliers.tsv
    """
    import pandas as pd

    from her2het.io.matrix import read_matrix_with_notes
    from her2het.io.write import write_table
    from her2het.kernels.pca import pca
    from her2het.schema import StudyError

    expression, notes = read_matrix_with_notes(matrix, unit="log2")
    say(notes)
    if len(expression.columns) < 2:
        raise StudyError(f"{matrix.name}: {len(expression.columns)} sample; components compare 2 or more. Add samples.")
    try:
        result = pca(expression.values, max(components, 5) if outliers else components)
    except ValueError as error:
        raise StudyError(f"{matrix.name}: {error}, so there are no components. Check the matrix.") from None
    names = [f"PC{i + 1}" for i in range(result.scores.shape[1])]
    shown = names[:components]
    if variance is not None:
        columns = {"component": names, "sd": result.sd, "share": result.share}
        write_table(pd.DataFrame(columns).head(components), variance)
    if loadings is not None:
        table = pd.DataFrame(result.loadings[:, :components], columns=pd.Index(shown))
        write_table(pd.concat([pd.Series(expression.rows, name="gene"), table], axis=1), loadings)
    if outliers is not None:
        write_table(_outliers(expression.columns, result.scores, limit), outliers)
    scores = pd.DataFrame(result.scores[:, :components], columns=pd.Index(shown))
    write_table(pd.concat([pd.Series(expression.columns, name="sample"), scores], axis=1), out)


def _outliers(samples: tuple[str, ...], scores: NDArray[np.float64], limit: float) -> pd.DataFrame:
    import pandas as pd

    from her2het.kernels.outliers import beyond_mad, beyond_sd

    robust = beyond_mad(scores[:, :5], limit)
    columns: dict[str, Any] = {"sample": samples}
    if scores.shape[1] > 1:
        literal = beyond_sd(scores[:, 1], limit)
        columns |= {"pc2_sd": literal.distance, "pc2_flagged": literal.flagged}
    columns |= {
        "mad": robust.distance,
        "mad_component": [f"PC{i + 1}" for i in robust.component],
        "mad_flagged": robust.flagged,
    }
    return pd.DataFrame(columns)
