"""The Poisson distribution function against sums of the probabilities themselves, in forty decimal digits."""

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.kernels.poisson_cdf import TABLED, expansion, poisson_cdf, small_counts

TABLE, COEFFICIENTS = small_counts(), expansion()


def slow_cdf(count: int, other: int) -> float:
    """Σ_{k <= count} exp(-λ) λ^k / k!, downwards from `count`, or one minus the rest."""
    getcontext().prec = 40
    mean = Decimal(other) + Decimal("0.5")
    up = count >= other
    k = count + 1 if up else count
    term = (-mean).exp() * mean**k / math.factorial(k)
    total = Decimal(0)
    while k >= 0 and term > total * Decimal("1e-30") and term > Decimal("1e-40"):
        total += term
        term = term * mean / (k + 1) if up else term * k / mean
        k += 1 if up else -1
    return float(1 - total if up else total)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 4000), st.floats(-9, 9))
def test_equals_the_slow_twin(other: int, sd: float) -> None:
    count = max(0, round(other + sd * math.sqrt(other + 1)))
    found = poisson_cdf(float(count), float(other), TABLE, COEFFICIENTS)
    assert found == pytest.approx(slow_cdf(count, other), abs=1e-15)


@pytest.mark.parametrize(
    ("count", "other", "expected"),
    [
        (0, 0, math.exp(-0.5)),
        (2, 1, math.exp(-1.5) * (1 + 1.5 + 1.125)),
        (4_196_408, 4_187_021, 0.9999977392766457),  # forty digits; scipy 1.17 gives ...752...
        (100, 5000, 0.0),
        (5000, 100, 1.0),
    ],
)
def test_worked_examples(count: int, other: int, expected: float) -> None:
    assert poisson_cdf(float(count), float(other), TABLE, COEFFICIENTS) == pytest.approx(expected, abs=2e-16)


def test_table_and_expansion_meet() -> None:
    """On either side of the table's edge the function goes on rising with the count and falling with the mean."""
    x = np.arange(TABLED - 40, TABLED + 40)
    by_count = [poisson_cdf(float(c), 500.0, TABLE, COEFFICIENTS) for c in x]
    by_mean = [poisson_cdf(500.0, float(m), TABLE, COEFFICIENTS) for m in x]
    assert (np.diff(by_count) > 0).all()
    assert (np.diff(by_mean) < 0).all()


def test_coefficients_are_the_published_ones() -> None:
    assert COEFFICIENTS[0, :4] == pytest.approx([-1 / 3, 1 / 12, -2 / 135, 1 / 864])  # DLMF 8.12.12 and after
    assert COEFFICIENTS[1, :2] == pytest.approx([-1 / 540, -1 / 288])
    assert COEFFICIENTS[2, 0] == pytest.approx(25 / 6048)
    assert COEFFICIENTS[3, 0] == pytest.approx(101 / 155520)
