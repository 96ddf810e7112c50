"""Kruskal-Wallis and Jonckheere-Terpstra: slow twins from the definitions, and R's kruskal.test."""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f as f_dist
from scipy.stats import ncf, norm

from her2het.kernels.ordered import epsilon_interval, jonckheere, kruskal_wallis
from her2het.kernels.ranks import rank_sum_test
from her2het.kernels.superiority import logit_interval, superiority

ORACLES = Path(__file__).parents[1] / "oracles/stats"
INPUTS = pd.read_csv(ORACLES / "groups_inputs.csv", float_precision="round_trip")
RESULTS = pd.read_csv(ORACLES / "groups_results.csv", float_precision="round_trip")
groups_of = st.lists(
    st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=5).map(np.array), min_size=2, max_size=4
)


def slow_j(groups) -> float:
    return sum((b > a) + 0.5 * (a == b) for one, other in itertools.combinations(groups, 2) for a in one for b in other)


@pytest.mark.parametrize("row", list(RESULTS.itertuples()), ids=lambda r: r.case)
def test_kruskal_equals_r(row) -> None:
    rows = INPUTS[INPUTS.case == row.case]
    found = kruskal_wallis([part.to_numpy() for _, part in rows.groupby("group").value])
    np.testing.assert_allclose([found.statistic, found.df, found.p], [row.statistic, row.df, row.p], rtol=1e-12)


@settings(max_examples=80, deadline=None)
@given(groups_of)
def test_kruskal_equals_its_twin(groups: list[np.ndarray]) -> None:
    """12/(N(N+1)) sum R_g^2/n_g - 3(N+1), over 1 - sum(t^3 - t)/(N^3 - N)."""
    found = kruskal_wallis(groups)
    pooled = np.concatenate(groups)
    n = len(pooled)
    ranks = {v: np.sum(pooled < v) + (np.sum(pooled == v) + 1) / 2 for v in pooled}
    h = 12 / (n * (n + 1)) * sum(sum(ranks[v] for v in g) ** 2 / len(g) for g in groups) - 3 * (n + 1)
    correction = 1 - sum(np.sum(pooled == v) ** 3 - np.sum(pooled == v) for v in set(pooled)) / (n**3 - n)
    if correction <= 1e-12:
        assert math.isnan(found.p)
        return
    assert found.statistic == pytest.approx(h / correction, abs=1e-9)
    assert found.epsilon == pytest.approx(h / correction / (n - 1), abs=1e-9)
    low, high = epsilon_interval(found)
    if not math.isnan(low):
        assert 0 <= low <= found.epsilon <= high <= 1


def test_epsilon_interval_solves_its_equations() -> None:
    rng = np.random.default_rng(4)
    found = kruskal_wallis([rng.normal(size=64), rng.normal(0.5, size=51), rng.normal(1.2, size=14)])
    f = (found.epsilon / 2) / ((1 - found.epsilon) / 126)
    for limit, share in zip(epsilon_interval(found), (0.975, 0.025), strict=True):
        assert ncf.cdf(f, 2, 126, limit * 129 / (1 - limit)) == pytest.approx(share, abs=1e-7)
    none = kruskal_wallis([np.array([1.0, 4, 5]), np.array([2.0, 3, 6])])
    assert epsilon_interval(none)[0] == 0


def test_groups_more_alike_than_chance_do_not_exclude_every_difference() -> None:
    """The limit is that of the median of F where groups do not differ; above it, nothing changes."""
    alike = kruskal_wallis([np.array([1.0, 4, 6, 7]), np.array([2.0, 3, 5, 8])])
    assert alike.epsilon < 0.01
    low, high = epsilon_interval(alike)
    ncp = 8 * high / (1 - high)
    assert (low, ncf.cdf(f_dist.ppf(0.5, 1, 6), 1, 6, ncp)) == (0, pytest.approx(0.025, abs=1e-7))


def test_two_groups_are_the_rank_sum_test() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=6), rng.normal(size=7)
    found = jonckheere([y, x])
    assert found.exact
    assert found.p == pytest.approx(rank_sum_test(x, y).p, rel=1e-12)
    assert found.superiority.value == pytest.approx(superiority(x, y).value)


@pytest.mark.parametrize(
    "dealt", [([0, 3], [1, 4], [2, 5, 6]), ([0, 1], [2, 4], [3, 5, 6]), ([5, 6], [0, 3], [1, 2, 4])]
)
def test_exact_trend_by_all_relabellings(dealt: tuple[list[int], ...]) -> None:
    values = np.arange(7.0)
    sizes = (2, 2, 3)
    seen = jonckheere([values[part] for part in dealt])
    assert seen.exact
    drawn = []
    for first in itertools.combinations(range(7), 2):
        rest = [i for i in range(7) if i not in first]
        for second in itertools.combinations(rest, 2):
            third = [i for i in rest if i not in second]
            drawn.append(slow_j([values[list(first)], values[list(second)], values[third]]))
    assert len(drawn) == math.factorial(7) // math.prod(math.factorial(s) for s in sizes)
    low, high = np.mean([j <= seen.statistic for j in drawn]), np.mean([j >= seen.statistic for j in drawn])
    assert seen.p == pytest.approx(min(1, 2 * min(low, high)), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(groups_of)
def test_normal_trend_has_the_moments_of_relabelling(groups: list[np.ndarray]) -> None:
    """Expectation and variance of J under relabelling, from the pairs of values themselves."""
    found = jonckheere(groups, exact=False)
    assert found.statistic == slow_j(groups)
    assert found.superiority.value == pytest.approx(
        slow_j(groups) / sum(len(a) * len(b) for a, b in itertools.combinations(groups, 2))
    )
    pooled, n = np.concatenate(groups), sum(map(len, groups))
    if n > 7:
        return
    label = np.repeat(np.arange(len(groups)), [len(g) for g in groups])
    drawn = [
        slow_j([pooled[np.array(mixed) == g] for g in range(len(groups))])
        for mixed in set(itertools.permutations(label))
    ]
    mean, spread = np.mean(drawn), np.std(drawn)
    if spread < 1e-9:
        assert math.isnan(found.p)
    else:
        assert found.p == pytest.approx(2 * norm.sf(abs(found.statistic - mean) / spread), rel=1e-9)


def test_trend_edges() -> None:
    assert math.isnan(jonckheere([np.array([1.0]), np.empty(0)]).p)
    assert math.isnan(jonckheere([np.ones(3), np.ones(3)]).p)
    assert math.isnan(kruskal_wallis([np.ones(3)]).p)
    with pytest.raises(ValueError, match="tied"):
        jonckheere([np.ones(3), np.ones(3)], exact=True)
    rising = jonckheere([np.arange(3.0), np.arange(3.0) + 5, np.arange(4.0) + 10])
    low, high = logit_interval(rising.superiority)
    assert high == 1
    assert 0.5 < low < 1
