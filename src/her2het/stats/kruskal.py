"""Do several groups of patients differ? The Kruskal-Wallis test with its effect size."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2, rankdata

from her2het.stats.estimate import Estimate
from her2het.stats.patients import split
from her2het.stats.units import PerPatient


def kruskal_wallis(
    values: PerPatient, groups: pd.Series, labels: tuple[str, ...], *, level: float = 0.95, contrast: str = ""
) -> Estimate:
    """Estimate how much of the ranks' variation lies between groups, with the Kruskal-Wallis test.

    H = (N - 1) sum_j n_j (Rbar_j - Rbar)^2 / sum_i (R_i - Rbar)^2, which holds with ties; p by chi-squared with k - 1
    degrees of freedom, as R's kruskal.test. Effect: epsilon^2 = H / (N - 1), from 0 to 1. Interval: H taken as
    non-central chi-squared, its non-centrality lambda inverted, (lambda + k - 1) / (N - 1) at most 1: approximate, and
    its low limit never lies below (k - 1) / (N - 1), what no difference gives on average. Patients without a value or
    in none of `labels` are left out. Not a number where fewer than two groups have patients or all values are equal.

    :raises TypeError: where values are not per patient
    Kruskal & Wallis 1952, doi:10.1080/01621459.1952.10483441; Kelley 1935, doi:10.1073/pnas.21.9.554.
    """
    parts = split(values, groups, labels)
    filled = [p for p in parts if len(p)]
    h, p = kruskal(filled)
    k, n = len(filled), sum(map(len, filled))
    low, high = _interval(h, k, n, level)
    return Estimate(
        contrast=contrast or " / ".join(labels),
        effect="epsilon squared",
        unit="",
        value=h / (n - 1) if n > 1 else float("nan"),
        low=low,
        high=high,
        n=tuple(map(len, parts)),
        method="Kruskal-Wallis",
        p=p,
        level=level,
        remark="" if np.isfinite(p) else "fewer than two groups have patients, or all values are equal",
    )


def kruskal(parts: list[NDArray[np.float64]]) -> tuple[float, float]:
    """H and p; not a number where there are fewer than two groups or all values are equal."""
    if len(parts) < 2:
        return float("nan"), float("nan")
    everything = np.concatenate(parts)
    ranks = rankdata(everything)
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if total == 0:
        return float("nan"), float("nan")
    ends = np.cumsum([len(p) for p in parts])
    means = [(len(r), float(r.mean())) for r in np.split(ranks, ends[:-1])]
    between = sum(n * (m - float(ranks.mean())) ** 2 for n, m in means)
    h = (len(everything) - 1) * between / total
    return float(h), float(chi2.sf(h, len(parts) - 1))


def _interval(h: float, k: int, n: int, level: float) -> tuple[float, float]:
    if not np.isfinite(h):
        return float("nan"), float("nan")
    tail = (1 - level) / 2

    def excess(noncentrality: float, probability: float) -> float:
        return float(ncx2.sf(h, k - 1, noncentrality) if noncentrality > 0 else chi2.sf(h, k - 1)) - probability

    def solve(probability: float) -> float:
        if excess(0.0, probability) >= 0:
            return 0.0
        top = 4 * h + 100.0
        return float(brentq(excess, 0.0, top, args=(probability,), xtol=1e-10))

    low, high = solve(tail), solve(1 - tail)
    return min(1.0, (low + k - 1) / (n - 1)), min(1.0, (high + k - 1) / (n - 1))
