"""Normal and t intervals and p values of an estimate with its standard error."""

import math

from scipy.special import ndtr, ndtri, stdtr, stdtrit


def normal_interval(value: float, error: float, level: float = 0.95) -> tuple[float, float]:
    """value -+ z error."""
    half = -float(ndtri((1 - level) / 2)) * error
    return value - half, value + half


def normal_p(value: float, error: float) -> float:
    """Two-sided p of value / error against the normal distribution; not a number where the error is not above 0."""
    return float(2 * ndtr(-abs(value) / error)) if error > 0 else math.nan


def normal_quantile(p: float) -> float:
    """The value below which a standard normal lies with probability p."""
    return float(ndtri(p))


def t_interval(value: float, error: float, df: float, level: float = 0.95) -> tuple[float, float]:
    """value -+ t error, t of `df` degrees of freedom."""
    half = float(stdtrit(df, (1 + level) / 2)) * error
    return value - half, value + half


def t_two_sided(value: float, error: float, df: float) -> float:
    """Two-sided p of value / error against t; not a number where the error is not above 0 or df below 1."""
    return float(2 * stdtr(df, -abs(value) / error)) if error > 0 and df >= 1 else math.nan


def normal_cdf(z: float) -> float:
    """The probability that a standard normal lies below z."""
    return float(ndtr(z))
