"""The calibration line: against a general optimiser, on chances that are right, and where none exists."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from her2het.kernels.recalibration import calibration_line, log_odds


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_equals_a_general_optimiser(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1.5, 60)
    y = (rng.random(60) < expit(0.3 + 0.7 * x)).astype(float)
    w = rng.integers(0, 3, 60).astype(float)
    found = calibration_line(x, y, w)
    if math.isnan(found[0]):
        return

    def loss(b: np.ndarray) -> float:
        eta = b[0] + b[1] * x
        return -float((w * (y * eta - np.logaddexp(0, eta))).sum())

    best = minimize(loss, np.array([0.0, 1.0]), method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(found, best.x, atol=2e-4)


def test_right_chances_lie_on_the_line() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(0, 2, 100_000)
    y = (rng.random(100_000) < expit(x)).astype(float)
    intercept, slope = calibration_line(x, y, np.ones(100_000))
    assert intercept == pytest.approx(0, abs=0.05)
    assert slope == pytest.approx(1, abs=0.04)
    assert calibration_line(2 * x, y, np.ones(100_000))[1] == pytest.approx(slope / 2, rel=1e-6)


def test_no_line_exists() -> None:
    one = np.ones(4)
    assert math.isnan(calibration_line(np.array([1.0, 2, 3, 4]), np.array([0.0, 0, 1, 1]), one)[1])
    assert math.isnan(calibration_line(np.array([1.0, 2, 3, 4]), one, one)[1])
    assert math.isnan(calibration_line(one, np.array([0.0, 1, 0, 1]), one)[1])


def test_log_odds_are_finite() -> None:
    found = log_odds(np.array([0.0, 0.5, 1.0]))
    assert found[1] == 0
    assert np.isfinite(found).all()
