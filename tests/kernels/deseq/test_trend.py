"""The trend of dispersion on mean and the scatter around it."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import polygamma

from her2het.kernels.deseq.local import local_fit
from her2het.kernels.deseq.trend import fit_trend, scatter

Floats = NDArray[np.float64]


def genes(seed: int, n: int = 500, a: float = 0.1, b: float = 3.0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.normal(4, 2, n))
    return mean, (a + b / mean) * np.exp(rng.normal(0, 0.5, n))


@pytest.mark.filterwarnings("ignore:The Identity link function")
@given(st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_parametric_trend_is_the_gamma_glm(seed: int) -> None:
    mean, dispersion = genes(seed)
    found = fit_trend(mean, dispersion)
    assert found.kind == "parametric"
    assert found.reason == ""
    fitted = found.at(mean)
    kept = (dispersion / fitted > 1e-4) & (dispersion / fitted < 15)
    x = np.column_stack([np.ones(kept.sum()), 1 / mean[kept]])
    family = sm.families.Gamma(sm.families.links.Identity())
    slow = sm.GLM(dispersion[kept], x, family=family).fit(start_params=[0.1, 1.0], tol=1e-12)
    np.testing.assert_allclose([found.asymptote, found.extra_poisson], slow.params, rtol=1e-5)


def test_falls_back_with_a_reason() -> None:
    mean, _ = genes(1)
    rising = 0.01 * mean**0.5  # no a + b / m with positive a and b
    found = fit_trend(mean, rising)
    assert found.kind == "local"
    assert "not positive" in found.reason or "converge" in found.reason
    np.testing.assert_allclose(np.log(found.at(mean)), np.log(rising), atol=0.02)
    few = fit_trend(mean[:3], rising[:3])
    assert few.kind == "mean"
    assert "fewer than 5" in few.reason


def test_mean_trend_and_genes_without_counts() -> None:
    mean, dispersion = genes(2)
    mean[0], dispersion[0] = 0.0, np.nan
    found = fit_trend(mean, dispersion, "mean")
    fitted = found.at(mean)
    assert np.isnan(fitted[0])
    assert np.ptp(fitted[1:]) == 0
    ordered = np.sort(dispersion[1:])
    assert abs(fitted[1] - ordered.mean()) < 0.05 * ordered.mean()


def test_refuses_genes_without_variation() -> None:
    with pytest.raises(ValueError, match="smallest"):
        fit_trend(np.array([3.0, 5.0]), np.array([1e-8, 1e-8]))


@given(st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_local_fit_reproduces_parabolas(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 9, 80)
    a, b, c = rng.normal(size=3)
    found = local_fit(x, a + b * x + c * x * x, rng.uniform(0.1, 5, 80))
    beyond = np.array([x.min() - 1, x.max() + 1])
    for at in (x, beyond):
        np.testing.assert_allclose(found.at(at), a + b * at + c * at * at, atol=1e-7)


def test_scatter_is_total_less_sampling_variance() -> None:
    rng = np.random.default_rng(3)
    df = 20
    noise = np.log(rng.chisquare(df, 20000) / df) + rng.normal(0, 0.8, 20000)
    found = scatter(0.1 * np.exp(noise), np.full(20000, 0.1), df)
    assert abs(found.total - noise.var()) < 0.05 * noise.var()
    assert abs(found.prior_variance - 0.64) < 0.06
    assert found.prior_variance == pytest.approx(found.total - float(polygamma(1, df / 2)))
    assert found.outlier_log_distance == pytest.approx(2 * math.sqrt(found.total))


@pytest.mark.parametrize("df", [1, 2, 3])
def test_few_degrees_of_freedom(df: int) -> None:
    rng = np.random.default_rng(df)
    for true in (0.0, 1.0, 2.5):
        noise = np.log(rng.chisquare(df, 20000) / df) + rng.normal(0, math.sqrt(true), 20000)
        found = scatter(0.1 * np.exp(noise), np.full(20000, 0.1), df).prior_variance
        assert abs(found - max(true, 0.25)) < 0.3
