"""Cell fractions of samples from a signature that the user brings: CIBERSORT's algorithm on named matrices."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2het.kernels.deconvolve import (
    absolute_scale,
    cell_fractions,
    exceedance_p,
    null_correlations,
    published_p,
    quantile_normalised,
)
from her2het.kernels.markers import condition_number
from her2het.schema import Matrix, Note, StudyError
from her2het.stats.linear_scale import linear_values

SMALLEST_LINEAR = 50.0  # CIBERSORT's own script takes matrices below this for logarithms
FEWEST_FOR_P = 100  # permutations; Newman et al. 2015 ask for at least as many


@dataclass(frozen=True, eq=False)
class Deconvolution:
    """Fractions and fit of every sample, and the signature genes that the mixtures lack.

    `fractions`: cell types x samples; columns sum to 1, or to the absolute score in absolute mode. `fit`: one row per
    sample with correlation, rmse, nu, p (CIBERSORT's own, which can be 0), p_exceeding (never 0) and absolute_scale.
    """

    fractions: Matrix
    fit: pd.DataFrame
    absent_genes: tuple[str, ...]
    notes: tuple[Note, ...]


def deconvolve(
    mixtures: Matrix,
    signature: Matrix,
    *,
    permutations: int = 0,
    absolute: bool = False,
    quantile_normalise: bool = False,
    seed: int = 0,
) -> Deconvolution:
    """Estimate the shares of cell types in each sample from a signature (see `kernels.deconvolve.cell_fractions`).

    `mixtures`: genes x samples, linear, counts or log2 (which is taken back); `signature`: genes x cell types, linear.
    Both keep the genes that they share. `permutations`: how many random mixtures give p (0: none). `absolute`: shares
    times the median over the signature genes divided by the median of everything, so that samples compare too.
    `quantile_normalise`: give all samples one distribution first (microarrays; not for RNA-seq).

    Shares are relative to the types in the signature; malignant cells are not in an immune signature. A sample's
    shares do not depend on the other samples, unless quantiles are normalised; its p and absolute score do.
    :raises StudyError: for too few shared genes, other identifiers, samples without spread, or logs in the signature
    Newman et al. 2015, doi:10.1038/nmeth.3337.
    """
    if permutations < 0:
        raise StudyError(f"deconvolution: {permutations} permutations, below 0. Give 0 or at least {FEWEST_FOR_P}.")
    everything, notes = linear_values(mixtures, "deconvolution: mixtures")
    if quantile_normalise:
        everything = quantile_normalised(everything)
    reference, _ = linear_values(Matrix(signature.values, signature.rows, signature.columns, "linear"), "signature")
    at = {gene: i for i, gene in enumerate(mixtures.rows)}
    shared = [i for i, gene in enumerate(signature.rows) if gene in at]
    _check_shared(shared, mixtures, signature)
    columns = reference[shared]
    found = everything[[at[signature.rows[i]] for i in shared]]
    flat = np.flatnonzero(np.ptp(found, axis=0) == 0)
    if flat.size:
        raise StudyError(
            f"deconvolution: sample {mixtures.columns[int(flat[0])]!r} has one value in all {len(shared)} genes of the "
            f"signature, {flat.size} such sample{'s' * (flat.size > 1)}. Leave it out."
        )
    result = cell_fractions(columns, found)
    null = null_correlations(columns, everything, permutations, seed)
    scale = absolute_scale(found, everything)
    share = result.share * scale[:, None] if absolute else result.share
    fit = pd.DataFrame(
        {
            "sample": mixtures.columns,
            "correlation": result.correlation,
            "rmse": result.rmse,
            "nu": result.nu,
            "p": published_p(result.correlation, null),
            "p_exceeding": exceedance_p(result.correlation, null),
            "absolute_scale": scale,
        }
    )
    matrix = Matrix(share.T, signature.columns, mixtures.columns, "absolute_score" if absolute else "fraction")
    absent = tuple(gene for gene in signature.rows if gene not in at)
    notes += _cautions(len(shared), len(absent), condition_number(columns), permutations)
    if columns.max() < SMALLEST_LINEAR:
        text = f"The largest value of the signature is {columns.max():.3g}: if these are logarithms, take them back."
        notes.append(Note("caution", "Small values in the signature", text))
    unfit = [name for name, r in zip(mixtures.columns, result.correlation, strict=True) if np.isnan(r)]
    if unfit:
        text = f"{', '.join(unfit[:5])}: no cell type has a positive weight, so there are no shares."
        notes.append(Note("caution", "Samples unlike every cell type", text))
    return Deconvolution(matrix, fit, absent, tuple(notes))


def deconvolution_table(result: Deconvolution) -> pd.DataFrame:
    """One row per sample: the cell types in the order of the signature, then the fit (p only where asked for)."""
    shares = pd.DataFrame(result.fractions.values.T, columns=pd.Index(result.fractions.rows))
    clash = [name for name in result.fractions.rows if name in result.fit.columns]
    if clash:
        raise StudyError(f"signature: a cell type is called {clash[0]!r}, as a column of the answer. Rename it.")
    fit = result.fit.drop(columns=["p", "p_exceeding"]) if result.fit["p"].isna().all() else result.fit
    return pd.concat([fit[["sample"]], shares, fit.drop(columns="sample")], axis=1)


def _check_shared(shared: list[int], mixtures: Matrix, signature: Matrix) -> None:
    needed = len(signature.columns) + 2
    if len(shared) >= needed and len(signature.columns) >= 2:
        return
    if len(signature.columns) < 2:
        raise StudyError("signature: one cell type, so its share is 1 by definition. Give two types or more.")
    raise StudyError(
        f"deconvolution: {len(shared)} of the {len(signature.rows):,} genes of the signature (such as "
        f"{signature.rows[0]!r}) are among the {len(mixtures.rows):,} rows of the mixtures (such as "
        f"{mixtures.rows[0]!r}), {needed} are needed for {len(signature.columns)} types. Give both in one identifier."
    )


def _cautions(shared: int, absent: int, condition: float, permutations: int) -> list[Note]:
    notes: list[Note] = []
    if absent:
        level = "caution" if absent > shared else "note"
        text = f"{absent:,} of {absent + shared:,} genes of the signature are not in the mixtures and were left out."
        notes.append(Note(level, "Signature genes missing", text))
    if condition > 100:
        text = f"The condition number of the signature is {condition:.3g}: some cell types can hardly be told apart."
        notes.append(Note("caution", "Ill-conditioned signature", text))
    if 0 < permutations < FEWEST_FOR_P:
        text = f"{permutations} permutations give a coarse p; {FEWEST_FOR_P} or more are usual."
        notes.append(Note("caution", "Few permutations", text))
    return notes
