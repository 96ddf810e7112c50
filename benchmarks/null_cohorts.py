"""Small drawn cohorts, and what one test or interval says of each: the pieces of null_calibration.py.

Each function draws one cohort with `rng` and gives 1 or 0 (rejected, covered), a share, or NaN where nothing comes out.
"""

import math
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
import pandas as pd
from scipy.stats import norm

from her2het.kernels.many_ranks import many_rank_sums
from her2het.kernels.ordered import jonckheere
from her2het.kernels.ordered import kruskal_wallis as kruskal_wallis_of
from her2het.kernels.ranks import rank_sum_test
from her2het.kernels.shifts import shift_of_two
from her2het.stats.bootstrap import cluster_bootstrap
from her2het.stats.changes import discordance, mcnemar_of_counts
from her2het.stats.correlation import pearson
from her2het.stats.estimate import Estimate
from her2het.stats.families import adjusted
from her2het.stats.mixed import mixed_shift
from her2het.stats.rank_tests import rank_sum, signed_rank
from her2het.stats.response import auc, compare_auc, logistic
from her2het.stats.robustness import bootstrap_shift
from her2het.stats.strata import common_odds_ratio, stratified_association, stratified_rank_sum
from her2het.stats.tables import association_of_counts, compare_counts, odds_ratio_of_counts, share_of_counts
from her2het.stats.units import PerPatient, PerSample

LEVEL = 0.05
Rng = np.random.Generator


def per(values: np.ndarray, quantity: str = "x") -> PerPatient:
    """One value per patient p0, p1, ..."""
    return PerPatient(pd.Series(values, index=[f"p{i}" for i in range(len(values))]), quantity)


def labels(*sizes: int) -> pd.Series:
    """Groups a, b, c of these sizes for patients p0, p1, ..."""
    label = np.repeat(list("abcdef")[: len(sizes)], sizes)
    return pd.Series(label, index=[f"p{i}" for i in range(len(label))])


def rejected(e: Estimate) -> float:
    return math.nan if math.isnan(e.p) else float(e.p <= LEVEL)


def holds(e: Estimate, truth: float, part: str = "value") -> float:
    low, high = (e.low, e.high) if part == "value" else (e.standard_low, e.standard_high)
    return math.nan if math.isnan(low) or math.isnan(high) else float(low <= truth <= high)


# --- what is drawn --------------------------------------------------------------------------------------------------


def two_groups(m: int, n: int, shift: float, shape: str, rng: Rng) -> tuple[PerPatient, pd.Series]:
    x = {"normal": rng.normal, "skewed": lambda size: rng.exponential(size=size)}[shape](size=m + n)
    x[:m] += shift
    return per(np.round(x) if shape == "ties" else x), labels(m, n)


def sum_size(m: int, n: int, grid: float, rng: Rng) -> float:
    x = rng.normal(size=m + n)
    values = per(np.round(x / grid) * grid if grid else x)
    return rejected(rank_sum(values, labels(m, n), "a", "b"))


def sum_shift(m: int, n: int, shift: float, shape: str, rng: Rng) -> float:
    values, groups = two_groups(m, n, shift, shape, rng)
    return holds(rank_sum(values, groups, "a", "b"), shift)


def sum_standard(m: int, n: int, shift: float, rng: Rng) -> float:
    values, groups = two_groups(m, n, shift, "normal", rng)
    return holds(rank_sum(values, groups, "a", "b"), 2 * norm.cdf(shift / math.sqrt(2)) - 1, "standard")


def sum_scales(m: int, n: int, rng: Rng) -> float:
    values = per(np.concatenate((rng.exponential(20.0, m), rng.exponential(1.0, n))))
    return holds(rank_sum(values, labels(m, n), "a", "b"), 2 * 20 / 21 - 1, "standard")


