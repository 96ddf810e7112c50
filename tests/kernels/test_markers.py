"""Marker genes and the condition of a signature, against scipy and numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from her2het.kernels.markers import condition_number, one_against_rest


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_equals_scipy(seed: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    codes = np.concatenate([np.arange(groups), np.arange(groups), rng.integers(0, groups, 5)])
    x = rng.normal(0, 1, (12, len(codes)))
    result = one_against_rest(x, codes, groups)
    for k in range(groups):
        expected = ttest_ind(x[:, codes == k], x[:, codes != k], axis=1, equal_var=False)
        np.testing.assert_allclose(result.p[k], expected.pvalue, rtol=1e-10)
        assert (np.sign(result.difference[k]) == np.sign(expected.statistic)).all()


def test_without_spread_and_without_replicates() -> None:
    x = np.array([[1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 1.0, 1.0]])
    codes = np.array([0, 0, 1, 1])
    assert one_against_rest(x, codes, 2).p.tolist() == [[1.0, 0.0], [1.0, 0.0]]
    assert np.isnan(one_against_rest(x[:, :3], codes[:3], 2).p).all()


def test_condition_number() -> None:
    x = np.random.default_rng(1).normal(0, 1, (20, 4))
    assert condition_number(x) == pytest.approx(np.linalg.cond(x))
    assert condition_number(np.diag([4.0, 2.0])) == pytest.approx(2)
    assert condition_number(np.zeros((3, 2))) == np.inf


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="profiles in groups"):
        one_against_rest(np.ones((3, 4)), np.array([0, 0, 0, 0]), 1)
    with pytest.raises(ValueError, match="profiles in groups"):
        one_against_rest(np.ones((3, 4)), np.array([0, 0, 2, 2]), 3)
