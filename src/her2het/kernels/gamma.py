"""Logarithm of the gamma function, fast enough to be called a billion times, and the beta-binomial built on it."""

import math

import numpy as np
from numba import njit

_HALF_LOG_2PI = 0.9189385332046727


@njit(cache=True, nogil=True)
def log_gamma(x: float) -> float:
    """ln Gamma(x) for x > 0, within 3e-14 of its size: Stirling's series from 8 on, the recurrence below."""
    shift = 0.0
    if x < 8.0:
        product = x
        x += 1.0
        while x < 8.0:
            product *= x
            x += 1.0
        shift = math.log(product)
    r = 1.0 / x
    q = r * r
    series = r * (
        1.0 / 12 + q * (-1.0 / 360 + q * (1.0 / 1260 + q * (-1.0 / 1680 + q * (1.0 / 1188 - q * 691.0 / 360360))))
    )
    return (x - 0.5) * math.log(x) - x + _HALF_LOG_2PI + series - shift


@njit(cache=True, nogil=True)
def beta_binomial_log_likelihood(a: np.ndarray, m: np.ndarray, first: int, last: int, mean: float, rho: float) -> float:
    """Sum over j in first..last-1 of ln P(a_j of m_j), without the binomial coefficients.

    The success probabilities of the groups have mean `mean` in (0, 1) and correlation `rho` in (0, 1) between two cells
    of a group: alpha = mean (1 - rho) / rho, beta = (1 - mean)(1 - rho) / rho.
    """
    total = (1.0 - rho) / rho
    alpha, beta = mean * total, (1.0 - mean) * total
    value = 0.0
    groups = 0
    for j in range(first, last):
        if m[j] > 0:
            value += log_gamma(a[j] + alpha) + log_gamma(m[j] - a[j] + beta) - log_gamma(m[j] + total)
            groups += 1
    return value + groups * (log_gamma(total) - log_gamma(alpha) - log_gamma(beta))
