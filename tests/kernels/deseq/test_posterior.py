"""The log posterior of log dispersion and its slope, against the definition in scipy's terms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import nbinom

from her2het.kernels.deseq import posterior as parts
from her2het.kernels.deseq.arrow import arrow_room
from her2het.kernels.deseq.grid import grid_search, log_posteriors
from her2het.kernels.deseq.layout import Layout, layout
from her2het.kernels.deseq.posterior import Prior

Floats = NDArray[np.float64]
GROUPS = np.column_stack([np.ones(12), np.repeat([0.0, 1.0, 0.0], 4), np.repeat([0.0, 0.0, 1.0], 4)])
AGE = np.column_stack([np.ones(12), np.repeat([0.0, 1.0], 6), np.linspace(40, 70, 12)])
NONE = Prior(False, 0.0, 1.0)


def twin(a: float, y: NDArray[np.int32], mu: Floats, x: Floats, prior: tuple[float, float] | None = None) -> float:
    """log NB likelihood, less half the log determinant of X'WX, plus the log normal prior; constants kept."""
    alpha = math.exp(a)
    r = 1 / alpha
    value = float(nbinom.logpmf(y, r, r / (r + mu)).sum())
    value -= 0.5 * float(np.linalg.slogdet((x.T * (mu / (1 + alpha * mu))) @ x)[1])
    if prior:
        value -= (a - prior[0]) ** 2 / (2 * prior[1])
    return value


@njit
def prepare(y, mu, order, arrow, p):
    gene = parts.gene_room(len(y), arrow.border.shape[1], p)
    n_large = parts.take_gene(y, order, gene)
    for i in range(len(y)):
        gene.mu[i] = mu[order[i]]
    return gene, n_large, arrow_room(arrow)


@njit
def log_posterior(a, y, mu, order, arrow, p, log_scale, prior):
    gene, n_large, room = prepare(y, mu, order, arrow, p)
    return parts.log_posterior(a, gene, n_large, arrow, room, log_scale, prior)


@njit
def line_search(a, y, mu, order, arrow, p, log_scale, prior):
    gene, n_large, room = prepare(y, mu, order, arrow, p)
    return parts.line_search(a, gene, n_large, arrow, room, log_scale, prior)


def prepared(y: NDArray[np.int32], mu: Floats, plan: Layout):
    return y, mu, plan.order, plan.adjust, plan.columns, plan.log_scale


counts = st.lists(st.one_of(st.integers(0, 30), st.integers(0, 200_000)), min_size=12, max_size=12)


@pytest.mark.parametrize("design", [GROUPS, AGE], ids=["groups", "age"])
@given(y=counts, a=st.floats(-8, 3), b=st.floats(-8, 3), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_differences_equal_the_definition(design: Floats, y: list[int], a: float, b: float, seed: int) -> None:
    counted = np.array(y, np.int32)
    mu = np.random.default_rng(seed).uniform(0.5, 2, 12) * max(np.mean(y), 0.6)
    args = prepared(counted, mu, layout(design))
    mine = [log_posterior(t, *args, NONE)[0] for t in (a, b)]
    slow = [twin(t, counted, mu, design) for t in (a, b)]
    scale = max(abs(slow[0]), abs(slow[1]), float(np.sum(counted)) * 1e-3, 1)
    assert abs((mine[0] - mine[1]) - (slow[0] - slow[1])) < 1e-9 * scale


@given(y=counts, a=st.floats(-6, 2), seed=st.integers(0, 99), used=st.booleans())
@settings(max_examples=60, deadline=None)
def test_slope_is_the_derivative(y: list[int], a: float, seed: int, used: bool) -> None:
    mu = np.random.default_rng(seed).uniform(0.5, 2, 12) * max(np.mean(y), 0.6)
    args = prepared(np.array(y, np.int32), mu, layout(AGE))
    prior = Prior(used, -1.0, 0.4)
    h = 1e-4
    up, down = (log_posterior(a + s, *args, prior)[0] for s in (h, -h))
    slope = log_posterior(a, *args, prior)[1]
    assert abs(slope - (up - down) / (2 * h)) < 1e-4 * max(abs(slope), 1)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_search_ends_at_the_top_under_a_prior(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mu = rng.uniform(20, 400, 12)
    y = rng.negative_binomial(5, 5 / (5 + mu)).astype(np.int32)
    prior = Prior(True, math.log(0.2), 0.5)
    args = prepared(y, mu, layout(GROUPS))
    found = line_search(math.log(0.5), *args, prior)
    top = minimize_scalar(lambda t: -twin(t, y, mu, GROUPS, (prior.mean, prior.variance)), bounds=(-6, 3))
    assert found.at_end >= found.at_start
    assert abs(found.log_alpha - top.x) < 2e-3  # a rise below 1e-6 ends the search
    low, high = math.log(1e-8), math.log(12)
    found_by_grid = grid_search(low, high, y.astype(float), mu, GROUPS, (prior.mean, prior.variance))
    assert abs(found_by_grid - top.x) < 0.2


@pytest.mark.parametrize("design", [GROUPS, AGE], ids=["groups", "age"])
@given(y=counts, seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_grid_looks_at_the_same_function(design: Floats, y: list[int], seed: int) -> None:
    counted = np.array(y, np.int32)
    mu = np.random.default_rng(seed).uniform(0.5, 2, 12) * max(np.mean(y), 0.6)
    at = np.linspace(-8, 2, 9)
    slow = np.array([twin(a, counted, mu, design, (-1.0, 0.7)) for a in at])
    mine = log_posteriors(at, counted.astype(float), mu, design, (-1.0, 0.7))
    scale = max(np.abs(slow).max(), float(np.sum(counted)) * 1e-3, 1)
    np.testing.assert_allclose(mine - mine[0], slow - slow[0], atol=1e-9 * scale)
