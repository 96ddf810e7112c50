"""Moderated t-tests: against their formulas, and on simulated truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import t as student

from her2het.kernels.moderated import moderated_t, shrunken_variance

Floats = NDArray[np.float64]
DESIGN = np.column_stack([np.ones(30), np.repeat([0.0, 1.0], 15)])
DIFFERENCE = np.array([0.0, 1.0])


def noise(seed: int, genes: int = 3000, d0: float = 8.0) -> Floats:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (genes, 30)) * np.sqrt(d0 / rng.chisquare(d0, genes))[:, None]


def test_t_of_one_gene_follows_its_formula() -> None:
    y = noise(1)
    level = np.random.default_rng(1).normal(5, 2, len(y))
    level[7] = np.nan
    found = moderated_t(y, level, DESIGN, DIFFERENCE)
    assert np.isnan(found.p[7])
    used = np.isfinite(level)
    s2 = (y[:, :15].var(axis=1) + y[:, 15:].var(axis=1)) * 15 / 28
    shrunken, d0 = shrunken_variance(s2[used], 28, level[used])
    effect = y[:, 15:].mean(axis=1) - y[:, :15].mean(axis=1)
    stat = effect[used] / np.sqrt(shrunken * 2 / 15)
    np.testing.assert_allclose(found.stat[used], stat, rtol=1e-9)
    np.testing.assert_allclose(found.p[used], 2 * student.sf(np.abs(stat), 28 + d0), rtol=1e-9)
    assert 5 < found.prior_df < 14


@given(st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_p_values_are_uniform_on_noise(seed: int) -> None:
    p = moderated_t(noise(seed), np.arange(3000.0), DESIGN, DIFFERENCE).p
    assert abs((p < 0.05).mean() - 0.05) < 0.017
    assert abs((p < 0.5).mean() - 0.5) < 0.04


def test_equal_variances_are_recognised() -> None:
    y = np.random.default_rng(3).normal(0, 2, (4000, 30))
    shrunken, d0 = shrunken_variance((y**2).mean(axis=1), 30, np.arange(4000.0))
    assert d0 > 200 or math.isinf(d0)
    np.testing.assert_allclose(shrunken, 4, rtol=0.12)


def with_factors(imbalance: float) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Half of the genes load on three hidden factors that differ between the groups by `imbalance`; 300 differ."""
    rng = np.random.default_rng(4)
    hidden = rng.normal(0, 1, (3, 30)) + imbalance * np.array([1, -0.8, 0.7])[:, None] * DESIGN[:, 1]
    loaded = rng.normal(0, 0.6, (3000, 3)) * (rng.uniform(size=(3000, 1)) < 0.5)
    true = np.arange(3000) < 300
    y = noise(4) + loaded @ hidden
    y[true, 15:] += 1.2
    return y, rng.normal(5, 2, 3000), true


def test_hidden_factors_restore_the_rate() -> None:
    y, level, true = with_factors(1.5)
    plain, adjusted = (moderated_t(y, level, DESIGN, DIFFERENCE, k) for k in (0, None))
    assert adjusted.factors == 3
    assert (plain.p[~true] < 0.05).mean() > 0.1
    assert abs((adjusted.p[~true] < 0.05).mean() - 0.05) < 0.02
    np.testing.assert_array_equal(adjusted.p, moderated_t(y, level, DESIGN, DIFFERENCE, None).p)


def test_hidden_factors_that_are_balanced_cost_no_power() -> None:
    y, level, true = with_factors(0.0)
    plain, adjusted = (moderated_t(y, level, DESIGN, DIFFERENCE, k) for k in (0, None))
    assert (adjusted.p[true] < 0.001).mean() > (plain.p[true] < 0.001).mean()
    assert abs((adjusted.p[~true] < 0.05).mean() - 0.05) < 0.02


def test_refuses_too_little() -> None:
    with pytest.raises(ValueError, match="ten genes"):
        moderated_t(noise(5, 5), np.arange(5.0), DESIGN, DIFFERENCE)
    with pytest.raises(ValueError, match="residual"):
        moderated_t(noise(5)[:, :3], np.arange(3000.0), DESIGN[[0, 1, 20]], DIFFERENCE)
