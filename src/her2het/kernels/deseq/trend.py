"""The dispersion that a gene's mean leads one to expect, and how far genes scatter around it."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, polygamma

from her2het.kernels.deseq.local import LocalFit, local_fit
from her2het.kernels.deseq.posterior import MIN_DISPERSION

FitType = Literal["parametric", "local", "mean"]
Floats = NDArray[np.float64]
MIN_PRIOR_VARIANCE = 0.25
OUTLIER_SDS = 2.0
DRAWN = 1 / 1e4 / 0.5
"""Density of a bin that one of R's 10,000 draws falls in."""
KEPT = (1e-4, 15.0)
"""Ratios of gene-wise to fitted dispersion that stay in the parametric fit."""


@dataclass(frozen=True)
class Trend:
    """A fitted trend: its kind, why it is not the kind asked for (or nothing), and what it takes to evaluate it."""

    kind: FitType
    reason: str
    asymptote: float = math.nan
    extra_poisson: float = math.nan
    level: float = math.nan
    local: LocalFit | None = None

    def at(self, mean: Floats) -> Floats:
        """Expected dispersion at each mean of normalised counts; NaN where the mean is 0."""
        value = np.full(mean.shape, np.nan)
        known = mean > 0
        if self.kind == "parametric":
            value[known] = self.asymptote + self.extra_poisson / mean[known]
        elif self.local is not None:
            value[known] = np.exp(self.local.at(np.log(mean[known])))
        else:
            value[known] = self.level
        return value


def fit_trend(mean: Floats, dispersion: Floats, kind: FitType = "parametric") -> Trend:
    """Fit the trend of gene-wise dispersion on mean; where a kind fails, the next one with the reason.

    parametric: alpha(m) = a + b / m, a gamma GLM with identity link, refitted without genes whose ratio to the fit
    leaves 1e-4..15 until the coefficients stand. local: a local quadratic regression of log dispersion on log mean,
    weighted by the mean (Loader 1999). mean: the mean dispersion with 0.1 % trimmed at each end. Genes near the
    smallest dispersion are left out. NaNs are genes without counts. Raises ValueError where no gene is left: all
    dispersions are at the minimum, there is no variation beyond Poisson. Love 2014, doi:10.1186/s13059-014-0550-8."""
    with np.errstate(invalid="ignore"):
        used = dispersion > 100 * MIN_DISPERSION
        rather = dispersion > 10 * MIN_DISPERSION
    if not used.any():
        raise ValueError("all gene-wise dispersions are within two orders of magnitude of the smallest")
    reason = ""
    if kind == "parametric":
        found = _parametric(mean[used], dispersion[used])
        if isinstance(found, tuple):
            return Trend("parametric", "", asymptote=found[0], extra_poisson=found[1])
        reason, kind = f"the parametric trend {found}; a local regression took its place", "local"
    if kind == "local":
        try:
            curve = local_fit(np.log(mean[rather]), np.log(dispersion[rather]), mean[rather])
        except ValueError as error:
            reason = (reason and reason + "; ") + f"the local trend failed ({error}); the mean took its place"
        else:
            return Trend("local", reason, local=curve)
    return Trend("mean", reason, level=_trimmed(dispersion[rather], 0.001))


def _trimmed(values: Floats, share: float) -> float:
    cut = math.floor(len(values) * share)
    return float(np.mean(np.sort(values)[cut : len(values) - cut]))


def _deviance(y: Floats, mu: Floats) -> float:
    return float(2 * np.sum((y - mu) / mu - np.log(y / mu)))


def _parametric(mean: Floats, dispersion: Floats) -> tuple[float, float] | str:
    old = np.array([0.1, 1.0])
    for _ in range(11):
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = dispersion / (old[0] + old[1] / mean)
        good = (ratio > KEPT[0]) & (ratio < KEPT[1])
        if good.sum() < 2:
            return "had too few genes"
        new, converged = _gamma_glm(1 / mean[good], dispersion[good], old)
        if not (new > 0).all():
            return "had a coefficient that is not positive"
        if float(np.sum(np.log(new / old) ** 2)) < 1e-6 and converged:
            return float(new[0]), float(new[1])
        old = new
    return "did not converge"


