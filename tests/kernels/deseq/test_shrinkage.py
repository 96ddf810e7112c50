"""Shrunken effects: modes of their posteriors, and the estimated priors."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import nbinom

from her2het.kernels.deseq.irls import coefficients, natural_ridge
from her2het.kernels.deseq.layout import layout
from her2het.kernels.deseq.shrinkage import cauchy_scale, cauchy_shrinkage, normal_prior_variance

Floats = NDArray[np.float64]
DESIGN = np.column_stack([np.ones(12), np.repeat([0.0, 1.0], 6), np.tile([0.0, 1.0], 6)])


def height(b: Floats, y: NDArray[np.int32], sf: Floats, alpha: float, column: int, scale: float) -> float:
    mu = sf * np.exp(DESIGN @ b)
    value = nbinom.logpmf(y, 1 / alpha, 1 / (1 + alpha * mu)).sum() - math.log1p((b[column] / scale) ** 2)
    return float(value - sum((b[j] / 15) ** 2 / 2 for j in range(3) if j != column))


@given(seed=st.integers(0, 10**6), scale=st.floats(0.05, 1), column=st.sampled_from([1, 2]))
@settings(max_examples=25, deadline=None)
def test_cauchy_mode_and_curvature(seed: int, scale: float, column: int) -> None:
    rng = np.random.default_rng(seed)
    sf = np.exp(rng.normal(0, 0.3, 12))
    mu = 60 * sf * np.exp(rng.normal(0, 1, (4, 1)) * DESIGN[:, 1])
    counts = rng.negative_binomial(4, 4 / (4 + mu)).astype(np.int32)
    alpha = rng.uniform(0.05, 0.5, 4)
    plan = layout(DESIGN)
    beta = coefficients(counts, sf, plan, alpha, natural_ridge(plan)).beta
    found = cauchy_shrinkage(counts, sf, plan, beta, alpha, column, scale)
    for g in range(4):
        args = (counts[g], sf, alpha[g], column, scale)
        best = -math.inf
        for start in (beta[g], np.where(np.arange(3) == column, 0, beta[g])):
            slow = minimize(
                lambda b, args=args: -height(b, *args),
                start,
                method="Nelder-Mead",
                options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000},
            )
            if -slow.fun > best + 1e-9:
                best, at = -slow.fun, slow.x
        assert abs(found.effect[g] - at[column]) < 2e-4
        h = 1e-3
        unit = np.eye(3) * h
        hessian = np.array(
            [
                [
                    (
                        height(at + a + b, *args)
                        - height(at + a - b, *args)
                        - height(at - a + b, *args)
                        + height(at - a - b, *args)
                    )
                    / (4 * h * h)
                    for b in unit
                ]
                for a in unit
            ]
        )
        assert abs(found.error[g] - math.sqrt(np.linalg.inv(-hessian)[column, column])) < 2e-3 * found.error[g]
        assert abs(found.effect[g]) <= abs(beta[g, column]) + 0.01


def test_cauchy_scale_finds_the_spread_of_true_effects() -> None:
    rng = np.random.default_rng(2)
    error = rng.uniform(0.05, 0.4, 5000)
    effect = rng.normal(0, 0.5, 5000) + rng.normal(0, error)
    assert abs(cauchy_scale(effect, error) - 0.5) < 0.02
    assert cauchy_scale(rng.normal(0, error) * 0.1, error) < 0.01
    assert cauchy_scale(rng.normal(0, 5, 5000), error) == 1.0
    assert cauchy_scale(np.full(3, np.nan), np.full(3, np.nan)) < 0.01


@given(st.integers(0, 10**6), st.floats(0.1, 3))
@settings(max_examples=15, deadline=None)
def test_normal_prior_variance_from_its_upper_tail(seed: int, sd: float) -> None:
    effect = np.random.default_rng(seed).normal(0, sd, 20000)
    found = normal_prior_variance(effect, np.ones(20000))
    assert abs(math.sqrt(found) - sd) < 0.06 * sd
    twice = normal_prior_variance(np.r_[effect[:500], effect[:500]], np.ones(1000))
    doubled = normal_prior_variance(effect[:500], np.full(500, 2.0))
    assert abs(twice - doubled) < 0.03 * doubled
    assert normal_prior_variance(np.full(4, np.nan), np.ones(4)) == 1e6
