"""Coefficients against statsmodels' negative binomial GLM, and against the equation that they solve."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import nbinom

from her2het.kernels.deseq import optimum
from her2het.kernels.deseq.irls import coefficients, log_likelihoods, natural_ridge
from her2het.kernels.deseq.layout import Layout, layout
from her2het.kernels.deseq.optimum import BOUND, bounded_coefficients
from her2het.kernels.deseq.special import LN2

Floats = NDArray[np.float64]


def simulated(seed: int, design: Floats, genes: int = 6) -> tuple[NDArray[np.int32], Floats, Floats]:
    rng = np.random.default_rng(seed)
    sf = np.exp(rng.normal(0, 0.3, len(design)))
    alpha = rng.uniform(0.02, 0.5, genes)
    beta = rng.normal(0, 0.4, (genes, design.shape[1])) / np.abs(design).max(axis=0)
    beta[:, 0] += 5
    mu = np.exp(beta @ design.T) * sf
    return rng.negative_binomial(1 / alpha[:, None], 1 / (1 + alpha[:, None] * mu)).astype(np.int32), sf, alpha


def designs(seed: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(8), 2)
    one, group = np.ones(16), np.repeat([0.0, 1.0], 8)
    return [
        np.column_stack([one, group]),
        np.column_stack([one, group, rng.normal(55, 9, 16)]),
        np.column_stack([one, group, group * rng.normal(3, 1, 16)]),
        np.column_stack([one, *[(patient == k).astype(float) for k in range(1, 8)], np.tile([0.0, 1.0], 8)]),
    ]


@given(seed=st.integers(0, 10**6), which=st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_equals_statsmodels(seed: int, which: int) -> None:
    design = designs(seed)[which]
    counts, sf, alpha = simulated(seed, design)
    found = coefficients(counts, sf, layout(design), alpha, np.full(design.shape[1], 1e-12))
    assert found.converged.all()
    for g in range(len(counts)):
        family = sm.families.NegativeBinomial(alpha=alpha[g])
        slow = sm.GLM(counts[g], design, family=family, offset=np.log(sf)).fit(maxiter=200, tol=1e-12)
        fitted = np.exp(design @ found.beta[g])
        np.testing.assert_allclose(fitted, slow.fittedvalues / sf, rtol=2e-3)  # ours stops at 1e-8 of the deviance
        np.testing.assert_allclose(
            log_likelihoods(counts, sf, layout(design), alpha, found.beta, np.zeros(len(counts)))[g],
            nbinom.logpmf(counts[g], 1 / alpha[g], 1 / (1 + alpha[g] * fitted * sf)).sum(),
            rtol=1e-10,
        )


def nll(b: Floats, y: Floats, sf: Floats, x: Floats, alpha: float, ridge: Floats) -> float:
    mu = sf * np.exp(x @ b)
    return float(-nbinom.logpmf(y, 1 / alpha, 1 / (1 + alpha * mu)).sum() + 0.5 * ridge @ b**2)


@given(seed=st.integers(0, 10**6), strength=st.floats(0.01, 10))
@settings(max_examples=20, deadline=None)
def test_ridge_draws_to_zero_and_solves_its_equation(seed: int, strength: float) -> None:
    design = designs(seed)[0]
    counts, sf, alpha = simulated(seed, design, 3)
    ridge = np.array([1e-9, strength])
    found = coefficients(counts, sf, layout(design), alpha, ridge)
    for g in range(3):
        slow = minimize(nll, found.beta[g], (counts[g], sf, design, alpha[g], ridge), method="BFGS")
        np.testing.assert_allclose(found.beta[g], slow.x, atol=2e-4)
    free = coefficients(counts, sf, layout(design), alpha, np.full(2, 1e-9))
    assert (np.abs(found.beta[:, 1]) <= np.abs(free.beta[:, 1]) + 1e-9).all()


def test_search_holds_separated_groups_within_bounds() -> None:
    design = np.column_stack([np.ones(12), np.repeat([0.0, 1.0], 6)])
    counts = np.array([[0] * 6 + [900, 800, 0, 700, 1000, 900]], np.int32)
    sf, alpha = np.ones(12), np.array([4.0])
    plan = layout(design)
    beta, converged = bounded_coefficients(counts, sf, plan, alpha, natural_ridge(plan), np.zeros((1, 2)))
    assert converged[0]
    assert (np.abs(beta) <= BOUND * LN2 + 1e-12).all()
    assert abs(np.exp(beta[0].sum()) - counts[0, 6:].mean()) < 0.01 * counts[0, 6:].mean()
    assert beta[0, 1] / LN2 > 15


@pytest.mark.parametrize("which", [0, 1, 3])
def test_search_gives_the_same_compiled_or_not(which: int, monkeypatch: pytest.MonkeyPatch) -> None:
    design = designs(3)[which]
    counts, sf, alpha = simulated(3, design, 4)
    counts[0, :8] = 0
    plan = layout(design)
    found = []
    for worth in (1e9, -1.0):
        monkeypatch.setattr(optimum, "WORTH_COMPILING", worth)
        start = np.zeros((4, plan.columns))
        found.append(bounded_coefficients(counts, sf, plan, alpha, natural_ridge(plan), start)[0])
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


@given(seed=st.integers(0, 10**6), which=st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_bounded_search_finds_the_top_of_well_determined_genes(seed: int, which: int) -> None:
    """Derivatives are central differences of 1e-3, so its end is near the top, not on it."""
    design = designs(seed)[which]
    counts, sf, alpha = simulated(seed, design, 3)
    plan: Layout = layout(design)
    start = np.linalg.lstsq(design, np.log(counts / sf + 0.1).T, rcond=None)[0].T
    ridge = natural_ridge(plan)
    beta, _ = bounded_coefficients(counts, sf, plan, alpha, ridge, np.ascontiguousarray(start))
    top = coefficients(counts, sf, plan, alpha, ridge)
    for g in range(3):
        args = (counts[g], sf, design, alpha[g], ridge)
        assert nll(beta[g], *args) <= nll(top.beta[g], *args) + (2e-3 if which < 2 else 1.0)