@lru_cache
def heavy(shift: float) -> float:
    """P(D + D' > 0) for two changes of Student's t with 3 degrees of freedom about `shift`, by a million pairs."""
    return float((np.random.default_rng(1).standard_t(3, (2, 1_000_000)).sum(axis=0) > -2 * shift).mean())


def signed_heavy(n: int, shift: float, rng: Rng) -> float:
    return holds(signed_rank(per(rng.standard_t(3, n) + shift)), 2 * heavy(shift) - 1, "standard")


def signed_size(n: int, grid: float, rng: Rng) -> float:
    d = rng.normal(size=n)
    return rejected(signed_rank(per(np.round(d / grid) * grid if grid else d)))


def signed_shift(n: int, shift: float, part: str, rng: Rng) -> float:
    e = signed_rank(per(rng.normal(shift, 1, n)))
    return holds(e, shift if part == "value" else 2 * norm.cdf(math.sqrt(2) * shift) - 1, part)


def correlated(n: int, rho: float, rng: Rng) -> tuple[PerPatient, PerPatient]:
    x = rng.normal(size=n)
    return per(x), per(rho * x + math.sqrt(1 - rho * rho) * rng.normal(size=n), "y")


def correlation_size(test: Callable[..., Estimate], n: int, rng: Rng) -> float:
    return rejected(test(*correlated(n, 0.0, rng)))


def correlation_truth(test: Callable[..., Estimate], n: int, rho: float, rng: Rng) -> float:
    truth = rho if test is pearson else 6 / math.pi * math.asin(rho / 2)
    return holds(test(*correlated(n, rho, rng)), truth)


def three_groups(step: float, rng: Rng) -> tuple[PerPatient, pd.Series]:
    return per(rng.normal(size=129) + np.repeat([0, step, 2 * step], [64, 51, 14])), labels(64, 51, 14)


def several_size(test: Callable[..., Estimate], rng: Rng) -> float:
    return rejected(test(*three_groups(0.0, rng), ("a", "b", "c")))


def several_truth(test: Callable[..., Estimate], step: float, truth: float, rng: Rng) -> float:
    return holds(test(*three_groups(step, rng), ("a", "b", "c")), truth)


@lru_cache
def large(step: float) -> tuple[float, float]:
    """Epsilon squared and probability of a rise in a population, from large cohorts."""
    rng = np.random.default_rng(1)
    epsilon, rise = [], []
    for _ in range(60):
        parts = [rng.normal(k * step, 1, 20 * n) for k, n in enumerate((64, 51, 14))]
        epsilon.append(kruskal_wallis_of(parts).epsilon)
        j = jonckheere([p[::10] for p in parts])
        rise.append(j.superiority.value)
    return float(np.mean(epsilon)), float(np.mean(rise))


def rates_size(m: int, n: int, rate: float, rng: Rng) -> float:
    return rejected(compare_counts((rng.binomial(m, rate), m), (rng.binomial(n, rate), n)))


def rates_truth(ask: str, m: int, n: int, one: float, other: float, rng: Rng) -> float:
    counts = (int(rng.binomial(m, one)), m), (int(rng.binomial(n, other)), n)
    if ask == "odds":
        return holds(odds_ratio_of_counts(*counts), one / (1 - one) / (other / (1 - other)))
    return holds(compare_counts(*counts), 100 * (one - other))


def share_truth(method: str, n: int, rate: float, rng: Rng) -> float:
    return holds(share_of_counts((int(rng.binomial(n, rate)), n), method=method), 100 * rate)  # type: ignore[arg-type]


def classes_size(method: str, rng: Rng) -> float:
    shares = [0.5, 0.3, 0.2] if method == "fisher" else [0.4, 0.3, 0.2, 0.1]
    table = [rng.multinomial(n, shares) for n in (64, 51, 14)]
    return rejected(association_of_counts(table, method=method))  # type: ignore[arg-type]


