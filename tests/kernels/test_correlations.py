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


def test_perfect_order_and_nothing_to_test() -> None:
    assert spearman_p(1.0, 5, ties=False) == (pytest.approx(2 / 120), True)
    assert spearman_p(-1.0, 20, ties=False)[0] >= 2 / math.factorial(20)
    assert spearman_p(1.0, 40, ties=False)[0] == pytest.approx(2 / math.factorial(40))
    assert spearman_p(1.0, 8, ties=True) == (0.0, False)
    assert math.isnan(spearman_p(math.nan, 8, ties=False)[0])
    assert math.isnan(t_p(0.5, 2))
