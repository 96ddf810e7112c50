"""How far the areas of a tumour differ: intraclass correlation, design effect, clustered intervals, a test."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit

from her2het.kernels.fish import NucleusSums
from her2het.kernels.fish_intervals import Interval, clopper_pearson
from her2het.kernels.gamma import beta_binomial_log_likelihood
from her2het.kernels.threads import over_chunks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_CHUNK = 256


@dataclass(frozen=True)
class AreaClustering:
    """Between-area variation of each sample's amplified fraction; NaN where fewer than two areas have cells."""

    areas: Ints
    rho: Floats
    """ANOVA estimate of the intraclass correlation, within 0..1."""
    deff: Floats
    """Design effect 1 + (m - 1) rho, m = sum m_j^2 / sum m_j."""
    n_effective: Floats
    """Scored cells / deff."""
    lowest: Floats
    highest: Floats
    """Range of the areas' fractions."""


@dataclass(frozen=True)
class AreaTest:
    """Test that all areas of a sample have one fraction; NaN where fewer than two areas have cells."""

    mean: Floats
    rho: Floats
    """Maximum-likelihood estimates of the beta-binomial (mean: the pooled fraction at rho = 0)."""
    statistic: Floats
    """Twice the gain in log-likelihood over rho = 0."""
    p: Floats
    """From the mixture of a point at 0 and chi-squared on 1 degree of freedom: rho = 0 is at its bound."""


def area_clustering(amplified: Ints, scored: Ints, area_start: Ints) -> AreaClustering:
    """Intraclass correlation of being amplified, by analysis of variance of the areas.

    rho = (MSB - MSW) / (MSB + (m0 - 1) MSW), MSB = sum m_j (p_j - p)^2 / (J - 1), MSW = sum m_j p_j (1 - p_j) /
    (N - J), m0 = (N - sum m_j^2 / N) / (J - 1), for p_j = a_j / m_j of J areas with cells and N = sum m_j; clipped to
    0..1, 0 where nothing varies. `amplified`, `scored`: (areas,); `area_start`: (samples + 1,) offsets.
    Reference: doi:10.1111/j.0006-341X.1999.00137.x.
    """
    a, m, owner, samples = _by_area(amplified, scored, area_start)
    used = m > 0
    areas = np.bincount(owner[used], minlength=samples).astype(np.int64)
    n, hits, squares = (np.bincount(owner, x, samples) for x in (m, a, m * m))
    p = np.divide(a, m, out=np.zeros_like(a), where=used)
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = hits / n
        between = np.bincount(owner, m * (p - pooled[owner]) ** 2 * used, samples) / (areas - 1)
        within = np.bincount(owner, m * p * (1 - p), samples) / (n - areas)
        within = np.where(n > areas, within, 0.0)
        m0 = (n - squares / n) / (areas - 1)
        spread = between + (m0 - 1) * within
        rho = np.where(spread > 0, np.clip((between - within) / spread, 0, 1), 0.0)
        rho = np.where(areas > 1, rho, np.nan)
        deff = 1 + (squares / n - 1) * rho
    lowest, highest = np.full(samples, np.inf), np.full(samples, -np.inf)
    np.minimum.at(lowest, owner[used], p[used])
    np.maximum.at(highest, owner[used], p[used])
    some = areas > 0
    return AreaClustering(areas, rho, deff, n / deff, np.where(some, lowest, np.nan), np.where(some, highest, np.nan))