def classes_truth(rng: Rng) -> float:
    shares = np.array([[0.5, 0.3, 0.2], [0.3, 0.4, 0.3], [0.15, 0.35, 0.5]])
    size = np.array([64, 51, 14]) / 129
    expected = size @ shares
    truth = math.sqrt(float((size[:, None] * (shares - expected) ** 2 / expected).sum()) / 2)
    table = [rng.multinomial(n, p) for n, p in zip((64, 51, 14), shares, strict=True)]
    return holds(association_of_counts(table, method="chi-square"), truth)


def mcnemar_draw(method: str, ask: str, rng: Rng) -> float:
    if ask == "size":
        table = rng.multinomial(50, [0.6, 0.15, 0.15, 0.1])
        return rejected(mcnemar_of_counts(table.reshape(2, 2), method=method))  # type: ignore[arg-type]
    table = rng.multinomial(50, [0.5, 0.2, 0.1, 0.2])
    return holds(mcnemar_of_counts(table.reshape(2, 2)), 10.0)


EVEN = np.array(  # exchange of four classes without a direction
    [[0.04, 0.03, 0.01, 0.0], [0.03, 0.12, 0.06, 0.01], [0.01, 0.06, 0.2, 0.1], [0.0, 0.01, 0.1, 0.22]]
)


def changes_draw(test: str, ask: str, rng: Rng) -> float:
    e = discordance(rng.multinomial(49, EVEN.ravel()).reshape(4, 4), test=test)  # type: ignore[arg-type]
    return rejected(e) if ask == "size" else holds(e, 100 * (1 - float(np.trace(EVEN))))


def classes_in_strata(rng: Rng) -> float:
    groups, strata = strata_of(rng, (51, 64))
    shares = {0: [0.5, 0.3, 0.2], 1: [0.2, 0.3, 0.5]}
    drawn = [rng.choice(["x", "y", "z"], p=shares[int(s)]) for s in strata]
    classes = PerPatient(pd.Series(drawn, index=groups.index), "class")
    return rejected(stratified_association(classes, groups, strata, ("a", "b")))


def strata_of(rng: Rng, sizes: tuple[int, int] = (14, 115)) -> tuple[pd.Series, pd.Series]:
    groups = labels(*sizes)
    return groups, pd.Series(rng.integers(0, 2, len(groups)), index=groups.index, name="HR")


def elteren_draw(shift: float, ask: str, rng: Rng) -> float:
    groups, strata = strata_of(rng)
    values = per(rng.normal(size=129) + 2 * strata.to_numpy() + shift * (groups == "a").to_numpy())
    e = stratified_rank_sum(values, groups, strata, "a", "b")
    if ask == "size":
        return rejected(e)
    return holds(e, shift) if ask == "value" else holds(e, 2 * norm.cdf(shift / math.sqrt(2)) - 1, "standard")


def odds_draw(exact: bool, log_odds: float, ask: str, rng: Rng) -> float:
    groups, strata = strata_of(rng, (51, 64))
    p = 1 / (1 + np.exp(-(-0.4 + 0.8 * strata.to_numpy() + log_odds * (groups == "a").to_numpy())))
    flags = per((rng.random(len(groups)) < p).astype(float))
    e = common_odds_ratio(flags, groups, strata, "a", "b", exact=exact)
    return rejected(e) if ask == "size" else holds(e, math.exp(log_odds))


def logistic_draw(rare: bool, log_odds: float, ask: str, rng: Rng) -> float:
    het = np.repeat([1.0, 0.0], [14, 115])
    age = rng.normal(size=129)
    y = (rng.random(129) < 1 / (1 + np.exp(-((-2.5 if rare else 0.0) + 0.4 * age + log_odds * het)))).astype(float)
    if y.sum() in (0, 129):
        return math.nan
    e = logistic(per(y, "pCR"), (per(het, "HET"), per(age, "age")))[0]
    return rejected(e) if ask == "size" else holds(e, math.exp(log_odds))


