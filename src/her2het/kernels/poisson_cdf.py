"""The Poisson distribution function at many pairs of a count and a mean of another count plus one half."""

import math
from fractions import Fraction
from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import pdtr

SHIFT = 0.5
TABLED = 512  # counts below this are looked up; the expansion then needs mean or count of at least this
ORDERS = 6
TERMS = 14
FAR_SD = 8.5  # beyond it, and 30 more, a tail is below 2^-56 and vanishes beside the sum that it joins
FAR_MORE = 30.0


@cache
def small_counts() -> NDArray[np.float64]:
    """Return P(X <= x) of a Poisson variable with mean k + 1/2, for k, x = 0..511; k by row."""
    k = np.arange(TABLED, dtype=np.float64)
    table = pdtr(k[None, :], k[:, None] + SHIFT)
    table.setflags(write=False)
    return table


@cache
def expansion() -> NDArray[np.float64]:
    """Return the coefficients d[k, n] of Temme's functions c_k(η) = Σ_n d[k, n] η^n, k = 0..5.

    With ½η² = μ - ln(1 + μ): c_0 = 1/μ - 1/η and c_k = c'_{k-1} / η + (-1)^k g_k / μ, where g_k are Stirling's
    coefficients of Γ. Worked out as exact fractions from the power series of μ(η). DLMF 8.12, dlmf.nist.gov/8.12.
    """
    size = TERMS + 2 * ORDERS + 4
    mu = [Fraction(0), Fraction(1)]  # from μ μ' = η (1 + μ)
    for n in range(2, size):
        known = sum((mu[i] * (n + 1 - i) * mu[n + 1 - i] for i in range(2, n)), Fraction(0))
        mu.append((mu[n - 1] - known) / (n + 1))
    inverse = [Fraction(1)]  # η / μ
    for n in range(1, size - 1):
        inverse.append(-sum((mu[i + 1] * inverse[n - i] for i in range(1, n + 1)), Fraction(0)))
    bernoulli = (Fraction(1, 6), Fraction(-1, 30), Fraction(1, 42))
    log_series = [Fraction(0)] * (ORDERS + 1)
    for m, value in enumerate(bernoulli, start=1):
        log_series[2 * m - 1] = value / (2 * m * (2 * m - 1))
    stirling = [Fraction(1)]
    for k in range(1, ORDERS):
        stirling.append(sum((i * log_series[i] * stirling[k - i] for i in range(1, k + 1)), Fraction(0)) / k)
    out = np.zeros((ORDERS, TERMS))
    c = inverse[1:]
    for k in range(ORDERS):
        if k:
            c = [(n + 1) * c[n + 1] + (-1) ** k * stirling[k] * inverse[n] for n in range(len(c) - 1)][1:]
        kept = TERMS - 2 * k
        out[k, :kept] = [float(v) for v in c[:kept]]
    return out


@njit(cache=True, nogil=True)
def poisson_cdf(count, other, table, coefficients):
    """Estimate P(X <= count) of a Poisson variable with mean other + 1/2, to about 1e-15.

    `count`, `other`: whole numbers >= 0 as floats; `table`, `coefficients`: `small_counts()`, `expansion()`. Below 512
    from the table; else Q(a, λ) = ½ erfc(η √(a/2)) + exp(-½ a η²) / √(2πa) · Σ_k c_k(η) a^-k with a = count + 1,
    ½η² = μ - ln(1 + μ), μ = λ/a - 1 (Temme; DLMF 8.12); exactly 0 or 1 in tails below 2^-56.
    """
    if count < TABLED and other < TABLED:
        return table[int(other), int(count)]
    mean = other + SHIFT
    a = count + 1.0
    gap = mean - a
    if abs(gap) > FAR_SD * math.sqrt(max(mean, a)) + FAR_MORE:
        return 0.0 if gap > 0 else 1.0
    s = gap / (mean + a)  # ln(1 + μ) = 2 atanh(s)
    t = s * s
    tail = 0.0
    for i in range(15 if t > 0.01 else 8, 0, -1):
        tail = tail * t + 1.0 / (2 * i + 1)
    half = s * (gap / a - 2.0 * t * tail)  # ½η², without cancellation
    eta = math.copysign(math.sqrt(2.0 * half), gap)
    series = 0.0
    for k in range(ORDERS - 1, -1, -1):
        c = 0.0
        for n in range(TERMS - 2 * k - 1, -1, -1):
            c = c * eta + coefficients[k, n]
        series = series / a + c
    return 0.5 * math.erfc(eta * math.sqrt(0.5 * a)) + math.exp(-a * half) / math.sqrt(2.0 * math.pi * a) * series
