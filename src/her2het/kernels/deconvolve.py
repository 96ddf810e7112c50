"""Cell fractions of mixtures from a signature of cell types: CIBERSORT's algorithm on arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from her2het.kernels.nusvr import nu_svr_linear

NU = (0.25, 0.5, 0.75)
PERMUTATIONS_PER_CHUNK = 32  # one random stream each


@dataclass(frozen=True)
class Fractions:
    """Per mixture: shares of the cell types (sum 1), and of the best fit its correlation, RMSE and nu.

    Where no cell type has a positive weight, all of them are NaN.
    """

    share: NDArray[np.float64]
    correlation: NDArray[np.float64]
    rmse: NDArray[np.float64]
    nu: NDArray[np.float64]


def cell_fractions(signature: NDArray[Any], mixtures: NDArray[Any]) -> Fractions:
    """Estimate the shares of cell types in mixtures by linear nu-support-vector regression on a signature.

    The signature is standardised as one set of numbers (x = (S - mean S) / sd S), each mixture by itself. For nu of
    .25, .5, .75: w from `nu_svr_linear`, negative weights set to 0, divided by their sum; k = Xw; the nu with the
    lowest RMSE = sqrt(mean (k - y)^2) is kept, with the correlation of k and y.

    `signature`: genes x types; `mixtures`: genes x mixtures in the same genes, both linear (no logarithms). Shares are
    relative to the types of the signature: cells that it lacks are not seen, and a rise of one share can be the
    fall of another. Raises ValueError for shapes that differ, fewer genes than types + 2, or a mixture without spread.
    Newman et al. 2015, doi:10.1038/nmeth.3337.
    """
    x, y = _standardised(signature, mixtures)
    weight = np.maximum(nu_svr_linear(x, y, np.array(NU)), 0.0)
    total = weight.sum(axis=2)
    with np.errstate(invalid="ignore"):
        share = weight / total[:, :, None]
    best = np.full(len(y), 0)
    lowest = np.full(len(y), np.inf)
    correlation = np.full(len(y), np.nan)
    for k in range(len(NU)):
        fitted = share[:, k] @ x.T
        error = np.sqrt(np.square(fitted - y).mean(axis=1))
        better = error < lowest  # never for NaN
        best[better], lowest[better] = k, error[better]
        correlation[better] = _correlation(fitted[better], y[better])
    chosen = share[np.arange(len(y)), best]
    lost = np.isinf(lowest)
    lowest[lost], chosen[lost] = np.nan, np.nan
    return Fractions(chosen, correlation, lowest, np.where(lost, np.nan, np.array(NU)[best]))


def null_correlations(signature: NDArray[Any], pool: NDArray[Any], permutations: int, seed: int) -> NDArray[np.float64]:
    """Correlations that mixtures of random values reach, in ascending order: the null distribution of the fit.

    Each random mixture takes as many values as the signature has genes from `pool` (all values of all mixtures, any
    shape), without replacement; one that no cell type fits counts as -1. Chunks of 32 draw from streams of their own,
    spawned from `seed`.
    Raises ValueError where the pool is too small. Newman et al. 2015, doi:10.1038/nmeth.3337.
    """
    values = np.asarray(pool, dtype=np.float64).ravel()
    genes = len(signature)
    if values.size < genes:
        raise ValueError(f"a pool of {values.size} values for {genes} genes")
    starts = range(0, permutations, PERMUTATIONS_PER_CHUNK)
    found: list[NDArray[np.float64]] = []
    for start, stream in zip(starts, np.random.SeedSequence(seed).spawn(len(starts)), strict=True):
        rng = np.random.default_rng(stream)
        number = min(PERMUTATIONS_PER_CHUNK, permutations - start)
        drawn = np.stack([values[rng.choice(values.size, genes, replace=False)] for _ in range(number)], axis=1)
        correlation = cell_fractions(signature, drawn).correlation
        found.append(np.where(np.isnan(correlation), -1.0, correlation))
    return np.sort(np.concatenate(found)) if found else np.empty(0)


def published_p(correlation: NDArray[np.float64], null: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIBERSORT's own p: 1 - (rank of the null correlation nearest to the observed one) / (number of permutations).

    It can be 0. NaN where there is no null or no correlation. `null`: ascending. Newman et al. 2015.
    """
    p = np.full(len(correlation), np.nan)
    if len(null):
        for i in np.flatnonzero(~np.isnan(correlation)):
            p[i] = 1.0 - (np.abs(null - correlation[i]).argmin() + 1) / len(null)
    return p


def exceedance_p(correlation: NDArray[np.float64], null: NDArray[np.float64]) -> NDArray[np.float64]:
    """The permutation p that is valid at any level: (1 + number of null correlations >= observed) / (1 + permutations).

    NaN where there is no null or no correlation. `null`: ascending. Phipson & Smyth 2010, doi:10.2202/1544-6115.1585.
    """
    if not len(null):
        return np.full(len(correlation), np.nan)
    above = len(null) - np.searchsorted(null, correlation, side="left")
    return np.where(np.isnan(correlation), np.nan, (1.0 + above) / (1.0 + len(null)))


def absolute_scale(mixtures: NDArray[Any], everything: NDArray[Any]) -> NDArray[np.float64]:
    """The factor of CIBERSORT's absolute mode (signature score): median of the mixture over the signature's genes,
    divided by the median of all values of all mixtures (at least 1).

    Shares times this factor compare between mixtures as well as between types. `mixtures`: signature genes x mixtures.
    """
    return np.median(mixtures, axis=0) / max(float(np.median(everything)), 1.0)


def quantile_normalised(values: NDArray[Any]) -> NDArray[np.float64]:
    """Give every column the same distribution: the mean of the sorted columns, ties at the mean of their ranks.

    `values`: genes x mixtures, finite. Off for RNA-seq in CIBERSORT's own advice, on for microarrays.
    Bolstad et al. 2003, doi:10.1093/bioinformatics/19.2.185.
    """
    matrix = np.asarray(values, dtype=np.float64)
    target = np.sort(matrix, axis=0).mean(axis=1)
    place = np.arange(1, len(matrix) + 1)
    return np.column_stack([np.interp(rankdata(column), place, target) for column in matrix.T])


def _standardised(signature: NDArray[Any], mixtures: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.asarray(signature, dtype=np.float64), np.asarray(mixtures, dtype=np.float64).T
    if x.ndim != 2 or y.ndim != 2 or y.shape[1] != len(x):
        raise ValueError(f"a signature of shape {x.shape} and mixtures of shape {y.T.shape} do not fit together")
    if len(x) < x.shape[1] + 2:
        raise ValueError(f"{len(x)} genes for {x.shape[1]} cell types")
    spread = y.std(axis=1, ddof=1)
    if not (np.isfinite(spread).all() and (spread > 0).all() and x.std() > 0):
        raise ValueError("a mixture or the signature is constant or not finite")
    return (x - x.mean()) / x.std(ddof=1), (y - y.mean(axis=1, keepdims=True)) / spread[:, None]


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    return (a * b).sum(axis=1) / np.sqrt(np.square(a).sum(axis=1) * np.square(b).sum(axis=1))