def _gamma_glm(x: Floats, y: Floats, start: Floats) -> tuple[Floats, bool]:
    """y ~ Gamma with mean b0 + b1 x: reweighted least squares; steps that leave the positive means are halved."""
    old = start
    mu = old[0] + old[1] * x
    previous = _deviance(y, mu)
    for _ in range(25):
        w = 1 / (mu * mu)
        wx, wy = w * x, w * y
        s0, s1, s2 = w.sum(), wx.sum(), (wx * x).sum()
        t0, t1 = wy.sum(), (wy * x).sum()
        det = s0 * s2 - s1 * s1
        new = np.array([s2 * t0 - s1 * t1, s0 * t1 - s1 * t0]) / det if det != 0 else np.full(2, np.nan)
        if not np.isfinite(new).all():
            return np.zeros(2), False
        mu = new[0] + new[1] * x
        halvings = 0
        while not (mu > 0).all():
            halvings += 1
            if halvings > 25:
                return np.zeros(2), False
            new = (new + old) / 2
            mu = new[0] + new[1] * x
        deviance = _deviance(y, mu)
        if abs(deviance - previous) / (0.1 + abs(deviance)) < 1e-8:
            return new, True
        previous, old = deviance, new
    return old, False


@dataclass(frozen=True)
class Scatter:
    """How log gene-wise dispersions scatter around the log trend, and what of it is taken as real."""

    total: float
    """Squared scaled median absolute deviation of the residuals."""
    prior_variance: float

    @property
    def outlier_log_distance(self) -> float:
        """A gene further than this above the trend, on the natural log scale, keeps its own dispersion."""
        return OUTLIER_SDS * math.sqrt(self.total)


def scatter(dispersion: Floats, trend: Floats, residual_df: int) -> Scatter:
    """Estimate the variance of true log dispersions around the trend: observed variance less sampling variance.

    Observed: (1.4826 median |e - median e|)^2 of e = log alpha - log trend over genes not at the minimum. Sampling:
    trigamma(df / 2). The difference is at least 0.25. With 3 residual degrees of freedom or fewer the log chi-square is
    too skewed for that, and the normal variance whose sum with log chi-square (df) / df has the histogram nearest in
    Kullback-Leibler divergence is taken (R simulates that sum; here it is integrated).
    Love 2014, doi:10.1186/s13059-014-0550-8.
    """
    with np.errstate(invalid="ignore"):
        used = dispersion >= 100 * MIN_DISPERSION
    if not used.any():
        return Scatter(0.0, MIN_PRIOR_VARIANCE)
    residual = np.log(dispersion[used]) - np.log(trend[used])
    total = float((1.4826 * np.median(np.abs(residual - np.median(residual)))) ** 2)
    if residual_df <= 3:
        return Scatter(total, _few_degrees(residual, residual_df))
    return Scatter(total, max(total - float(polygamma(1, residual_df / 2)), MIN_PRIOR_VARIANCE))


def _few_degrees(residual: Floats, df: int) -> float:
    edges = np.arange(-20, 21) / 2.0
    inside = residual[(residual > edges[0]) & (residual < edges[-1])]
    if not len(inside):
        return MIN_PRIOR_VARIANCE
    observed = np.histogram(inside, edges, density=True)[0]
    fine = np.linspace(-25.0, 5.0, 1501)
    chi = np.exp((fine + math.log(df)) * df / 2 - np.exp(fine) * df / 2)
    chi /= chi.sum()

    def divergence(variance: float) -> float:
        share = np.diff(chi @ ndtr((edges - fine[:, None]) / math.sqrt(max(variance, 1e-6))))
        expected = share / share.sum() / np.diff(edges)
        small = min(float(observed[observed > 0].min()), DRAWN)
        return float(np.sum(observed * (np.log(observed + small) - np.log(expected + small))))

    coarse = min(np.linspace(0, 8, 81), key=divergence)
    finer = np.clip(coarse + np.linspace(-0.1, 0.1, 41), 0, 8)
    return max(float(min(finer, key=divergence)), MIN_PRIOR_VARIANCE)
