"""Outlier rules: their definitions, and what each can and cannot flag."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation, norm

from her2het.kernels.outliers import beyond_mad, beyond_sd


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 80), st.floats(0.5, 6))
def test_definitions(seed: int, samples: int, k: float) -> None:
    x = np.random.default_rng(seed).standard_t(2, (samples, 5))
    literal = beyond_sd(x[:, 1], k)
    mean, sd = np.mean(x[:, 1]), np.std(x[:, 1], ddof=1)
    assert literal.flagged.tolist() == [bool(v > mean + k * sd or v < mean - k * sd) for v in x[:, 1]]
    robust = beyond_mad(x, k)
    scaled = np.abs(x - np.median(x, axis=0)) / (median_abs_deviation(x, axis=0) / norm.ppf(0.75))
    np.testing.assert_allclose(robust.distance, scaled.max(axis=1), rtol=1e-12)
    assert (robust.flagged == (robust.distance > k)).all()
    np.testing.assert_allclose(scaled[np.arange(samples), robust.component], scaled.max(axis=1), rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 26), st.floats(1, 1e9))
def test_five_sd_flag_nobody_below_27_samples(samples: int, extreme: float) -> None:
    x = np.zeros(samples)
    x[0] = extreme
    assert not beyond_sd(x, 5).flagged.any()
    assert beyond_sd(np.append(np.zeros(27 - 1), extreme), 5).flagged.tolist() == [False] * 26 + [True]


def test_several_equal_outliers_hide_each_other_from_sd_and_not_from_mad() -> None:
    x = np.random.default_rng(1).normal(0, 1, (100, 5))
    x[:6, 1] += 40
    assert not beyond_sd(x[:, 1]).flagged.any()
    assert np.flatnonzero(beyond_mad(x).flagged).tolist() == [0, 1, 2, 3, 4, 5]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-1e3, 1e3))
def test_shift_scale_and_sign_do_not_matter(seed: int, scale: float, shift: float) -> None:
    x = np.random.default_rng(seed).normal(0, 1, (30, 3))
    np.testing.assert_allclose(beyond_mad(shift - scale * x).distance, beyond_mad(x).distance, rtol=1e-6)
    np.testing.assert_allclose(beyond_sd(shift - scale * x[:, 0]).distance, beyond_sd(x[:, 0]).distance, rtol=1e-6)


def test_no_spread() -> None:
    assert not beyond_sd(np.ones(40)).flagged.any()
    assert not beyond_mad(np.ones((40, 2))).flagged.any()
    x = np.zeros((40, 1))
    x[3] = 1e-3
    assert np.flatnonzero(beyond_mad(x).flagged).tolist() == [3]


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="two samples"):
        beyond_sd(np.ones(1))
    with pytest.raises(ValueError, match="dimension"):
        beyond_mad(np.ones(5))
    with pytest.raises(ValueError, match="not finite"):
        beyond_sd(np.array([1, np.nan, 2]))
