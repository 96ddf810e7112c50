"""Standard errors of contrasts, and tests of one coefficient (Wald) or of several (likelihood ratio)."""

from typing import Literal, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import gammaincc, ndtr

from her2het.kernels.compile_options import KERNEL, LEAF
from her2het.kernels.deseq.arrow import arrow_room, factor, solve, to_cells
from her2het.kernels.deseq.dispersion import GENES_PER_CHUNK, MIN_MU
from her2het.kernels.deseq.layout import Layout
from her2het.kernels.deseq.special import LN2, exp_row
from her2het.kernels.threads import over_chunks

Alternative = Literal["greaterAbs", "lessAbs", "greater", "less"]
Floats = NDArray[np.float64]


class Test(NamedTuple):
    """Statistic and p-value of each gene."""

    stat: Floats
    p: Floats


def standard_errors(
    size_factors: Floats, design: Layout, beta: Floats, alpha: Floats, ridge: Floats, contrasts: Floats
) -> Floats:
    """Standard errors (log2 scale, genes x contrasts) of linear combinations c'b of the coefficients.

    c' M^-1 (X'WX) M^-1 c with M = X'WX + diag(ridge), W = mu / (1 + alpha mu) and mu clipped at 0.5.
    `beta`: genes x columns, natural log scale; `contrasts`: contrasts x columns. NaN where alpha is NaN.
    Love 2014, doi:10.1186/s13059-014-0550-8.
    """
    contrasts = np.ascontiguousarray(contrasts, dtype=np.float64)
    out = np.full((len(beta), len(contrasts)), np.nan)
    args = (size_factors[design.order], design.fit, beta, alpha, ridge, contrasts, out)
    over_chunks(lambda a, b: _errors(a, b, *args), len(beta), GENES_PER_CHUNK)
    return out


@njit(**LEAF)
def cell_weights(sf, arrow, alpha, mean, weight):
    """Sum of W over each cell, for cell means `mean` on the normalised scale."""
    for c in range(arrow.border.shape[1]):
        total = 0.0
        for i in range(arrow.start[c], arrow.start[c + 1]):
            u = max(mean[c] * sf[i], MIN_MU)
            total += u / (1 + alpha * u)
        weight[c] = total


@njit(**KERNEL)
def _errors(first, last, sf, arrow, beta, alpha, ridge, contrasts, out):
    cells = arrow.border.shape[1]
    p = len(ridge)
    room = arrow_room(arrow)
    mean = np.empty(cells)
    weight = np.empty(cells)
    v = np.empty(p)
    for g in range(first, last):
        if not alpha[g] > 0:
            continue
        to_cells(beta[g], mean, arrow)
        exp_row(mean, mean.view(np.int64), weight, cells)
        cell_weights(sf, arrow, alpha[g], mean, weight)
        factor(weight, ridge, arrow, room)
        for k in range(len(contrasts)):
            solve(contrasts[k], v, arrow, room)
            variance = 0.0
            for j in range(p):
                variance += v[j] * contrasts[k, j] - ridge[j] * v[j] * v[j]
            out[g, k] = np.sqrt(variance) / LN2


def wald_test(effect: Floats, error: Floats, threshold: float = 0.0, alternative: Alternative = "greaterAbs") -> Test:
    """Test an effect against a threshold T >= 0 with its standard error SE and the normal distribution.

    greaterAbs: |effect| > T, twice the upper tail of (|effect| - T) / SE, at most 1; greater: effect > T; less:
    effect < -T; lessAbs: |effect| < T, the larger of the two one-sided p-values. Statistics are 0 on the side of the
    null hypothesis. Love 2014, doi:10.1186/s13059-014-0550-8.
    """
    t = threshold
    if alternative == "greater":
        return Test(np.maximum((effect - t) / error, 0.0), ndtr(-(effect - t) / error))
    if alternative == "less":
        return Test(np.minimum((effect + t) / error, 0.0), ndtr((effect + t) / error))
    if alternative == "lessAbs":
        above, below = (t - effect) / error, (effect + t) / error
        stat = np.minimum(np.maximum(above, 0.0), np.maximum(below, 0.0))
        return Test(stat, np.maximum(ndtr(-above), ndtr(-below)))
    z = (np.abs(effect) - t) / error
    if t == 0:
        return Test(effect / error, 2 * ndtr(-z))
    return Test(np.sign(effect) * np.maximum(z, 0.0), np.minimum(1.0, 2 * ndtr(-z)))


def likelihood_ratio_test(full: Floats, reduced: Floats, df: int) -> Test:
    """Test `df` coefficients at once: 2 (log likelihood of the full less that of the reduced model), chi-square."""
    stat = 2 * (full - reduced)
    with np.errstate(invalid="ignore"):
        return Test(stat, gammaincc(df / 2, np.maximum(stat, 0.0) / 2))
