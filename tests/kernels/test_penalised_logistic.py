"""Penalised logistic regression: conditions of its optimum, a general optimiser, and its limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from her2het.kernels.penalised_logistic import chances, penalised_path, penalties

Floats = NDArray[np.float64]


def trial(seed: int, n: int = 80, p: int = 8) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    x[:, 1] = 0.9 * x[:, 0] + 0.4 * x[:, 1]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = (rng.random(n) < expit(x[:, 0] - 0.7 * x[:, 2])).astype(float)
    y[:2] = (0, 1)
    return x, y


def loss(b: Floats, x: Floats, y: Floats, penalty: float, share: float) -> float:
    """The definition, term by term."""
    total = 0.0
    for row, outcome in zip(x, y, strict=True):
        eta = b[0] + float(row @ b[1:])
        total += outcome * eta - np.logaddexp(0, eta)
    return -total / len(y) + penalty * ((1 - share) / 2 * float(b[1:] @ b[1:]) + share * float(np.abs(b[1:]).sum()))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 1.0]))
def test_conditions_of_the_optimum(seed: int, share: float) -> None:
    x, y = trial(seed)
    path = penalties(x, y, share, 6)
    for penalty, b in zip(path, penalised_path(x, y, path, share), strict=True):
        left = y - chances(b, x)
        assert abs(left.mean()) < 1e-6
        pull = x.T @ left / len(y) - penalty * (1 - share) * b[1:]
        used = b[1:] != 0
        np.testing.assert_allclose(pull[used], penalty * share * np.sign(b[1:][used]), atol=2e-6)
        assert (np.abs(pull[~used]) <= penalty * share + 2e-6).all()


def test_a_ridge_equals_a_general_optimiser() -> None:
    x, y = trial(1)
    path = np.array([0.3, 0.05])
    for penalty, b in zip(path, penalised_path(x, y, path, 0.0), strict=True):
        best = minimize(loss, np.zeros(9), (x, y, float(penalty), 0.0), method="BFGS", options={"gtol": 1e-7})
        np.testing.assert_allclose(b, best.x, atol=2e-5)


def test_no_move_lowers_a_lasso() -> None:
    x, y = trial(2)
    b = penalised_path(x, y, np.array([0.2, 0.06]), 1.0)[1]
    here = loss(b, x, y, 0.06, 1.0)
    for step in np.random.default_rng(0).normal(0, 1e-3, (200, 9)):
        assert loss(b + step, x, y, 0.06, 1.0) >= here - 1e-12


def test_the_path_begins_with_nothing() -> None:
    x, y = trial(3)
    path = penalties(x, y, 1.0, 5)
    found = penalised_path(x, y, path, 1.0)
    assert (found[0, 1:] == 0).all()
    assert found[0, 0] == pytest.approx(np.log(y.mean() / (1 - y.mean())))
    assert (found[-1, 1:] != 0).any()
    assert (np.diff(path) < 0).all()


def test_separated_outcomes_stay_finite() -> None:
    x = np.linspace(-1, 1, 20)[:, None]
    y = (x[:, 0] > 0).astype(float)
    found = penalised_path(x, y, np.array([0.1, 0.001]), 0.0)
    assert np.isfinite(found).all()
    assert found[1, 1] > found[0, 1] > 0


def test_what_is_refused() -> None:
    x, y = trial(4)
    with pytest.raises(ValueError, match="shape"):
        penalised_path(x, y[:-1], np.array([0.1]), 0.0)
    with pytest.raises(ValueError, match="both 0 and 1"):
        penalised_path(x, np.ones(80), np.array([0.1]), 0.0)
    with pytest.raises(ValueError, match="share"):
        penalised_path(x, y, np.array([0.1]), 1.5)
    with pytest.raises(ValueError, match="penalties"):
        penalised_path(x, y, np.array([0.0]), 0.5)