def effective_interval(
    amplified: ArrayLike, scored: ArrayLike, deff: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Clopper-Pearson limits with a / deff of n / deff cells: shown for comparison only.

    Undercovers with few areas, because rho is taken as known (down to 46 % at a fraction of .02, rho .3 and 4 areas);
    `area_posterior.fraction_posterior` does not.
    """
    a, n, d = (np.asarray(x, float) for x in (amplified, scored, deff))
    return clopper_pearson(a / d, n / d, level)


def area_mean_interval(amplified: Ints, scored: Ints, area_start: Ints, level: float = 0.95) -> Interval:
    """Mean of the areas' fractions -+ t(J - 1) sd / sqrt(J), each area counting once; limits clipped to 0..1."""
    a, m, owner, samples = _by_area(amplified, scored, area_start)
    used = m > 0
    areas = np.bincount(owner[used], minlength=samples)
    p = np.divide(a, m, out=np.zeros_like(a), where=used)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(owner, p, samples) / areas
        spread = np.bincount(owner, (p - mean[owner]) ** 2 * used, samples) / (areas - 1) / areas
    return _clipped(mean, np.where(areas > 1, np.sqrt(spread), np.nan), areas - 1, level)


def clustered_copies_interval(areas: NucleusSums, area_start: Ints, level: float = 0.95) -> Interval:
    """Mean ERBB2 copies h / n of each sample, with limits that let areas differ.

    m = sum_j h_j / sum_j n_j over areas j; Var(m) = J / (J - 1) sum_j (h_j - m n_j)^2 / n^2; limits m -+ t(J - 1)
    sqrt(Var). NaN limits where fewer than two areas have nuclei. Reference: doi:10.2307/2532311.
    """
    return _clustered_ratio(areas.her2, areas.nuclei, area_start, level)


def clustered_ratio_interval(areas: NucleusSums, area_start: Ints, level: float = 0.95) -> Interval:
    """Ratio sum h / sum c of each sample, with limits that let areas differ (as `clustered_copies_interval`)."""
    return _clustered_ratio(areas.paired_her2, areas.cep17, area_start, level)


def _clustered_ratio(top: Ints, bottom: Ints, area_start: Ints, level: float) -> Interval:
    y, x, owner, samples = _by_area(top, bottom, area_start)
    areas = np.bincount(owner[x > 0], minlength=samples)
    total = np.bincount(owner, x, samples)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(total > 0, np.bincount(owner, y, samples) / total, np.nan)
        residual = np.bincount(owner, (y - ratio[owner] * x) ** 2, samples)
        se = np.sqrt(residual * areas / (areas - 1)) / total
    se = np.where(areas > 1, se, np.nan)
    half = stdtrit(np.maximum(areas - 1, 1).astype(float), 0.5 + level / 2) * se
    return Interval(ratio, se, np.maximum(ratio - half, 0.0), ratio + half)


def _clipped(mean: Floats, se: Floats, freedom: Ints, level: float) -> Interval:
    half = stdtrit(np.maximum(freedom, 1).astype(float), 0.5 + level / 2) * se
    return Interval(mean, se, np.clip(mean - half, 0, 1), np.clip(mean + half, 0, 1))


def _by_area(top: Ints, bottom: Ints, area_start: Ints) -> tuple[Floats, Floats, Ints, int]:
    y, x = np.asarray(top, float), np.asarray(bottom, float)
    if y.shape != x.shape or len(y) != area_start[-1]:
        raise ValueError("area_clustering: one entry per area is required")
    samples = len(area_start) - 1
    return y, x, np.repeat(np.arange(samples), np.diff(area_start)), samples


_GOLDEN = (math.sqrt(5) - 1) / 2


@njit(cache=True, nogil=True)
def _best_mean(a: Ints, m: Ints, first: int, last: int, start: float, rho: float) -> tuple[float, float]:
    """Golden section in the logit of the mean, around `start`, at a given correlation."""
    centre = math.log(start / (1.0 - start))
    low, high = centre - 4.0, centre + 4.0
    x1 = high - _GOLDEN * (high - low)
    x2 = low + _GOLDEN * (high - low)
    f1 = beta_binomial_log_likelihood(a, m, first, last, 1 / (1 + math.exp(-x1)), rho)
    f2 = beta_binomial_log_likelihood(a, m, first, last, 1 / (1 + math.exp(-x2)), rho)
    for _ in range(24):
        if f1 < f2:
            low, x1, f1 = x1, x2, f2
            x2 = low + _GOLDEN * (high - low)
            f2 = beta_binomial_log_likelihood(a, m, first, last, 1 / (1 + math.exp(-x2)), rho)
        else:
            high, x2, f2 = x2, x1, f1
            x1 = high - _GOLDEN * (high - low)
            f1 = beta_binomial_log_likelihood(a, m, first, last, 1 / (1 + math.exp(-x1)), rho)
    mean = 1 / (1 + math.exp(-(low + high) / 2))
    return mean, beta_binomial_log_likelihood(a, m, first, last, mean, rho)


@njit(cache=True, nogil=True)
def _test(a: Ints, m: Ints, start: Ints, first: int, last: int, out: Floats) -> None:
    for s in range(first, last):
        n = hits = areas = 0
        for j in range(start[s], start[s + 1]):
            n += m[j]
            hits += a[j]
            areas += m[j] > 0
        if areas < 2:
            out[s, :] = np.nan
            continue
        p = hits / n
        out[s, 0], out[s, 1], out[s, 2] = p, 0.0, 0.0
        if hits * (n - hits) == 0:
            continue
        null = hits * math.log(p) + (n - hits) * math.log(1 - p)
        # golden section in the square root of rho, where the likelihood is smooth at its bound
        low, high = 1e-4, 0.99999  # areas all or none: the maximum lies at rho = 1
        x1 = high - _GOLDEN * (high - low)
        x2 = low + _GOLDEN * (high - low)
        m1, f1 = _best_mean(a, m, start[s], start[s + 1], p, x1 * x1)
        m2, f2 = _best_mean(a, m, start[s], start[s + 1], p, x2 * x2)
        for _ in range(24):
            if f1 < f2:
                low, x1, m1, f1 = x1, x2, m2, f2
                x2 = low + _GOLDEN * (high - low)
                m2, f2 = _best_mean(a, m, start[s], start[s + 1], p, x2 * x2)
            else:
                high, x2, m2, f2 = x2, x1, m1, f1
                x1 = high - _GOLDEN * (high - low)
                m1, f1 = _best_mean(a, m, start[s], start[s + 1], p, x1 * x1)
        x = (low + high) / 2
        mean, best = _best_mean(a, m, start[s], start[s + 1], p, x * x)
        if best > null:
            out[s, 0], out[s, 1], out[s, 2] = mean, x * x, 2 * (best - null)


def between_area_test(amplified: Ints, scored: Ints, area_start: Ints) -> AreaTest:
    """Likelihood-ratio test of rho = 0: do the areas of a sample differ by more than the cells they happen to hold?

    D = 2 (l(mu, rho) - l(p, 0)) for the beta-binomial log-likelihood l; p-value 1 where D = 0, else half of
    P(chi-squared(1) > D). `amplified`, `scored`: (areas,); `area_start`: (samples + 1,) offsets. Chi-squared is an
    approximation for few areas. Reference: doi:10.1080/01621459.1987.10478472.
    """
    a, m, start = (np.ascontiguousarray(x, np.int64) for x in (amplified, scored, area_start))
    out = np.empty((len(start) - 1, 3))
    over_chunks(lambda i, j: _test(a, m, start, i, j, out), len(out), _CHUNK)
    mean, rho, statistic = (np.ascontiguousarray(out[:, k]) for k in range(3))
    p = np.where(statistic > 0, ndtr(-np.sqrt(np.maximum(statistic, 0))), 1.0)
    return AreaTest(mean, rho, statistic, np.where(np.isnan(statistic), np.nan, p))
