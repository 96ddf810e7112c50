"""Exact inference on the odds ratio of one or several 2 x 2 tables, given all margins."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, logsumexp

from her2het.kernels.roots import brent_root

SLACK = 1e-7  # tables this much likelier than the observed one still count as at most as likely, as in R


@dataclass(frozen=True)
class Conditional:
    """Log P of the sums low, low + 1, ... of the upper left cells at odds ratio 1, and the sum that was observed."""

    low: int
    log_p: NDArray[np.float64]
    observed: int

    @property
    def high(self) -> int:
        """The largest sum that the margins allow."""
        return self.low + len(self.log_p) - 1


def conditional(tables: ArrayLike) -> Conditional:
    """The distribution of S = sum_k a_k over tables [[a, b], [c, d]] with all margins held, at an odds ratio of 1.

    Each a_k is hypergeometric; S is their convolution. `tables`: 2 x 2 or K x 2 x 2 counts; tables with an empty margin
    add a constant only. Raises ValueError for another shape or for counts that are negative or not whole.
    """
    counts = whole_counts(tables)
    counts = counts[np.newaxis] if counts.ndim == 2 else counts
    if counts.ndim != 3 or counts.shape[1:] != (2, 2):
        raise ValueError(f"tables of shape {counts.shape}, needed are 2 x 2 or K x 2 x 2")
    low, log_p = 0, np.zeros(1)
    for (a, b), (c, d) in counts:
        one, other, drawn = int(a + b), int(c + d), int(a + c)
        first, last = max(0, drawn - other), min(drawn, one)
        x = np.arange(first, last + 1)
        own = _log_choose(one, x) + _log_choose(other, drawn - x)
        low += first
        log_p = _convolved(log_p, own - _log_sum(own))
    return Conditional(low, log_p, int(counts[:, 0, 0].sum()))


def two_sided_p(of: Conditional) -> float:
    """The probability of all sums that are at most as likely as the observed one (to 1e-7 of it)."""
    limit = of.log_p[of.observed - of.low] + math.log1p(SLACK)
    return min(1.0, float(np.exp(of.log_p[of.log_p <= limit]).sum()))


def odds_ratio(of: Conditional) -> float:
    """The conditional maximum likelihood estimate: the odds ratio at which S has the observed expectation.

    0 or infinite where the observed sum is the smallest or largest possible; not a number where the margins allow one
    sum.
    """
    if of.low == of.high:
        return math.nan
    if of.observed in (of.low, of.high):
        return 0.0 if of.observed == of.low else math.inf
    sums = np.arange(of.low, of.high + 1)
    return math.exp(_solve(lambda t: float(_tilted(of, t) @ sums) - of.observed))


def odds_ratio_interval(of: Conditional, level: float = 0.95) -> tuple[float, float]:
    """The exact interval: the odds ratios at which P(S >= s) or P(S <= s) is (1 - level)/2."""
    tail, at = (1 - level) / 2, of.observed - of.low
    low = 0.0 if of.observed == of.low else math.exp(_solve(lambda t: float(_tilted(of, t)[at:].sum()) - tail))
    high = (
        math.inf if of.observed == of.high else math.exp(_solve(lambda t: tail - float(_tilted(of, t)[: at + 1].sum())))
    )
    return low, high


def whole_counts(tables: ArrayLike) -> NDArray[np.int64]:
    """The counts as integers. Raises ValueError where one is negative, missing or not whole."""
    given = np.asarray(tables, dtype=np.float64)
    if given.size and not (np.isfinite(given).all() and (given >= 0).all() and (given == np.round(given)).all()):
        raise ValueError("counts must be whole numbers from 0")
    return given.astype(np.int64)


def _tilted(of: Conditional, log_odds: float) -> NDArray[np.float64]:
    logs = of.log_p + log_odds * np.arange(len(of.log_p))
    return np.exp(logs - _log_sum(logs))


def _solve(rising: Callable[[float], float]) -> float:
    """The log odds ratio at which a rising function is 0."""
    reach = 1.0
    while rising(-reach) > 0 or rising(reach) < 0:
        reach *= 2
        if reach > 1e5:
            raise ValueError("no odds ratio meets the condition")
    return brent_root(rising, -reach, reach, 1e-13)


def _convolved(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(one) == 1:
        return one[0] + other
    grid = np.full((len(one), len(one) + len(other) - 1), -np.inf)
    for i, value in enumerate(one):
        grid[i, i : i + len(other)] = value + other
    return np.asarray(logsumexp(grid, axis=0), dtype=np.float64)


def _log_sum(logs: NDArray[np.float64]) -> float:
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).sum()))


def _log_choose(n: int, k: NDArray[np.int64]) -> NDArray[np.float64]:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
