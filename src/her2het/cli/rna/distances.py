"""`her2het rna distances`: how far samples lie apart, within and between patients, and from the baseline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from her2het.cli.rna.options import FILE, MATRIX, OUT, say

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from her2het.schema import Matrix


@click.command("distances")
@click.argument("matrix", type=MATRIX)
@click.option("--samples", type=FILE, required=True, help="Table with columns sample and patient (and timepoint).")
@click.option("--components", type=click.IntRange(min=1), help="Distance on so many principal components instead.")
@click.option(
    "--pairs", type=click.Choice(["all", "within", "between"]), default="all", show_default=True, help="Which pairs."
)
@click.option(
    "--to-baseline",
    type=click.Choice(["mean", "nearest"]),
    help="Distance from each sample to the mean or the nearest of its patient's baseline biopsies instead of pairs.",
)
@click.option("--baseline", default="baseline", show_default=True, help="The timepoint that is baseline.")
@OUT
def command(
    matrix: Path,
    samples: Path,
    components: int | None,
    pairs: Literal["all", "within", "between"],
    to_baseline: Literal["mean", "nearest"] | None,
    baseline: str,
    out: Path | None,
) -> None:
    """Compute Euclidean distances between samples over all genes of a matrix.

    MATRIX: log2 expression, genes in rows, samples in columns. Output: sample_1, sample_2, patient_1, patient_2,
    within, distance; with --to-baseline sample, patient, timepoint, distance, biopsies (of the baseline), nearest.
    Pairs that share a sample are not independent: aggregate per patient before a test.

    \b
    Examples:
      her2het rna distances log_cpm.tsv --samples samples.tsv --pairs within
      her2het rna distances log_cpm.tsv --samples samples.tsv --to-baseline mean --baseline pre
    """
    from her2het.io.matrix import read_matrix_with_notes
    from her2het.io.write import write_table
    from her2het.schema import StudyError

    expression, notes = read_matrix_with_notes(matrix, unit="log2")
    table = _sample_table(samples, expression, need_timepoint=to_baseline is not None)
    say(notes)
    if len(expression.columns) < 2:
        raise StudyError(f"{matrix.name}: {len(expression.columns)} sample; a distance is between two. Add samples.")
    patients = table["patient"]
    if to_baseline is None and pairs == "within" and not patients.duplicated().any():
        raise StudyError(
            f"{samples.name}: no two samples are of one patient, so no pair is within one. Use --pairs all."
        )
    if to_baseline is None and pairs == "between" and patients.eq(patients.iloc[0]).all():
        raise StudyError(f"{samples.name}: all samples are of one patient, so no pair is between two. Use --pairs all.")
    try:
        values = _profiles(expression, components)
    except ValueError as error:
        raise StudyError(f"{matrix.name}: {error}, so there are no components. Check the matrix.") from None
    if to_baseline is not None:
        write_table(_from_baseline(values, table, to_baseline, baseline), out)
    else:
        write_table(_pairs(values, table, pairs), out)


def _sample_table(path: Path, expression: Matrix, *, need_timepoint: bool) -> pd.DataFrame:
    """Patient (and timepoint) of every column of the matrix, in its order."""
    from her2het.io.text_table import read_text_table
    from her2het.schema import StudyError, TableSpec
    from her2het.tables import SAMPLES

    names = ("sample", "patient", "timepoint") if need_timepoint else ("sample", "patient")
    spec = TableSpec("samples", SAMPLES.doc, SAMPLES.key, {n: SAMPLES.columns[n] for n in names}, extra=True)
    text = read_text_table(path, unnamed="sample")
    table = spec.conform(text.frame, text.origin).set_index("sample")
    unknown = [name for name in expression.columns if name not in table.index]
    if unknown:
        raise StudyError(
            f"{path.name}: sample {unknown[0]!r} of the matrix is not in the table, {len(unknown)} such "
            f"sample{'s' * (len(unknown) > 1)} of {len(expression.columns)}. Add it, or take it out of the matrix."
        )
    return table.loc[list(expression.columns)].reset_index()


def _profiles(expression: Matrix, components: int | None) -> NDArray[Any]:
    from her2het.kernels.pca import pca

    return expression.values if components is None else pca(expression.values, components).scores.T


def _pairs(values: NDArray[Any], table: pd.DataFrame, which: str) -> pd.DataFrame:
    import pandas as pd

    from her2het.kernels.distances import euclidean, within_between

    found = within_between(euclidean(values), pd.factorize(table["patient"])[0])
    sample, patient = table["sample"].to_numpy(), table["patient"].to_numpy()
    frame = pd.DataFrame(
        {
            "sample_1": sample[found.first],
            "sample_2": sample[found.second],
            "patient_1": patient[found.first],
            "patient_2": patient[found.second],
            "within": found.within,
            "distance": found.distance,
        }
    )
    return frame if which == "all" else frame[frame["within"] == (which == "within")]


def _from_baseline(values: NDArray[Any], table: pd.DataFrame, how: str, baseline: str) -> pd.DataFrame:
    import pandas as pd

    from her2het.kernels.distances import to_baseline_mean, to_baseline_nearest
    from her2het.schema import StudyError

    is_baseline = (table["timepoint"] == baseline).to_numpy(dtype=bool)
    if not is_baseline.any():
        known = ", ".join(sorted(set(table["timepoint"])))
        raise StudyError(
            f"samples.timepoint: no sample is {baseline!r}; timepoints are {known}. Name one (--baseline)."
        )
    codes = pd.factorize(table["patient"])[0]
    found = (to_baseline_mean if how == "mean" else to_baseline_nearest)(values, codes, is_baseline)
    sample = table["sample"].to_numpy()
    return pd.DataFrame(
        {
            "sample": sample,
            "patient": table["patient"],
            "timepoint": table["timepoint"],
            "distance": found.distance,
            "biopsies": found.biopsies,
            "nearest": [sample[i] if i >= 0 else "" for i in found.nearest],
        }
    )
