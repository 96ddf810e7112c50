"""Association of two classifications within strata: Cochran, Mantel and Haenszel."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from her2het.kernels.conditional import whole_counts
from her2het.kernels.symmetry import ChiSquare, chi_square_p


@dataclass(frozen=True)
class CommonOdds:
    """The Mantel-Haenszel odds ratio with its interval, and the test that it is 1."""

    value: float
    low: float
    high: float
    test: ChiSquare


def common_odds(tables: ArrayLike, level: float = 0.95, *, correct: bool = True) -> CommonOdds:
    """Estimate the odds ratio that K tables [[a, b], [c, d]] share, and test it against 1.

    With n the total of a stratum: OR = sum(ad/n) / sum(bc/n). Test: (|sum(a) - sum(E)| - 1/2)^2 / sum(V) with
    E = (a+b)(a+c)/n, V = (a+b)(c+d)(a+c)(b+d) / (n^2 (n-1)), the 1/2 (at most the distance) where `correct`, 1 df.
    Interval: exp(log OR +- z s), s^2 of Robins, Breslow and Greenland. Strata of fewer than two units are left out.

    `tables`: K x 2 x 2 counts. 0, infinite or not a number where sums are 0; no interval then. As R's mantelhaen.test.
    Mantel & Haenszel 1959, doi:10.1093/jnci/22.4.719; Robins et al. 1986, doi:10.2307/2531052.
    """
    counts = _strata(tables)
    if counts.shape[1:] != (2, 2):
        raise ValueError(f"strata of shape {counts.shape[1:]}, needed are 2 x 2")
    counts = counts[counts.sum(axis=(1, 2)) > 1]
    n = counts.sum(axis=(1, 2))
    (a, b), (c, d) = counts[:, 0].T, counts[:, 1].T
    distance = abs(float((a - (a + b) * (a + c) / n).sum()))
    spread = float(((a + b) * (c + d) * (a + c) * (b + d) / (n**2 * (n - 1))).sum())
    moved = distance - (min(0.5, distance) if correct else 0.0)
    test = chi_square_p(moved**2 / spread, 1) if spread > 0 else chi_square_p(math.nan, 0)
    along, across = a * d / n, b * c / n
    top, bottom = float(along.sum()), float(across.sum())
    value = top / bottom if bottom > 0 else (math.inf if top > 0 else math.nan)
    if not (0 < value < math.inf):
        return CommonOdds(value, math.nan, math.nan, test)
    same, other = (a + d) / n, (b + c) / n
    variance = (same * along).sum() / (2 * top**2) + (other * across).sum() / (2 * bottom**2)
    variance += (same * across + other * along).sum() / (2 * top * bottom)
    half = -float(ndtri((1 - level) / 2)) * math.sqrt(float(variance))
    return CommonOdds(value, value * math.exp(-half), value * math.exp(half), test)


def general_association(tables: ArrayLike) -> ChiSquare:
    """Test whether rows and columns are associated in any stratum, r x c x strata, in whatever way.

    With d the sum over strata of the cells less their expectations (last row and column dropped) and S the sum of their
    hypergeometric covariances n_i.(delta_ii' n - n_i'.) n_.j (delta_jj' n - n_.j') / (n^2 (n - 1)): d' S^-1 d with
    (r - 1)(c - 1) degrees of freedom, rows and columns without counts left out. As R's mantelhaen.test beyond 2 x 2.

    `tables`: K x r x c counts. Landis et al. 1978, doi:10.2307/1402373.
    """
    counts = _strata(tables)
    counts = counts[:, counts.sum(axis=(0, 2)) > 0][:, :, counts.sum(axis=(0, 1)) > 0]
    counts = counts[counts.sum(axis=(1, 2)) > 1]
    rows, columns = counts.shape[1] - 1, counts.shape[2] - 1
    if rows < 1 or columns < 1 or not len(counts):
        return chi_square_p(math.nan, 0)
    difference, spread = np.zeros(rows * columns), np.zeros((rows * columns, rows * columns))
    for stratum in counts:
        n, by_row, by_column = stratum.sum(), stratum.sum(axis=1), stratum.sum(axis=0)
        difference += (stratum - np.outer(by_row, by_column) / n)[:-1, :-1].ravel()
        of_rows = (np.diag(by_row) * n - np.outer(by_row, by_row))[:-1, :-1]
        of_columns = (np.diag(by_column) * n - np.outer(by_column, by_column))[:-1, :-1]
        spread += np.kron(of_rows, of_columns) / (n**2 * (n - 1))
    rank = int(np.linalg.matrix_rank(spread))
    if rank < rows * columns:
        return chi_square_p(math.nan, 0)
    return chi_square_p(float(difference @ np.linalg.solve(spread, difference)), rank)


def _strata(tables: ArrayLike) -> NDArray[np.float64]:
    counts = whole_counts(tables).astype(np.float64)
    if counts.ndim != 3:
        raise ValueError(f"tables of {counts.ndim} dimensions, needed are strata, rows and columns")
    return counts
