"""What a sampling design can tell: worked probabilities, exact sums, simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from her2het.kernels.het_call import Limits
from her2het.kernels.sampling_design import (
    beta_binomial_pmf,
    call_chances,
    design_certainty,
    miss_negative_area,
    negative_area_share,
    pooled_pmf,
    smallest_designs,
)

LI = Limits(1, 20, 1, 1, 2)
BAND = {"low": 0.05, "high": 0.5}

# DOMAIN 3.4: P(call HET | true fraction) of independent cells
HET = [
    (20, 0.02, 0.060),
    (20, 0.05, 0.264),
    (20, 0.10, 0.608),
    (20, 0.45, 0.591),
    (20, 0.50, 0.412),
    (60, 0.05, 0.353),
    (60, 0.10, 0.863),
    (60, 0.45, 0.742),
    (60, 0.50, 0.449),
    (300, 0.03, 0.020),
    (300, 0.05, 0.432),
    (300, 0.08, 0.971),
    (300, 0.45, 0.954),
    (300, 0.55, 0.036),
    (450, 0.05, 0.487),
    (450, 0.08, 0.993),
    (450, 0.45, 0.981),
]


@pytest.mark.parametrize(("n", "p", "want"), HET)
def test_chance_of_a_het_call(n: int, p: float, want: float) -> None:
    assert call_chances(1, n, p, 0.0, LI).het == pytest.approx(want, abs=6e-4)


# DOMAIN 3.1: pooled and area rule at mean .8, 6 areas of 75; the values there were simulated, these sums are exact
@pytest.mark.parametrize(("rho", "pooled", "any_area"), [(0.1, 0.000, 0.168), (0.3, 0.003, 0.544)])
def test_pooled_and_area_rules(rho: float, pooled: float, any_area: float) -> None:
    got = call_chances(6, 75, 0.8, rho, LI)
    assert got.het == pytest.approx(pooled, abs=1e-3)
    assert got.any_area_below_high == pytest.approx(any_area, abs=3e-3)
    rng = np.random.default_rng(1)
    total = (1 - rho) / rho
    cells = rng.binomial(75, rng.beta(0.8 * total, 0.2 * total, (200_000, 6)))
    assert got.het == pytest.approx(np.mean(2 * cells.sum(1) < 450), abs=5e-4)
    assert got.any_area_below_high == pytest.approx(np.mean((2 * cells < 75).any(1)), abs=4e-3)
    assert got.any_area_het <= got.any_area_below_high


@given(st.integers(1, 80), st.floats(0.01, 0.99), st.floats(0.01, 0.9))
def test_beta_binomial_equals_scipy(cells: int, mean: float, rho: float) -> None:
    total = (1 - rho) / rho
    want = betabinom.pmf(np.arange(cells + 1), cells, mean * total, (1 - mean) * total)
    np.testing.assert_allclose(beta_binomial_pmf(cells, mean, rho), want, rtol=1e-7, atol=1e-13)


def test_limits_of_the_correlation() -> None:
    np.testing.assert_allclose(beta_binomial_pmf(9, 0.3, 0.0), binom.pmf(np.arange(10), 9, 0.3))
    assert beta_binomial_pmf(9, 0.3, 1.0)[[0, 9]] == pytest.approx([0.7, 0.3])
    assert beta_binomial_pmf(9, 0.0, 0.2)[0] == 1
    with pytest.raises(ValueError, match="rho"):
        beta_binomial_pmf(9, 0.3, 1.2)


@given(st.integers(1, 6), st.integers(1, 30), st.floats(0.02, 0.98), st.floats(0, 0.6))
def test_pooled_distribution_has_the_moments(areas: int, per_area: int, mean: float, rho: float) -> None:
    pmf = pooled_pmf(areas, per_area, mean, rho)
    k = np.arange(areas * per_area + 1)
    assert pmf.sum() == pytest.approx(1)
    assert pmf @ k == pytest.approx(areas * per_area * mean)
    spread = areas * per_area * mean * (1 - mean) * (1 + (per_area - 1) * rho)
    assert pmf @ (k - pmf @ k) ** 2 == pytest.approx(spread, rel=1e-6)
    got = call_chances(areas, per_area, mean, rho, LI)
    assert got.het + got.non_het_amplified + got.non_het_nonamplified == pytest.approx(1)


def test_more_areas_tell_more_than_more_nuclei_of_one() -> None:
    few = design_certainty(2, 150, 0.25, 0.1, **BAND)
    many = design_certainty(10, 30, 0.25, 0.1, **BAND)
    assert few.nuclei == many.nuclei
    assert many.chance > few.chance + 0.2
    assert many.mean_width < few.mean_width
    assert design_certainty(10, 30, 0.25, 0.1, **BAND) == many


def test_designs_that_suffice_are_the_smallest() -> None:
    enough, tried = smallest_designs([4, 8], [10, 20, 40, 80], 0.25, 0.05, **BAND, draws=200)
    for one in enough:
        assert one.chance >= 0.8
        assert all(t.chance < 0.8 for t in tried if t.areas == one.areas and t.per_area < one.per_area)
    assert 8 in {one.areas for one in enough}


@settings(max_examples=30)
@given(st.floats(0, 1), st.integers(1, 3), st.integers(1, 6), st.floats(0, 1))
def test_missing_a_negative_area(q: float, sites: int, areas: int, rho: float) -> None:
    got = miss_negative_area(q, sites, areas, rho)
    assert (1 - q) ** (sites * areas) - 1e-9 <= got <= (1 - q) ** sites + 1e-9
    assert miss_negative_area(q, sites, areas) == pytest.approx((1 - q) ** (sites * areas), abs=1e-12)


def test_share_of_negative_areas() -> None:
    rng = np.random.default_rng(1)
    p = rng.beta(0.6 * 4, 0.4 * 4, 200_000)  # rho .2
    assert negative_area_share(0.6, 0.2, 0.05) == pytest.approx(np.mean(p <= 0.05), abs=1e-3)
    with pytest.raises(ValueError, match="rho"):
        negative_area_share(0.5, 0.0, 0.05)
