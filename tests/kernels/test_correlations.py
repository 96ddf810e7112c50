"""The null distribution of Spearman's correlation, by enumeration and by its symmetries."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.kernels.correlations import spearman_p, squared_distances, t_p, upper_tail


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7])
def test_distances_by_enumeration(n: int) -> None:
    sums = [sum((i - p) ** 2 for i, p in enumerate(order)) for order in itertools.permutations(range(n))]
    expected = [sums.count(s) for s in range(0, (n**3 - n) // 3 + 1, 2)]
    np.testing.assert_array_equal(squared_distances(n), expected)


def test_nine_are_counted_and_sum_to_nine_factorial() -> None:
    assert squared_distances(9).sum() == math.factorial(9)


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 60), st.integers(0, 10**6))
def test_tails_are_monotone_and_mirrored(n: int, pick: int) -> None:
    largest = (n**3 - n) // 3
    s = 2 * (pick % (largest // 2 + 1))
    assert upper_tail(0, n) == 1
    assert upper_tail(largest + 2, n) == 0
    assert upper_tail(s, n) + upper_tail(largest - s + 2, n) == pytest.approx(1, abs=2e-3 if n > 9 else 1e-12)
    r = 1 - 6 * s / (n**3 - n)
    assert spearman_p(r, n, ties=False)[0] == pytest.approx(spearman_p(-r, n, ties=False)[0], rel=1e-9)


@pytest.mark.parametrize(("n", "error"), [(10, 5.61e-4), (12, 3.5e-4)])
def test_the_series_is_close_to_counting(n: int, error: float) -> None:
    """The largest error of AS 89, which R and we share from ten pairs on, is .00056 there and falls."""
    counts = squared_distances(n)
    upper = counts[::-1].cumsum()[::-1] / counts.sum()
    series = [upper_tail(2 * k, n) for k in range(len(counts))]
    assert np.abs(series - upper).max() < error


@pytest.mark.parametrize("n", [10, 12, 43, 200])
def test_beyond_the_end_of_the_series_p_is_that_of_t(n: int) -> None:
    """Where AS 89 gives 0 (as R prints) p used to be that of a perfect order, far below what t gives."""
    largest = (n**3 - n) // 3
    ended = 0
    for r in np.linspace(0.5, 0.999, 60):
        s = 2 * round(largest * (1 - r) / 4)
        exact_r = 1 - 6 * s / (n**3 - n)
        p, source = spearman_p(exact_r, n, ties=False)
        assert p >= 2 / math.factorial(n)
        if s and upper_tail(largest - s, n) == 0:
            ended += 1
            assert source == "t"
            assert p == pytest.approx(max(t_p(exact_r, n), 2 / math.factorial(n)))
    assert ended


@pytest.mark.parametrize("n", [10, 11, 12])
def test_p_falls_as_the_correlation_rises(n: int) -> None:
    largest = (n**3 - n) // 3
    p = [spearman_p(1 - 6 * s / (n**3 - n), n, ties=False)[0] for s in range(0, largest // 2, 2)]
    assert all(a <= b for a, b in itertools.pairwise(p))


@pytest.mark.parametrize("n", [10, 11, 12])
def test_t_beyond_the_series_is_nearer_to_counting_than_a_perfect_order(n: int) -> None:
    counts = squared_distances(n)
    lower = counts.cumsum() / counts.sum()
    step = 6 / (n**3 - n)
    for k in range(1, 60):
        p, source = spearman_p(1 - step * 2 * k, n, ties=False)
        if source == "t":
            exact, least = 2 * lower[k], 2 / math.factorial(n)
            assert abs(math.log(p / exact)) <= abs(math.log(least / exact)) + 1e-9


def test_perfect_order_and_nothing_to_test() -> None:
    assert spearman_p(1.0, 5, ties=False) == (pytest.approx(2 / 120), "exact")
    assert spearman_p(-1.0, 20, ties=False) == (pytest.approx(2 / math.factorial(20)), "exact")
    assert spearman_p(1.0, 40, ties=False) == (pytest.approx(2 / math.factorial(40)), "exact")
    assert spearman_p(1.0, 8, ties=True) == (0.0, "t")
    assert math.isnan(spearman_p(math.nan, 8, ties=False)[0])
    assert math.isnan(t_p(0.5, 2))
