"""nu-SVR: the primal as a convex program, its optimality, and libsvm's own answers through R's e1071."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from her2het.kernels.nusvr import nu_svr_linear


def simulated(seed: int, n: int = 24, q: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Features in quarters, so that their products are exact in single precision too."""
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(0, 1.5, (n, q)) * 4) / 4
    return x, x @ rng.normal(0, 0.7, q) + rng.normal(0, 0.5, n) + 0.3


def primal(w: np.ndarray, x: np.ndarray, y: np.ndarray, nu: float) -> float:
    """|w|^2/2 + n nu e + sum of excesses, at the best b and e for this w (a linear program in b, e, excess)."""
    n = len(y)
    cost = np.concatenate([[0.0, nu * n], np.ones(n)])
    rest = y - x @ w
    above = np.hstack([-np.ones((n, 1)), -np.ones((n, 1)), -np.eye(n)])  # rest - b <= e + excess
    below = np.hstack([np.ones((n, 1)), -np.ones((n, 1)), -np.eye(n)])
    bounds = [(None, None), (0, None), *[(0, None)] * n]
    answer = linprog(cost, np.vstack([above, below]), np.concatenate([-rest, rest]), bounds=bounds)
    return float(w @ w / 2 + answer.fun)


def slow_dual(x: np.ndarray, y: np.ndarray, nu: float) -> np.ndarray:
    """The dual, by scipy's sequential quadratic programming."""
    n = len(y)
    signs = np.concatenate([np.ones(n), -np.ones(n)])
    stacked = np.vstack([x, -x])
    answer = minimize(
        lambda a: (stacked.T @ a) @ (stacked.T @ a) / 2 - (signs * np.concatenate([y, y])) @ a,
        np.full(2 * n, nu / 2),
        jac=lambda a: stacked @ (stacked.T @ a) - signs * np.concatenate([y, y]),
        bounds=[(0, 1)] * (2 * n),
        constraints=[
            {"type": "eq", "fun": lambda a: signs @ a, "jac": lambda _: signs},
            {"type": "eq", "fun": lambda a: a.sum() - nu * n, "jac": lambda _: np.ones(2 * n)},
        ],
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-15},
    )
    return stacked.T @ answer.x


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("nu", [0.25, 0.5, 0.75])
def test_equals_the_quadratic_program(seed: int, nu: float) -> None:
    x, y = simulated(seed, n=12, q=2)
    w = nu_svr_linear(x, y[None], np.array([nu]))[0, 0]
    np.testing.assert_allclose(w, slow_dual(x, y, nu), atol=2e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, 40), st.integers(1, 6), st.floats(0.05, 1))
def test_no_other_weights_are_better(seed: int, n: int, q: int, nu: float) -> None:
    x, y = simulated(seed, n, q)
    w = nu_svr_linear(x, y[None], np.array([nu]))[0, 0]
    best = primal(w, x, y, nu)
    rng = np.random.default_rng(seed)
    for size in (1e-4, 1e-2, 1.0):  # the problem is convex: nothing better nearby is nothing better anywhere
        assert primal(w + size * rng.normal(0, 1, q), x, y, nu) >= best - 1e-9 * max(1, abs(best))


def test_one_answer_does_not_depend_on_the_others_nor_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    x, _ = simulated(1, 30, 4)
    y = np.random.default_rng(2).normal(0, 1, (11, 30))
    nu = np.array([0.25, 0.5, 0.75])
    monkeypatch.setenv("HER2HET_THREADS", "1")
    alone = np.concatenate([nu_svr_linear(x, row[None], nu) for row in y])
    assert (nu_svr_linear(x, y, nu) == alone).all()
    monkeypatch.setenv("HER2HET_THREADS", "5")
    assert (nu_svr_linear(np.asfortranarray(x), y, nu) == alone).all()


def test_order_of_rows_and_shift_of_the_response_do_not_matter() -> None:
    x, y = simulated(5, 30, 4)
    nu = np.array([0.5])
    w = nu_svr_linear(x, y[None], nu)[0, 0]
    order = np.random.default_rng(0).permutation(30)
    np.testing.assert_allclose(nu_svr_linear(x[order], y[None, order], nu)[0, 0], w, atol=1e-9)
    np.testing.assert_allclose(nu_svr_linear(x, y[None] + 7, nu)[0, 0], w, atol=1e-9)


def test_collinear_and_repeated_features() -> None:
    x, y = simulated(6, 30, 2)
    twice = np.hstack([x, x])
    w = nu_svr_linear(twice, y[None], np.array([0.5]))[0, 0]
    assert np.isfinite(w).all()
    np.testing.assert_allclose(w[:2], w[2:], atol=1e-6)  # the norm is least where they share


def test_what_is_refused() -> None:
    x, y = simulated(1)
    with pytest.raises(ValueError, match="fit together"):
        nu_svr_linear(x, y[None, :-1], np.array([0.5]))
    with pytest.raises(ValueError, match="not finite"):
        nu_svr_linear(x, y[None] * np.nan, np.array([0.5]))
    with pytest.raises(ValueError, match="nu lies outside"):
        nu_svr_linear(x, y[None], np.array([0.0]))
    assert nu_svr_linear(x, np.empty((0, 24)), np.array([0.5])).shape == (0, 1, 3)


def test_e1071_at_trial_size(shared_data: Path) -> None:
    folder = shared_data / "oracles/trial_size"
    signature = pd.read_csv(folder / "sig.tsv", sep="\t", index_col=0)
    mixtures = pd.read_csv(folder / "mixtures.tsv.gz", sep="\t", index_col=0).loc[signature.index].to_numpy()[:, :12]
    x = (signature.to_numpy() - signature.to_numpy().mean()) / signature.to_numpy().std(ddof=1)
    y = ((mixtures - mixtures.mean(0)) / mixtures.std(0, ddof=1)).T
    w = np.maximum(nu_svr_linear(x, y, np.array([0.5]))[:, 0], 0)
    expected = pd.read_csv(folder / "nusvr_R_tol1e-7.tsv.gz", sep=r"\s+").to_numpy()
    np.testing.assert_allclose((w / w.sum(axis=1, keepdims=True)).T, expected, atol=1e-6, rtol=0)
