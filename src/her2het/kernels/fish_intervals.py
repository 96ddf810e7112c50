"""Intervals of a sample's ratio, copies and amplified fraction, for nuclei counted as if independent."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincc, betaincinv, stdtrit

from her2het.kernels.fish import NucleusSums
from her2het.kernels.threads import over_chunks

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """Estimates with standard errors and limits, one per unit; NaN where the nuclei do not suffice."""

    estimate: Floats
    se: Floats
    low: Floats
    high: Floats


class Masses(NamedTuple):
    """Posterior probabilities that the fraction is at most the low limit, between the limits, at least the high one."""

    low: Floats
    between: Floats
    high: Floats


def ratio_interval(sums: NucleusSums, level: float = 0.95) -> Interval:
    """Ratio of summed ERBB2 to summed CEP17 signals, with its delta-method interval.

    R = sum h / sum c over the n nuclei in which both were counted; Var(R) = (s_h^2 + R^2 s_c^2 - 2 R s_hc) /
    (n cbar^2), with sample variances s_h^2, s_c^2, covariance s_hc and mean cbar of CEP17; limits R -+ t(n - 1)
    sqrt(Var). NaN where no CEP17 signal was counted, limits NaN where n < 2. Nuclei of one area resemble each other,
    which this ignores. A lower limit is not below 0.
    """
    n, h, c = (x.astype(float) for x in (sums.paired, sums.paired_her2, sums.cep17))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(c > 0, h / c, np.nan)
        squares = sums.paired_her2_squared - 2 * ratio * sums.her2_cep17 + ratio**2 * sums.cep17_squared
        se = np.sqrt(np.maximum(squares, 0) / (n - 1) * n) / c
    return _around(ratio, np.where(n > 1, se, np.nan), n - 1, level)


def copies_interval(sums: NucleusSums, level: float = 0.95) -> Interval:
    """Mean ERBB2 copies per nucleus m = sum h / n, with limits m -+ t(n - 1) s_h / sqrt(n); limits NaN where n < 2."""
    n, h = sums.nuclei.astype(float), sums.her2.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n > 0, h / n, np.nan)
        se = np.sqrt(np.maximum(sums.her2_squared - h * mean, 0) / (n - 1) / n)
    return _around(mean, np.where(n > 1, se, np.nan), n - 1, level)


def _around(estimate: Floats, se: Floats, freedom: Floats, level: float) -> Interval:
    distinct, place = np.unique(np.maximum(freedom, 1.0), return_inverse=True)
    half = stdtrit(distinct, 0.5 + level / 2)[place] * se
    return Interval(estimate, se, np.maximum(estimate - half, 0.0), estimate + half)


def clopper_pearson(successes: ArrayLike, trials: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Exact binomial limits of a fraction a/n: Beta quantiles B(alpha/2; a, n-a+1) and B(1-alpha/2; a+1, n-a).

    `successes` may be fractional (an effective count); arrays of one shape. NaN where n is 0 or NaN. Each distinct
    (a, n) is solved once. Reference: doi:10.1093/biomet/26.4.404.
    """
    a, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    shape = a.shape
    given = np.stack([a.ravel(), n.ravel()], 1)
    order = np.lexsort((given[:, 0], given[:, 1]))
    fresh = np.ones(len(order), bool)
    fresh[1:] = np.any(given[order[1:]] != given[order[:-1]], axis=1)
    place = np.empty(len(order), np.int64)
    place[order] = np.cumsum(fresh) - 1
    k, m = given[order[fresh]].T if len(order) else np.zeros((2, 0))
    tail = (1 - level) / 2

    def work(i: int, j: int) -> tuple[Floats, Floats]:
        x, t = k[i:j], m[i:j]
        low = np.where(x > 0, betaincinv(np.maximum(x, 1e-300), t - x + 1, tail), 0.0)
        high = np.where(x < t, betaincinv(x + 1, np.maximum(t - x, 1e-300), 1 - tail), 1.0)
        bad = ~(t > 0)
        low[bad], high[bad] = np.nan, np.nan
        return low, high

    parts = over_chunks(work, len(k), 2048) or [(np.zeros(0), np.zeros(0))]
    low, high = (np.concatenate(x)[place].reshape(shape) for x in zip(*parts, strict=True))
    return low, high


def jeffreys_masses(successes: ArrayLike, trials: ArrayLike, low: float, high: float) -> Masses:
    """Posterior of a fraction under Jeffreys' prior, Beta(a + 1/2, n - a + 1/2), cut at `low` and `high`.

    For independent nuclei only; with several areas see `area_clustering`.
    """
    a, n = np.asarray(successes, float), np.asarray(trials, float)
    below = betainc(a + 0.5, n - a + 0.5, low)
    upto = betainc(a + 0.5, n - a + 0.5, high)
    return Masses(below, upto - below, betaincc(a + 0.5, n - a + 0.5, high))
