"""How sure one can be of an amplified fraction when cells of one area resemble each other: beta-binomial posterior."""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from her2het.kernels.gamma import log_gamma
from her2het.kernels.threads import over_chunks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_POINTS = 64
_RHO_NODES = 20
_CHUNK = 256


class Grade(IntEnum):
    """How sure the most probable class is: CERTAIN from .95, LIKELY from .80, else UNCERTAIN; UNKNOWN without cells."""

    UNKNOWN = 0
    UNCERTAIN = 1
    LIKELY = 2
    CERTAIN = 3


@dataclass(frozen=True)
class FractionPrior:
    """Prior of the mean fraction and of the between-area correlation, independent of each other.

    mu ~ Beta(shape, shape); rho has a density proportional to (1 - rho / rho_max)^rho_decay on (0, rho_max). The
    default was chosen by simulation over 4-8 areas, 20-450 nuclei, fractions .02-.9 and correlations 0-.3, so that
    intervals cover at least 90 % everywhere without being wide; Jeffreys (shape 1/2) with a uniform density (decay 0)
    covers as well at a tenth more width, a uniform mu (shape 1) does not at small fractions.
    """

    shape: float = 2 / 3
    rho_max: float = 0.6
    rho_decay: float = 1.0

    def nodes(self) -> tuple[Floats, Floats]:
        """Nodes of rho and their weights (they sum to 1), crowded near 0: Gauss-Legendre in u, rho = rho_max u^2."""
        if not 0 < self.rho_max < 1 or self.rho_decay < 0 or self.shape <= 0:
            raise ValueError("FractionPrior: 0 < rho_max < 1, rho_decay >= 0 and shape > 0 are required")
        x, w = np.polynomial.legendre.leggauss(_RHO_NODES)
        u = (x + 1) / 2
        weight = w * u * (1 - u * u) ** self.rho_decay
        return self.rho_max * u * u, weight / weight.sum()


@dataclass(frozen=True)
class FractionPosterior:
    """Posterior of the mean fraction mu of each sample (arrays of one length; NaN without cells)."""

    areas: Ints
    """Areas with cells. With one area the data say nothing of the correlation, and the prior alone does."""
    mean: Floats
    low: Floats
    high: Floats
    p_low: Floats
    """P(mu <= low limit)."""
    p_between: Floats
    p_high: Floats
    """P(mu >= high limit)."""
    rho: Floats
    """Posterior mean of the correlation."""
    grade: NDArray[np.int8]
    """`Grade` of the most probable of the three classes."""


