"""Normal equations by blocks and border, against dense linear algebra on the same design."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from her2het.kernels.deseq import arrow as parts
from her2het.kernels.deseq.layout import Layout, layout

Floats = NDArray[np.float64]


@njit
def solved(weight, ridge, rhs, arrow, p):
    room = parts.arrow_room(arrow)
    parts.factor(weight, ridge, arrow, room)
    out = np.empty(p)
    parts.solve(rhs, out, arrow, room)
    hat = np.empty(len(weight))
    parts.leverages(hat, arrow, room)
    return out, hat


@njit
def log_determinant(weight, squared, arrow, p):
    return parts.log_determinant(weight, squared, np.zeros(p), arrow, parts.arrow_room(arrow))


@njit
def to_columns(values, out, arrow):
    parts.to_columns(values, out, arrow)


@njit
def to_cells(values, out, arrow):
    parts.to_cells(values, out, arrow)


def two_groups(rng: np.random.Generator) -> Floats:
    return np.column_stack([np.ones(10), np.repeat([0.0, 1.0], 5)])


def paired(rng: np.random.Generator) -> Floats:
    patient = np.repeat(np.arange(6), 2)
    return np.column_stack([np.ones(12), *[(patient == k).astype(float) for k in range(1, 6)], np.tile([0.0, 1.0], 6)])


def interaction(rng: np.random.Generator) -> Floats:
    a, b = np.tile([0.0, 1.0], 8), np.repeat([0.0, 1.0], 8)
    return np.column_stack([np.ones(16), a, b, a * b])


def covariates(rng: np.random.Generator) -> Floats:
    group = np.repeat(np.arange(3), 5)
    return np.column_stack([np.ones(15), rng.normal(50, 9, 15), rng.normal(0, 1, 15), group == 1, group == 2]).astype(
        float
    )


def no_intercept(rng: np.random.Generator) -> Floats:
    group = np.repeat(np.arange(3), 4)
    return np.column_stack([*[(group == k).astype(float) for k in range(3)], rng.normal(0, 1, 12)])


def intercept_only(rng: np.random.Generator) -> Floats:
    return np.ones((7, 1))


DESIGNS = [two_groups, paired, interaction, covariates, no_intercept, intercept_only]


def rows_of_cells(plan: Layout) -> Floats:
    return plan.design[plan.order][plan.fit.start[:-1]]


@pytest.mark.parametrize("make", DESIGNS, ids=lambda f: f.__name__)
@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_all_parts_equal_dense_ones(make, seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = layout(make(rng))
    x = rows_of_cells(plan)
    cells, p = x.shape
    weight, ridge = rng.uniform(0.1, 5, cells), rng.uniform(0, 1e-2, p)
    dense = (x.T * weight) @ x + np.diag(ridge)
    rhs = rng.normal(size=p)
    out, hat = solved(weight, ridge, rhs, plan.fit, p)
    np.testing.assert_allclose(out, np.linalg.solve(dense, rhs), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(hat, np.einsum("ci,ij,cj->c", x, np.linalg.inv(dense), x), rtol=1e-7)
    values = rng.normal(size=cells)
    to_columns(values, out, plan.fit)
    np.testing.assert_allclose(out, x.T @ values, rtol=1e-12, atol=1e-12)
    back = np.empty(cells)
    to_cells(rhs, back, plan.fit)
    np.testing.assert_allclose(back, x @ rhs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", DESIGNS, ids=lambda f: f.__name__)
@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_log_determinant_and_its_derivative(make, seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = layout(make(rng))
    x = rows_of_cells(plan)
    cells, p = x.shape
    weight, squared = rng.uniform(0.1, 5, cells), rng.uniform(0.1, 5, cells)
    log_det, trace = log_determinant(weight, squared, plan.adjust, p)
    dense = (x.T * weight) @ x
    np.testing.assert_allclose(log_det + plan.log_scale, np.linalg.slogdet(dense)[1], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(trace, np.trace(np.linalg.solve(dense, (x.T * squared) @ x)), rtol=1e-7)


def test_layout_finds_what_is_there() -> None:
    rng = np.random.default_rng(0)
    plan = layout(paired(rng))
    assert len(plan.fit.block_cols) == 5
    assert plan.fit.border.shape == (2, 12)
    assert plan.adjust.border.shape == (1, 12)
    assert not plan.saturated
    groups = layout(two_groups(rng))
    assert groups.saturated
    assert groups.adjust.border.shape == (0, 2)
    assert groups.replicates.tolist() == [5] * 10
    assert layout(intercept_only(rng)).intercept_only
    assert layout(interaction(rng)).saturated


@given(st.permutations(range(12)))
@settings(max_examples=20, deadline=None)
def test_order_sorts_samples_into_their_cells(order: list[int]) -> None:
    design = paired(np.random.default_rng(0))[order]
    plan = layout(design)
    cells = rows_of_cells(plan)
    for c in range(len(cells)):
        inside = plan.order[plan.fit.start[c] : plan.fit.start[c + 1]]
        assert (design[inside] == cells[c]).all()
        assert (plan.cell_of[inside] == c).all()


def test_refuses_dependent_columns() -> None:
    with pytest.raises(ValueError, match="rank"):
        layout(np.column_stack([np.ones(4), np.ones(4)]))
