"""Square tables of the same units classified twice: has the classification moved, and towards where?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from her2het.kernels.conditional import whole_counts


@dataclass(frozen=True)
class ChiSquare:
    """A chi-square statistic, its degrees of freedom, and p; not a number where there is nothing to test (df 0)."""

    statistic: float
    df: int
    p: float


def chi_square_p(statistic: float, df: int) -> ChiSquare:
    """The statistic with its upper tail."""
    return ChiSquare(statistic, df, float(chdtrc(df, statistic)) if df > 0 else math.nan)


def square(table: ArrayLike) -> NDArray[np.int64]:
    """The counts, if they are as many rows as columns (at least two). Raises ValueError otherwise."""
    counts = whole_counts(table)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) < 2:
        raise ValueError(f"a table of shape {counts.shape}, needed are as many rows as columns, two at least")
    return counts


def mcnemar_exact(first: int, second: int) -> tuple[float, float]:
    """Exact and mid-p of McNemar's test: are changes one way (`first`) as frequent as the other way (`second`)?

    With n = first + second, k the smaller and X binomial(n, 1/2): exact p = min(1, 2 P(X <= k)); mid-p = 2 P(X <= k)
    less P(X = k), and 1 - P(X = k)/2 where k = n/2. 1 where nothing changed.
    McNemar 1947, doi:10.1007/BF02295996; mid-p: Fagerland et al. 2013, doi:10.1186/1471-2288-13-91.
    """
    n, k = first + second, min(first, second)
    if n == 0:
        return 1.0, 1.0
    tail, point = sum(math.comb(n, i) for i in range(k + 1)) / 2**n, math.comb(n, k) / 2**n
    if 2 * k == n:
        return 1.0, 1.0 - point / 2
    return min(1.0, 2 * tail), 2 * tail - point


def mcnemar_chi_square(first: int, second: int, *, correct: bool = True) -> ChiSquare:
    """(|first - second| - 1)^2 / (first + second), the 1 for continuity where they differ; as R's mcnemar.test."""
    n, distance = first + second, abs(first - second)
    if n == 0:
        return chi_square_p(math.nan, 0)
    return chi_square_p((distance - (1 if correct and distance else 0)) ** 2 / n, 1)


def bowker(table: ArrayLike) -> ChiSquare:
    """Test symmetry: is moving from i to j as frequent as from j to i, for every pair of classes?

    sum over i < j of (n_ij - n_ji)^2 / (n_ij + n_ji), with as many degrees of freedom as pairs that have counts: a pair
    without any says nothing. (statsmodels counts all k(k-1)/2 pairs, R's mcnemar.test is not a number then.)
    Bowker 1948, doi:10.1080/01621459.1948.10483284.
    """
    counts = square(table).astype(np.float64)
    upper = np.triu_indices(len(counts), 1)
    one, other = counts[upper], counts.T[upper]
    kept = one + other > 0
    one, other = one[kept], other[kept]
    return chi_square_p(float(((one - other) ** 2 / (one + other)).sum()), int(kept.sum()))


def stuart_maxwell(table: ArrayLike) -> ChiSquare:
    """Test marginal homogeneity: are the classes as frequent the first time as the second?

    d' S^- d with d_i = n_i. - n_.i, S_ii = n_i. + n_.i - 2 n_ii, S_ij = -(n_ij + n_ji) and S^- a generalised inverse
    (as dropping one class and inverting); df is the rank of S, the number of classes less one where all take part in
    changes, less where some never change. Stuart 1955, doi:10.1093/biomet/42.3-4.412; Maxwell 1970,
    doi:10.1192/bjp.116.535.651.
    """
    counts = square(table).astype(np.float64)
    difference, spread = _margins(counts)
    return _quadratic(difference, spread)


def bhapkar(table: ArrayLike) -> ChiSquare:
    """Test marginal homogeneity with the variance not taken under the hypothesis: X / (1 - X/N), X of `stuart_maxwell`.

    Infinite where X = N. Rejects too often in small cohorts (.07 instead of .05 for 49 pairs of four classes, where
    `stuart_maxwell` rejects .04). Bhapkar 1966, doi:10.1080/01621459.1966.10502021.
    """
    counts = square(table)
    plain, n = stuart_maxwell(counts), int(counts.sum())
    if math.isnan(plain.statistic):
        return plain
    left = 1 - plain.statistic / n
    return chi_square_p(plain.statistic / left if left > 1e-12 else math.inf, plain.df)


def _margins(counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    difference = counts.sum(axis=1) - counts.sum(axis=0)
    spread = -(counts + counts.T)
    np.fill_diagonal(spread, counts.sum(axis=1) + counts.sum(axis=0) - 2 * np.diag(counts))
    return difference, spread


def _quadratic(difference: NDArray[np.float64], spread: NDArray[np.float64]) -> ChiSquare:
    """d' S^- d with the generalised inverse and the rank of S: dropping one class of each connected set is the same."""
    df = int(np.linalg.matrix_rank(spread))
    if df == 0:
        return chi_square_p(math.nan, 0)
    return chi_square_p(max(0.0, float(difference @ np.linalg.pinv(spread, hermitian=True) @ difference)), df)
