"""Shrunken effects of a comparison of a fitted model."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from her2het.kernels.deseq.layout import layout
from her2het.kernels.deseq.pipeline import Run, settled
from her2het.kernels.deseq.shrinkage import (
    WIDE,
    cauchy_scale,
    cauchy_shrinkage,
    normal_prior_variance,
    normal_ridge,
)
from her2het.kernels.deseq.special import LN2
from her2het.kernels.deseq.wald import standard_errors
from her2het.schema import StudyError
from her2het.stats.design import Comparison, DesignMatrix, comparison, recoded

Shrink = Literal["none", "normal", "apeglm"]
Floats = NDArray[np.float64]


def shrunken_effect(
    done: Run, design: DesignMatrix, asked: Comparison, effect: Floats, error: Floats, kind: Shrink
) -> tuple[Floats, Floats]:
    """Log2 effect and posterior standard deviation of a contrast under a prior around 0, per gene.

    normal: a normal prior on every coefficient but the intercept, its variance from the largest effects (Love 2014,
    doi:10.1186/s13059-014-0550-8). apeglm: a Cauchy prior on this effect alone, its scale from all effects (Zhu 2019,
    doi:10.1093/bioinformatics/bty895). Where the contrast is no single coefficient, the design is recoded so that it is
    one (the second level becomes the reference). Genes without counts stay missing.
    :raises StudyError: for the intercept
    """
    if not asked.weights.any() or (design.columns[0] == "Intercept" and asked.weights[0] != 0):
        raise StudyError(f"shrinkage: {asked.name} contains the intercept. Choose a difference.")
    fitted, _ = design.conditioned()
    matrix, column, unit = _as_column(design, asked)
    plan = layout(matrix)
    beta = done.genes.beta @ (np.linalg.pinv(matrix) @ fitted).T
    alpha = done.genes.dispersion
    if kind == "apeglm":
        scale = cauchy_scale(effect * LN2 / unit, error * LN2 / unit)
        found = cauchy_shrinkage(
            done.used_counts, done.size_factors, plan, np.ascontiguousarray(beta), alpha, column, scale
        )
        return found.effect * unit / LN2, found.error * unit / LN2
    with np.errstate(divide="ignore"):
        weight = 1 / (1 / done.genes.base_mean + done.genes.fitted)
    intercept = (matrix == 1).all(axis=0)
    variances = np.array(
        [WIDE if intercept[j] else normal_prior_variance(beta[:, j] / LN2, weight) for j in range(matrix.shape[1])]
    )
    ridge = normal_ridge(variances)
    fit = settled(done.used_counts, done.size_factors, plan, alpha, ridge)
    alone = np.eye(matrix.shape[1])[[column]]
    errors = standard_errors(done.size_factors, plan, fit.beta, alpha, ridge, alone)[:, 0]
    return fit.beta[:, column] * unit / LN2, errors * unit


def _as_column(design: DesignMatrix, asked: Comparison) -> tuple[Floats, int, float]:
    """A design matrix of the same span of which the contrast is one coefficient; its column; the effect per unit of it.

    Two levels: the factor with the second as its reference. Otherwise, with C the identity whose row k is the weights,
    coefficients b become C b and the design X C^-1.
    """
    if asked.of is not None:
        variable, _, lower = asked.of
        other = recoded(design, variable, lower)
        column = np.flatnonzero(comparison(other, asked.of).weights)
        if len(column) == 1:
            return other.conditioned()[0], int(column[0]), 1.0
    fitted, back = design.conditioned()
    weights = asked.weights @ back
    k = int(np.argmax(np.abs(weights)))
    unit = float(np.abs(weights[k]))
    recode = np.eye(len(weights))
    recode[k] = weights / unit
    return np.ascontiguousarray(fitted @ np.linalg.inv(recode)), k, unit