def auc_truth(interval: str, m: int, n: int, shift: float, rng: Rng) -> float:
    marker, outcome = rng.normal(size=m + n), np.repeat([1.0, 0.0], [m, n])
    marker[:m] += shift
    return holds(auc(per(marker), per(outcome, "pCR"), interval=interval), norm.cdf(shift / math.sqrt(2)))


def auc_pair(gap: float, ask: str, rng: Rng) -> float:
    outcome, shared = np.repeat([1.0, 0.0], [64, 51]), rng.normal(size=115)
    one = shared + rng.normal(size=115) + (1.0 + gap) * outcome
    other = shared + rng.normal(size=115) + 1.0 * outcome
    e = compare_auc(per(one), per(other), per(outcome, "pCR"))
    return rejected(e) if ask == "size" else holds(e, norm.cdf((1 + gap) / 2) - norm.cdf(0.5))


def biopsies(shift: float, rng: Rng) -> tuple[pd.Series, pd.Series, np.ndarray]:
    """Two biopsies of most patients of groups of 51 and 14, correlated by .7: owner, patients' groups, values."""
    groups = labels(51, 14)
    per_patient = np.where(rng.random(65) < 0.12, 1, 2)
    effect = rng.normal(0, math.sqrt(0.7), 65) + shift * (groups == "a").to_numpy()
    code = np.repeat(np.arange(65), per_patient)
    owner = pd.Series(groups.index.to_numpy()[code], index=[f"s{i}" for i in range(len(code))])
    return owner, groups, effect[code] + rng.normal(0, math.sqrt(0.3), len(code))


def mixed_draw(shift: float, ask: str, rng: Rng) -> float:
    owner, groups, values = biopsies(shift, rng)
    e = mixed_shift(PerSample(pd.Series(values, index=owner.index), "x"), owner, groups, "a", "b")
    return rejected(e) if ask == "size" else holds(e, shift)


def patient_means(ask: str, rng: Rng) -> float:
    owner, groups, values = biopsies(0.0, rng)
    e = rank_sum(PerSample(pd.Series(values, index=owner.index), "x").per_patient(owner), groups, "a", "b")
    return rejected(e) if ask == "size" else holds(e, 0.0)


def as_if_patients(ask: str, rng: Rng) -> float:
    owner, groups, values = biopsies(0.0, rng)
    first = (groups.reindex(owner) == "a").to_numpy()
    if ask == "size":
        return float(rank_sum_test(values[first], values[~first]).p <= LEVEL)
    shift = shift_of_two(values[first], values[~first])
    return float(shift.low <= 0 <= shift.high)


def mean_of(values: np.ndarray, rows: np.ndarray) -> float:
    return float(values[rows].mean())


def bootstrap_draw(kind: str, unit: str, rng: Rng) -> float:
    owner, _, values = biopsies(0.0, rng)
    who = owner if unit == "patient" else pd.Series(owner.index)
    found = cluster_bootstrap(who, partial(mean_of, values), draws=400, seed=int(rng.integers(2**31)), kind=kind)  # type: ignore[arg-type]
    return float(found.low <= 0 <= found.high)


def bootstrap_of_shift(kind: str, rng: Rng) -> float:
    values, groups = two_groups(14, 64, 0.5, "normal", rng)
    e = bootstrap_shift(values, groups, "a", "b", draws=400, seed=int(rng.integers(2**31)), kind=kind)  # type: ignore[arg-type]
    return holds(e, 0.5)


def family(method: str, alternatives: int, ask: str, rng: Rng) -> float:
    """200 rank-sum tests of 20 against 20, sharing a patient effect that correlates them."""
    values = rng.normal(size=(200, 40)) + 0.7 * rng.normal(size=40)
    values[:alternatives, :20] += 1.2
    p = many_rank_sums(values, np.repeat([0, 1], 20), [(0, 1)]).p[:, 0]
    found = adjusted(p, method) <= LEVEL  # type: ignore[arg-type]
    false = int(found[alternatives:].sum())
    return float(false > 0) if ask == "any false" else false / max(1, int(found.sum()))
