"""Intervals against the worked examples and against direct calculation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, t

from her2het.kernels.fish import CellRule, NucleusSums, count_nuclei
from her2het.kernels.fish_intervals import clopper_pearson, copies_interval, jeffreys_masses, ratio_interval

LI = CellRule(2, 1, 0, 6, 6)


def sums(h: list[int], c: list[int]) -> NucleusSums:
    zero = np.zeros(len(h), np.int64)
    return count_nuclei(np.array(h), np.array(c), zero, np.array([0]), 1, rule=LI).samples


cells = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)), min_size=3, max_size=40)


@settings(deadline=None)
@given(cells)
def test_ratio_and_copies_equal_the_formula(pairs: list[tuple[int, int]]) -> None:
    h, c = np.array(pairs, float).T
    n = len(h)
    got = ratio_interval(sums(*zip(*pairs, strict=True)))
    r = h.sum() / c.sum()
    cov = np.cov(h, c)
    se = np.sqrt(max(cov[0, 0] + r**2 * cov[1, 1] - 2 * r * cov[0, 1], 0) / n) / c.mean()
    assert got.estimate[0] == pytest.approx(r, abs=1e-12)
    assert got.se[0] == pytest.approx(se, abs=1e-6)
    assert got.high[0] - got.estimate[0] == pytest.approx(t.ppf(0.975, n - 1) * got.se[0])
    copies = copies_interval(sums(*zip(*pairs, strict=True)))
    assert copies.se[0] == pytest.approx(h.std(ddof=1) / np.sqrt(n), abs=1e-6)
    assert copies.estimate[0] == pytest.approx(h.mean())


def test_worked_example_of_twenty_cells() -> None:
    # DOMAIN 2.1 gives sums, mean of ratios and limits; these are counts that have them
    h = [5, 4, 5, 3, 3, 5, 6, 6, 5, 4, 4, 4, 4, 5, 3, 4, 4, 4, 4, 6]
    c = [2, 2, 2, 2, 2, 2, 3, 3, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 3]
    assert (sum(h), sum(c), np.mean(np.array(h) / c)) == (88, 42, 2.125)
    ratio, copies = ratio_interval(sums(h, c)), copies_interval(sums(h, c))
    assert round(ratio.estimate[0], 4) == 2.0952  # of sums, not the mean of ratios
    assert round(ratio.se[0], 4) == 0.0669
    assert (round(ratio.low[0], 3), round(ratio.high[0], 3)) == (1.955, 2.235)
    assert (round(copies.low[0], 2), round(copies.high[0], 2)) == (3.96, 4.84)


def test_what_cannot_be_estimated_is_nan() -> None:
    assert np.isnan(ratio_interval(sums([4, 4], [0, 0])).estimate[0])
    one = ratio_interval(sums([4], [2]))
    assert one.estimate[0] == 2
    assert np.isnan(one.low[0])
    assert np.isnan(copies_interval(sums([], [])).estimate[0])


# DOMAIN 3.4: n, amplified, Clopper-Pearson in percent, P(<= 5 %), P(HET), P(>= 50 %)
CERTAINTY = [
    (20, 2, 1.2, 31.7, 0.147, 0.853, 0.000),
    (20, 9, 23.1, 68.5, 0.000, 0.672, 0.328),
    (60, 4, 1.8, 16.2, 0.257, 0.743, 0.000),
    (60, 27, 32.1, 58.4, 0.000, 0.781, 0.219),
    (75, 4, 1.5, 13.1, 0.416, 0.584, 0.000),
    (300, 18, 3.6, 9.3, 0.209, 0.791, 0.000),
    (300, 135, 39.3, 50.8, 0.000, 0.958, 0.042),
    (450, 27, 4.0, 8.6, 0.164, 0.836, 0.000),
    (450, 202, 40.2, 49.6, 0.000, 0.985, 0.015),
]


@pytest.mark.parametrize(("n", "a", "low", "high", "le5", "het", "ge50"), CERTAINTY)
def test_certainty_of_independent_cells(
    n: int, a: int, low: float, high: float, le5: float, het: float, ge50: float
) -> None:
    got = clopper_pearson(a, n)
    assert (round(100 * float(got[0]), 1), round(100 * float(got[1]), 1)) == (low, high)
    assert tuple(round(float(x), 3) for x in jeffreys_masses(a, n, 0.05, 0.5)) == (le5, het, ge50)


def test_no_amplified_cell_excludes_five_percent_from_72_nuclei_on() -> None:
    upper = clopper_pearson(np.zeros(200), np.arange(1, 201))[1]
    assert int(np.argmax(upper < 0.05)) + 1 == 72
    one_sided = clopper_pearson(np.zeros(200), np.arange(1, 201), level=0.9)[1]
    assert int(np.argmax(one_sided < 0.05)) + 1 == 59


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=30))
def test_clopper_pearson_equals_beta_quantiles(pairs: list[tuple[int, int]]) -> None:
    n = np.array([a + b for a, b in pairs])
    a = np.array([a for a, _ in pairs])
    low, high = clopper_pearson(a, n)
    for k in range(len(n)):
        if n[k] == 0:
            assert np.isnan(low[k])
            assert np.isnan(high[k])
            continue
        want = (
            beta.ppf(0.025, a[k], n[k] - a[k] + 1) if a[k] else 0.0,
            beta.ppf(0.975, a[k] + 1, n[k] - a[k]) if a[k] < n[k] else 1.0,
        )
        assert (low[k], high[k]) == pytest.approx(want, abs=1e-10)
        assert low[k] <= a[k] / n[k] <= high[k]


def test_effective_counts_may_be_fractional() -> None:
    low, high = clopper_pearson(0.76 * 12.2, 12.2)
    assert (round(float(low), 2), round(float(high), 2)) == (0.44, 0.95)
