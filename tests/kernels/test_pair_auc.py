"""Areas from weighted pairs: against the definition, the usual area, and drawing patients one by one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.kernels.pair_auc import pair_wins, resample_counts, resampled_shares, weighted_share
from her2het.kernels.superiority import superiority


def twin(x: list[float], y: list[float], weight: np.ndarray) -> float:
    """The share of pairs that x wins, pair by pair."""
    up = down = 0.0
    for i, a in enumerate(x):
        for j, b in enumerate(y):
            up += weight[i, j] * (1.0 if a > b else 0.5 if a == b else 0.0)
            down += weight[i, j]
    return up / down


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.integers(2, 9))
def test_equals_its_definition(seed: int, m: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 5, m).astype(float), rng.integers(0, 5, n).astype(float)
    weight = rng.integers(0, 4, (m, n)).astype(float)
    found = weighted_share(pair_wins(x, y), weight)
    if weight.sum() == 0:
        assert math.isnan(found.value)
        return
    assert found.value == pytest.approx(twin(x.tolist(), y.tolist(), weight))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(2, 12))
def test_equal_weights_give_delong(seed: int, m: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0.5, 1, m).round(1), rng.normal(0, 1, n).round(1)
    found, usual = weighted_share(pair_wins(x, y), np.ones((m, n))), superiority(x, y)
    assert found.value == pytest.approx(usual.value)
    assert found.variance == pytest.approx(usual.variance, abs=1e-14)
    assert found.n == (m, n)


def test_a_resample_is_what_drawing_patients_gives() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(1, 1, 6), rng.normal(0, 1, 5)
    weight = rng.integers(0, 3, (6, 5)).astype(float)
    a, b = resample_counts(6, 40, rng), resample_counts(5, 40, rng)
    assert (a.sum(axis=1) == 6).all()
    found = resampled_shares(pair_wins(x, y), weight, a, b)
    for k in range(40):
        i, j = np.repeat(np.arange(6), a[k].astype(int)), np.repeat(np.arange(5), b[k].astype(int))
        expected = twin(x[i].tolist(), y[j].tolist(), weight[np.ix_(i, j)]) if weight[np.ix_(i, j)].sum() else math.nan
        assert found[k] == pytest.approx(expected, nan_ok=True)


def test_the_spread_of_resamples_is_that_of_the_variance() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(0.8, 1, 60), rng.normal(0, 1, 70)
    wins = pair_wins(x, y)
    weight = (rng.random((60, 70)) < 0.4).astype(float)
    drawn = resampled_shares(wins, weight, resample_counts(60, 3000, rng), resample_counts(70, 3000, rng))
    assert drawn.std() == pytest.approx(weighted_share(wins, weight).variance ** 0.5, rel=0.12)


def test_groups_of_one_have_no_variance() -> None:
    found = weighted_share(pair_wins(np.array([1.0]), np.array([0.0, 2.0])), np.ones((1, 2)))
    assert found.value == 0.5
    assert math.isnan(found.variance)