@njit(cache=True, nogil=True)
def _posterior(
    a: Ints,
    m: Ints,
    start: Ints,
    first: int,
    last: int,
    rho: Floats,
    weight: Floats,
    known_rho: Floats,
    shape: float,
    cut_low: float,
    cut_high: float,
    tail: float,
    out: Floats,
) -> None:
    log_lik = np.empty((len(rho), _POINTS))
    angle = np.empty(_POINTS)
    jacobian = np.empty(_POINTS)
    density = np.empty(_POINTS)
    slope = np.empty(_POINTS)
    cdf = np.empty(_POINTS)
    top_angle = math.pi / 2
    for s in range(first, last):
        n = hits = areas = 0
        for j in range(start[s], start[s + 1]):
            n += m[j]
            hits += a[j]
            areas += m[j] > 0
        out[s, 8] = areas
        if n == 0:
            out[s, :8] = np.nan
            continue
        # mu = sin(angle)^2, in which Beta(1/2, 1/2) is flat; points crowd around the pooled fraction by a sinh, and
        # towards 0 and 1 by a smooth step, so that the density vanishes at both ends
        centre = math.asin(math.sqrt((hits + 0.5) / (n + 1.0)))
        scale = 0.5 / math.sqrt(n + 1.0)
        t0 = -math.asinh(centre / scale)
        t1 = math.asinh((top_angle - centre) / scale)
        for i in range(_POINTS):
            x = i / (_POINTS - 1)
            t = t0 + (t1 - t0) * x * x * (3 - 2 * x)
            angle[i] = min(max(centre + scale * math.sinh(t), 1e-9), top_angle - 1e-9)
            edge = math.sin(angle[i]) * math.cos(angle[i])
            jacobian[i] = scale * math.cosh(t) * x * (1 - x) * edge ** (2 * shape - 1)
        nodes = len(rho)
        single = known_rho[s] >= 0
        if single:
            nodes = 1
        best = -np.inf
        for k in range(nodes):
            r = known_rho[s] if single else rho[k]
            r = max(r, 1e-9)
            total = (1.0 - r) / r
            constant = 0.0
            for j in range(start[s], start[s + 1]):
                if m[j] > 0:
                    constant += log_gamma(total) - log_gamma(m[j] + total)
            for i in range(_POINTS):
                mu = math.sin(angle[i]) ** 2
                alpha = mu * total
                beta = (1.0 - mu) * total
                at_zero_a = log_gamma(alpha)
                at_zero_b = log_gamma(beta)
                value = constant
                for j in range(start[s], start[s + 1]):
                    if a[j] > 0:
                        value += log_gamma(a[j] + alpha) - at_zero_a
                    if m[j] > a[j]:
                        value += log_gamma(m[j] - a[j] + beta) - at_zero_b
                log_lik[k, i] = value
                best = max(best, value)
        total_rho = 0.0
        for i in range(_POINTS):
            density[i] = 0.0
        for k in range(nodes):
            w = 1.0 if single else weight[k]
            r = known_rho[s] if single else rho[k]
            part = 0.0
            for i in range(_POINTS):
                v = w * math.exp(log_lik[k, i] - best) * jacobian[i]
                density[i] += v
                part += v
            total_rho += r * part
        whole = 0.0
        for i in range(_POINTS):
            whole += density[i]
        # cumulative integral by trapezia with end corrections, fourth order in the step
        for i in range(1, _POINTS - 1):
            slope[i] = (density[i + 1] - density[i - 1]) / 2
        slope[0] = (-3 * density[0] + 4 * density[1] - density[2]) / 2
        e = _POINTS - 1
        slope[e] = (3 * density[e] - 4 * density[e - 1] + density[e - 2]) / 2
        cdf[0] = 0.0
        for i in range(1, _POINTS):
            cdf[i] = cdf[i - 1] + max((density[i - 1] + density[i]) / 2 + (slope[i - 1] - slope[i]) / 12, 0.0)
        mass = cdf[e]
        mean = 0.0
        for i in range(_POINTS):
            mean += density[i] * math.sin(angle[i]) ** 2 / whole
            density[i] /= mass
            cdf[i] /= mass
        out[s, 0] = mean
        out[s, 1] = _quantile(tail, t0, t1, centre, scale, density, cdf)
        out[s, 2] = _quantile(1.0 - tail, t0, t1, centre, scale, density, cdf)
        below = _cdf_at(cut_low, t0, t1, centre, scale, density, cdf)
        upto = _cdf_at(cut_high, t0, t1, centre, scale, density, cdf)
        out[s, 3] = below
        out[s, 4] = max(upto - below, 0.0)
        out[s, 5] = 1.0 - upto
        out[s, 6] = total_rho / whole


@njit(cache=True, nogil=True)
def _hermite(x: float, f0: float, f1: float, d0: float, d1: float) -> float:
    y = x * x * (3 - 2 * x)
    return f0 * (1 - y) + f1 * y + x * (1 - x) * ((1 - x) * d0 - x * d1)


