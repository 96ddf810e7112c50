"""Disagreement of measurements: against its definition, on normal scores, and blind to what all share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm, spearmanr

from her2het.kernels.disagreement import disagreement, normal_scores, rank_correlations


def correlation(k: int, r: float) -> np.ndarray:
    return np.full((k, k), r) + (1 - r) * np.eye(k)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.floats(-0.2, 0.9))
def test_equals_its_definition(seed: int, k: int, r: float) -> None:
    z = np.random.default_rng(seed).normal(size=k)
    matrix = correlation(k, r)
    found = disagreement(z[None, :], matrix)
    ones = np.ones(k)
    inverse = np.linalg.inv(matrix)
    whole = float(z @ inverse @ z)
    shared = float(ones @ inverse @ z) ** 2 / float(ones @ inverse @ ones)
    assert found.distance[0] == pytest.approx(whole - shared, abs=1e-8)
    for j in range(k):
        rest = [i for i in range(k) if i != j]
        weights = np.linalg.solve(matrix[np.ix_(rest, rest)], matrix[rest, j])
        expected = (z[j] - weights @ z[rest]) / np.sqrt(1 - weights @ matrix[rest, j])
        assert found.gap[0, j] == pytest.approx(expected, abs=1e-8)


@given(st.integers(0, 2**32 - 1), st.floats(-5, 5))
def test_what_all_share_is_no_disagreement(seed: int, level: float) -> None:
    z = np.random.default_rng(seed).normal(size=(3, 4))
    matrix = correlation(4, 0.5)
    np.testing.assert_allclose(
        disagreement(z + level, matrix).distance, disagreement(z, matrix).distance, rtol=1e-7, atol=1e-7
    )


def test_p_is_uniform_for_normal_scores() -> None:
    matrix = correlation(3, 0.6)
    z = np.random.default_rng(1).multivariate_normal(np.zeros(3), matrix, 4000)
    assert kstest(disagreement(z, matrix).p, "uniform").pvalue > 0.01


def test_missing_measurements_are_left_out() -> None:
    matrix = correlation(3, 0.6)
    z = np.array([[1.0, -1.0, np.nan], [1.0, np.nan, np.nan], [1.0, -1.0, 0.2]])
    found = disagreement(z, matrix)
    assert found.measured.tolist() == [2, 1, 3]
    assert np.isnan(found.distance[1])
    assert np.isnan(found.gap[0, 2])
    two = disagreement(z[:1, :2], matrix[:2, :2])
    assert found.distance[0] == pytest.approx(two.distance[0])
    assert found.p[0] == pytest.approx(two.p[0])


def test_normal_scores() -> None:
    x = np.array([3.0, 1.0, np.nan, 1.0, 10.0])
    found = normal_scores(x)
    np.testing.assert_allclose(found[[0, 1, 3, 4]], norm.ppf((np.array([3, 1.5, 1.5, 4]) - 0.375) / 4.25))
    assert np.isnan(found[2])
    np.testing.assert_array_equal(normal_scores(np.exp(x)), found)


def test_rank_correlations_follow_spearman_and_recover_a_normal_r() -> None:
    z = np.random.default_rng(2).multivariate_normal(np.zeros(2), [[1, 0.7], [0.7, 1]], 20_000)
    r, normal = rank_correlations(np.exp(z))
    assert r[0, 1] == pytest.approx(spearmanr(z[:, 0], z[:, 1]).statistic)
    assert normal[0, 1] == pytest.approx(0.7, abs=0.02)


def test_measurements_that_say_the_same_stay_invertible() -> None:
    x = np.random.default_rng(3).normal(size=50)
    _, normal = rank_correlations(np.column_stack([x, x, -x]))
    assert np.linalg.eigvalsh(normal)[0] == pytest.approx(0.05, abs=1e-9)
