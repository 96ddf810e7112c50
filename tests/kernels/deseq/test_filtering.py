"""Benjamini-Hochberg, lowess and independent filtering."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from statsmodels.nonparametric.smoothers_lowess import lowess as reference_lowess

from her2het.kernels.deseq.filtering import benjamini_hochberg, independent_filtering, lowess

probability = st.floats(0, 1)


@given(st.lists(st.one_of(probability, st.just(float("nan"))), min_size=1, max_size=60))
@settings(deadline=None)
def test_benjamini_hochberg(p: list[float]) -> None:
    values = np.array(p)
    found = benjamini_hochberg(values)
    known = ~np.isnan(values)
    np.testing.assert_array_equal(np.isnan(found), ~known)
    if known.any():
        np.testing.assert_allclose(found[known], false_discovery_control(values[known]), rtol=1e-12)


@given(st.integers(0, 10**6), st.integers(12, 60))
@settings(max_examples=25, deadline=None)
def test_lowess_is_statsmodels(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, 1, n))
    y = np.sin(5 * x) + rng.normal(0, 0.2, n)
    np.testing.assert_allclose(
        lowess(x, y, 0.5), reference_lowess(y, x, frac=0.5, it=3, delta=0.0, return_sorted=False), atol=5e-3
    )


def test_lowess_passes_through_lines() -> None:
    x = np.linspace(0, 1, 50)
    np.testing.assert_allclose(lowess(x, 3 * x - 1, 0.2), 3 * x - 1, atol=1e-10)


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_filtering_adjusts_among_the_kept(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.normal(3, 2, 800))
    p = rng.uniform(size=800)
    true = (mean > 20) & (rng.uniform(size=800) < 0.3)
    p[true] *= 1e-5
    p[:5] = np.nan
    found = independent_filtering(p, mean)
    kept = ~np.isnan(found.adjusted)
    np.testing.assert_array_equal(kept, (mean >= found.threshold) & ~np.isnan(p))
    np.testing.assert_allclose(found.adjusted[kept], false_discovery_control(p[kept]), rtol=1e-12)
    plain = benjamini_hochberg(p)
    with np.errstate(invalid="ignore"):
        assert (found.adjusted < 0.1).sum() >= 0.9 * (plain < 0.1).sum()


def test_nothing_is_filtered_where_little_is_found() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(0.5, 1, 300)
    found = independent_filtering(p, rng.uniform(1, 100, 300))
    assert not np.isnan(found.adjusted).any()
    assert found.quantile == 0