@njit(cache=True, nogil=True)
def _cdf_at(mu: float, t0: float, t1: float, centre: float, scale: float, density: Floats, cdf: Floats) -> float:
    t = math.asinh((math.asin(math.sqrt(mu)) - centre) / scale)
    rise = min(max((t - t0) / (t1 - t0), 0.0), 1.0)
    place = (0.5 - math.sin(math.asin(1 - 2 * rise) / 3)) * (len(cdf) - 1)
    i = min(max(math.floor(place), 0), len(cdf) - 2)
    x = min(max(place - i, 0.0), 1.0)
    return min(max(_hermite(x, cdf[i], cdf[i + 1], density[i], density[i + 1]), 0.0), 1.0)


@njit(cache=True, nogil=True)
def _quantile(q: float, t0: float, t1: float, centre: float, scale: float, density: Floats, cdf: Floats) -> float:
    i = 0
    while i < len(cdf) - 2 and cdf[i + 1] < q:
        i += 1
    low, high = 0.0, 1.0
    for _ in range(40):
        mid = (low + high) / 2
        if _hermite(mid, cdf[i], cdf[i + 1], density[i], density[i + 1]) < q:
            low = mid
        else:
            high = mid
    x = (i + (low + high) / 2) / (len(cdf) - 1)
    angle = centre + scale * math.sinh(t0 + (t1 - t0) * x * x * (3 - 2 * x))
    return math.sin(min(max(angle, 0.0), math.pi / 2)) ** 2


def fraction_posterior(
    amplified: Ints,
    scored: Ints,
    area_start: Ints,
    *,
    low: float,
    high: float,
    prior: FractionPrior | None = None,
    level: float = 0.95,
    known_rho: ArrayLike | None = None,
) -> FractionPosterior:
    """Posterior of a sample's mean amplified fraction mu from its areas, which may differ.

    a_j ~ BetaBinomial(m_j, mu, rho): a_j of m_j scored cells of area j are amplified, and rho is the correlation of
    two cells of an area. `amplified`, `scored`: (areas,) integers; `area_start`: (samples + 1,) offsets; `low`, `high`:
    limits of the classes; `prior`: of mu and rho; `level`: of the equal-tailed interval; `known_rho`: (samples,)
    correlations taken as known instead (0 is binomial sampling). With one area the prior alone speaks of rho. Numerical
    error of the probabilities below 1e-3. ValueError where a > m, a < 0 or the limits are not 0 < low < high < 1.
    """
    a, m, start = (np.ascontiguousarray(x, np.int64) for x in (amplified, scored, area_start))
    if np.any(a < 0) or np.any(a > m):
        raise ValueError("fraction_posterior: amplified cells must lie between 0 and the scored cells")
    if not 0 < low < high < 1 or not 0 < level < 1:
        raise ValueError("fraction_posterior: 0 < low < high < 1 and 0 < level < 1 are required")
    samples = len(start) - 1
    prior = prior or FractionPrior()
    rho, weight = prior.nodes()
    shape = prior.shape
    known = np.full(samples, -1.0)
    if known_rho is not None:
        known[:] = known_rho
    out = np.empty((samples, 9))
    tail = (1 - level) / 2
    over_chunks(
        lambda i, j: _posterior(a, m, start, i, j, rho, weight, known, shape, low, high, tail, out), samples, _CHUNK
    )
    masses = out[:, 3:6]
    grade = grade_of(masses.max(axis=1)) if samples else np.zeros(0, np.int8)
    mean, lower, upper, p_low, p_between, p_high, corr = (np.ascontiguousarray(out[:, k]) for k in range(7))
    areas = out[:, 8].astype(np.int64)
    return FractionPosterior(areas, mean, lower, upper, p_low, p_between, p_high, corr, grade)


def grade_of(probability: ArrayLike) -> NDArray[np.int8]:
    """`Grade` of the probability of the most probable class; UNKNOWN where it is NaN."""
    p = np.asarray(probability, float)
    grade = np.where(p >= 0.95, int(Grade.CERTAIN), np.where(p >= 0.8, int(Grade.LIKELY), int(Grade.UNCERTAIN)))
    return np.where(np.isnan(p), int(Grade.UNKNOWN), grade).astype(np.int8)
