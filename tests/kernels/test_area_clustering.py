"""Intraclass correlation, design effect, clustered intervals and the between-area test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import betaln
from scipy.stats import t

from her2het.kernels.area_clustering import (
    area_clustering,
    area_mean_interval,
    between_area_test,
    clustered_copies_interval,
    clustered_ratio_interval,
    effective_interval,
)
from her2het.kernels.fish import CellRule, count_nuclei
from her2het.kernels.fish_intervals import clopper_pearson

EXAMPLE = np.array([60, 62, 70, 10, 68, 72]), np.full(6, 75), np.array([0, 6])  # DOMAIN 3.4


def test_worked_example() -> None:
    got = area_clustering(*EXAMPLE)
    assert got.rho[0] == pytest.approx(0.487, abs=5e-4)
    assert got.deff[0] == pytest.approx(37.0, abs=0.05)
    assert got.n_effective[0] == pytest.approx(12.2, abs=0.05)
    assert (got.lowest[0], got.highest[0]) == (10 / 75, 72 / 75)
    naive = clopper_pearson(342, 450)
    assert (round(float(naive[0]), 3), round(float(naive[1]), 3)) == (0.718, 0.799)
    low, high = effective_interval([342], [450], got.deff)
    assert (round(low[0], 3), round(high[0], 3)) == (0.441, 0.949)
    mean = area_mean_interval(*EXAMPLE)
    assert round(mean.low[0], 3) == 0.431
    assert mean.high[0] == 1.0  # 1.089, clipped


@pytest.mark.parametrize(
    ("rho", "deff", "n_eff"), [(0.02, 2.48, 181), (0.05, 4.70, 96), (0.1, 8.40, 54), (0.3, 23.2, 19)]
)
def test_design_effect_of_six_areas_of_75(rho: float, deff: float, n_eff: int) -> None:
    assert 1 + 74 * rho == pytest.approx(deff)
    assert round(450 / (1 + 74 * rho)) == n_eff


groups = st.lists(
    st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=8
)


@given(groups)
def test_icc_equals_the_analysis_of_variance(cells: list[tuple[int, int]]) -> None:
    a, m = np.array(cells).T
    got = area_clustering(a, m, np.array([0, len(a)]))
    values = [np.repeat([1.0, 0.0], [x, n - x]) for x, n in cells if n > 0]
    assert got.areas[0] == len(values)
    if len(values) < 2:
        assert np.isnan(got.rho[0])
        return
    n, j = sum(len(v) for v in values), len(values)
    grand = np.concatenate(values).mean()
    msb = sum(len(v) * (v.mean() - grand) ** 2 for v in values) / (j - 1)
    msw = sum(((v - v.mean()) ** 2).sum() for v in values) / (n - j) if n > j else 0.0
    m0 = (n - sum(len(v) ** 2 for v in values) / n) / (j - 1)
    spread = msb + (m0 - 1) * msw
    want = min(max((msb - msw) / spread, 0), 1) if spread > 1e-12 else 0.0
    assert got.rho[0] == pytest.approx(want, abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(groups)
def test_likelihood_ratio_equals_a_general_optimiser(cells: list[tuple[int, int]]) -> None:
    a, m = np.array(cells).T
    got = between_area_test(a, m, np.array([0, len(a)]))
    used = m > 0
    if used.sum() < 2:
        assert np.isnan(got.p[0])
        return
    p = a.sum() / m.sum()
    if p in {0.0, 1.0}:
        assert (got.statistic[0], got.p[0]) == (0, 1)
        return

    def negative(x: np.ndarray) -> float:
        mu, rho = 1 / (1 + np.exp(-x[0])), 1 / (1 + np.exp(-x[1]))
        total = (1 - rho) / rho
        alpha, rest = mu * total, (1 - mu) * total
        return -float(np.sum(betaln(a + alpha, m - a + rest) - betaln(alpha, rest)))

    null = a.sum() * np.log(p) + (m - a).sum() * np.log1p(-p)
    fits = [
        minimize(negative, [np.log(p / (1 - p)), x], method="Nelder-Mead", bounds=[(-9, 9), (-14, 10)]).fun
        for x in (-5.0, -2.0, 0.0, 3.0)
    ]
    want = max(2 * (-min(fits) - null), 0)
    assert got.statistic[0] == pytest.approx(want, abs=2e-2)


def test_areas_all_or_none() -> None:
    got = between_area_test(np.array([0, 38]), np.array([4, 38]), np.array([0, 2]))
    assert got.statistic[0] == pytest.approx(23.644, abs=2e-3)  # the supremum, at a mean of 1/2 and rho = 1
    assert got.rho[0] > 0.999


def test_size_and_power() -> None:
    rng = np.random.default_rng(2)
    start = np.arange(4001) * 6
    m = np.full(24_000, 75)
    null = between_area_test(rng.binomial(m, 0.3), m, start)
    assert 0.005 < np.mean(null.p < 0.05) < 0.05  # chi-squared errs on the safe side with six areas
    p = rng.beta(0.3 * 9, 0.7 * 9, 24_000)
    assert np.mean(between_area_test(rng.binomial(m, p), m, start).p < 0.05) > 0.9


def test_clustered_limits_of_copies_and_ratio() -> None:
    rng = np.random.default_rng(5)
    area = np.repeat(np.arange(6), 50)
    mean = np.array([4.0, 5, 9, 4, 12, 6])[area]
    h, c = rng.poisson(mean), 1 + rng.poisson(1, 300)
    counts = count_nuclei(h, c, area, np.zeros(6, int), 1, rule=CellRule(2, 1, 0, 6, 6))
    got = clustered_copies_interval(counts.areas, counts.area_start)
    by_area = np.array([h[area == j].mean() for j in range(6)])
    half = t.ppf(0.975, 5) * by_area.std(ddof=1) / np.sqrt(6)
    assert got.estimate[0] == pytest.approx(h.mean())
    assert got.high[0] - got.estimate[0] == pytest.approx(half)
    ratio = clustered_ratio_interval(counts.areas, counts.area_start)
    assert ratio.estimate[0] == pytest.approx(h.sum() / c.sum())
    assert ratio.high[0] - ratio.low[0] > 0


def test_one_area_is_not_estimable() -> None:
    one = np.array([3]), np.array([20]), np.array([0, 1])
    got = area_clustering(*one)
    assert np.isnan([got.rho[0], got.deff[0], between_area_test(*one).p[0], area_mean_interval(*one).low[0]]).all()
