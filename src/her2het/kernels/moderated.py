"""Moderated t-tests on log expression, with or without hidden factors: what DESeq2's model leaves out is measured."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import digamma, polygamma, stdtr

from her2het.kernels.deseq.filtering import lowess

BINS = 60
GENES_PER_BIN = 50
TREND_SPAN = 0.4
PERMUTATIONS = 10
HUBER = 1.345
LARGEST_DF = 1e6
SEED = 20240611

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Moderated:
    """Effect of a contrast, its standard error, t and p (NaN where not tested), prior degrees of freedom, factors."""

    effect: Floats
    error: Floats
    stat: Floats
    p: Floats
    prior_df: float
    factors: int


def moderated_t(values: Floats, level: Floats, design: Floats, contrast: Floats, factors: int | None = 0) -> Moderated:
    """Test a contrast of linear models of log expression with variances shrunken towards their trend on expression.

    For each gene y = X b + e by least squares; s^2 with d = n - p degrees of freedom is drawn to s0^2(level), the
    smooth mean of log s^2 over genes of like level: (d s^2 + d0 s0^2) / (d + d0), d0 from the scatter of log s^2. t =
    c'b / se has d + d0 degrees of freedom. With `factors` K > 0, e = G z + noise is split by the K leading singular
    vectors of the residuals; what the factors contribute to c'b, G a, is estimated by a robust (Huber) regression of
    c'b on G over all genes, most of which do not differ, and taken off; d becomes n - p - K and the variance of c'b s^2
    (c'(X'X)^-1 c + a'a / (n - p)). `factors=None` takes as many as stand out from residuals permuted within genes.

    `values`: genes x samples, log2, such as log2(normalised count + 1/2); `level`: mean expression of each gene (any
    monotone scale), NaN skips the gene; `design`: samples x p of full rank; `contrast`: p weights. With factors it does
    not apply where most genes differ: then what they share is taken for a factor. Raises ValueError where fewer than
    two residual degrees of freedom are left, or fewer than ten genes. Smyth 2004, doi:10.2202/1544-6115.1027; Law 2014,
    doi:10.1186/gb-2014-15-2-r29; Wang 2017, doi:10.1214/16-AOS1511; Buja & Eyuboglu 1992,
    doi:10.1207/s15327906mbr2704_2."""
    samples, p = design.shape
    used = np.isfinite(level)
    y = values[used]
    if len(y) < 10:
        raise ValueError("fewer than ten genes")
    solved = np.linalg.pinv(design)
    beta = y @ solved.T
    residual = y - beta @ design.T
    effect = beta @ contrast
    spread = float(contrast @ np.linalg.inv(design.T @ design) @ contrast)
    d = samples - p
    k = min(_count_factors(residual, d) if factors is None else factors, max(d - 2, 0))
    if d - k < 2:
        raise ValueError("fewer than two residual degrees of freedom")
    if k:
        loadings, residual = _split(residual, d, k)
        noise = np.sqrt((residual**2).sum(axis=1) / (d - k))
        noise = np.where(noise > 0, noise, np.inf)
        share = _huber(loadings / noise[:, None], effect / noise)
        effect = effect - loadings @ share
        spread += float(share @ share) / d
        d -= k
    variance, prior_df = shrunken_variance((residual**2).sum(axis=1) / d, d, level[used])
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(variance * spread)
        stat = effect / error
    out = np.full((4, len(values)), np.nan)
    df = min(d + prior_df, LARGEST_DF)
    out[:, used] = effect, error, stat, 2 * stdtr(df, -np.abs(stat))
    return Moderated(out[0], out[1], out[2], out[3], prior_df, k)


def shrunken_variance(variance: Floats, df: int, level: Floats) -> tuple[Floats, float]:
    """Variances drawn towards their trend on level, and the prior's degrees of freedom (infinite: the trend alone).

    log s^2 of a scaled chi-square has mean log s0^2 + digamma(d/2) - log(d/2) and variance trigamma(d/2) beyond the
    prior's; the trend is the mean in up to 60 bins of equal size by level, smoothed. Smyth 2004,
    doi:10.2202/1544-6115.1027.
    """
    positive = variance > 0
    logs = np.log(variance[positive]) - float(digamma(df / 2)) + math.log(df / 2)
    middle = _trend(logs, level[positive], level)
    excess = float(np.mean((logs - middle[positive]) ** 2) - polygamma(1, df / 2))
    if excess <= 0:
        return np.exp(middle), math.inf
    half = brentq(lambda x: float(polygamma(1, x)) - excess, 1e-4, 1e8)
    d0 = 2 * float(half)  # pyright: ignore[reportArgumentType]
    prior = np.exp(middle + float(digamma(d0 / 2)) - math.log(d0 / 2))
    return (df * variance + d0 * prior) / (df + d0), d0


def _trend(logs: Floats, level: Floats, at: Floats) -> Floats:
    bins = min(BINS, len(logs) // GENES_PER_BIN)
    if bins < 4:
        return np.full(len(at), logs.mean())
    parts = np.array_split(np.argsort(level, kind="stable"), bins)
    centre = np.array([level[part].mean() for part in parts])
    mean = np.array([logs[part].mean() for part in parts])
    return np.interp(at, centre, lowess(centre, mean, TREND_SPAN))


def _scaled(residual: Floats, df: int) -> tuple[Floats, Floats]:
    sd = np.sqrt((residual**2).sum(axis=1) / df)
    sd = np.where(sd > 0, sd, np.inf)
    return residual / sd[:, None], sd


def _split(residual: Floats, df: int, k: int) -> tuple[Floats, Floats]:
    """Loadings of k factors of unit variance (signs fixed), and what they leave of the residuals."""
    scaled, sd = _scaled(residual, df)
    _, vectors = np.linalg.eigh(scaled.T @ scaled)
    z = vectors[:, ::-1][:, :k]
    z = z * np.sign(z[np.abs(z).argmax(axis=0), np.arange(k)])
    loadings = (scaled @ z) * np.where(np.isfinite(sd), sd, 0.0)[:, None]
    return loadings / math.sqrt(df), residual - loadings @ z.T


def _count_factors(residual: Floats, df: int) -> int:
    """Leading eigenvalues above the largest of residuals permuted within each gene, at most a quarter of df."""
    scaled, _ = _scaled(residual, df)
    seen = np.linalg.eigvalsh(scaled.T @ scaled)[::-1]
    largest = []
    for seed in np.random.SeedSequence(SEED).spawn(PERMUTATIONS):
        mixed = np.random.default_rng(seed).permuted(scaled, axis=1)
        mixed = mixed - mixed.mean(axis=1, keepdims=True)
        largest.append(float(np.linalg.eigvalsh(mixed.T @ mixed)[-1]))
    return int(min(np.count_nonzero(seen > max(largest)), df // 4))


def _huber(x: Floats, y: Floats) -> Floats:
    """Coefficients of y on x that few large residuals do not move: Huber's weights, median absolute residual scale."""
    weight = np.ones(len(y))
    b: Floats = np.zeros(x.shape[1])
    for _ in range(100):
        xw = x * weight[:, None]
        new: Floats = np.linalg.solve(xw.T @ x, xw.T @ y).astype(np.float64)
        residual = y - x @ new
        scale = np.median(np.abs(residual)) / 0.6744897501960817
        if scale == 0 or np.abs(new - b).max() < 1e-10:
            return new
        b = new
        weight = np.minimum(1.0, HUBER * scale / np.maximum(np.abs(residual), 1e-300))
    return b
