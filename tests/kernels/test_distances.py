"""Distances between samples: the loop from the definition, properties, and R's dist."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.kernels.distances import (
    component_distances,
    euclidean,
    to_baseline_mean,
    to_baseline_nearest,
    within_between,
)
from her2het.kernels.pca import pca

SMALL = Path(__file__).parents[1] / "oracles" / "prcomp_small"


def slow(x: np.ndarray) -> np.ndarray:
    n = x.shape[1]
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            out[i, j] = np.sqrt(sum((a - b) ** 2 for a, b in zip(x[:, i], x[:, j], strict=True)))
    return out


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 8), st.sampled_from([1e-9, 1e-3, 1.0, 1e4]))
def test_equals_the_loop_near_and_far(seed: int, genes: int, samples: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(8, 2, (genes, 1)) + rng.normal(0, spread, (genes, samples))
    x[:, -1] = x[:, 0] + rng.normal(0, 1e-8, genes)
    np.testing.assert_allclose(euclidean(x), slow(x), rtol=1e-9, atol=1e-300)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_metric_that_ignores_shifts_of_genes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (20, 6))
    d = euclidean(x)
    assert (d == d.T).all()
    assert (np.diag(d) == 0).all()
    assert (d[:, :, None] <= d[:, None, :] + d.T[None, :, :] + 1e-9).all()
    np.testing.assert_allclose(euclidean(x + rng.normal(0, 5, (20, 1))), d, rtol=1e-9)


def test_equal_samples_have_distance_zero() -> None:
    x = np.random.default_rng(2).normal(9, 3, (1000, 4))
    x[:, 2] = x[:, 1]
    assert euclidean(x)[1, 2] == 0.0


def test_on_all_components_it_is_the_whole_distance_and_on_two_a_part_of_it() -> None:
    x = np.random.default_rng(3).normal(0, 1, (50, 8))
    np.testing.assert_allclose(component_distances(x, 7), euclidean(x), rtol=1e-8)
    two = component_distances(x)
    assert (two <= euclidean(x) + 1e-9).all()
    np.testing.assert_allclose(two, slow(pca(x, 2).scores.T), rtol=1e-9, atol=1e-9)


def test_pairs_within_and_between() -> None:
    d = euclidean(np.array([[0.0, 1.0, 5.0, 9.0]]))
    pairs = within_between(d, np.array([7, 7, 3, 3]))
    assert list(zip(pairs.first, pairs.second, pairs.distance, pairs.within, strict=True)) == [
        (0, 1, 1.0, True),
        (0, 2, 5.0, False),
        (0, 3, 9.0, False),
        (1, 2, 4.0, False),
        (1, 3, 8.0, False),
        (2, 3, 4.0, True),
    ]


def test_baseline_mean_and_nearest() -> None:
    #              patient 0: two baseline, one later; patient 1: one baseline, one later; patient 2: later only
    values = np.array([[0.0, 4.0, 5.0, 1.0, 3.0, 9.0], [0.0, 0.0, 0.0, 1.0, 1.0, 9.0]])
    patient, baseline = np.array([0, 0, 0, 1, 1, 2]), np.array([True, True, False, True, False, False])
    mean, nearest = to_baseline_mean(values, patient, baseline), to_baseline_nearest(values, patient, baseline)
    np.testing.assert_allclose(mean.distance, [4, 4, 3, np.nan, 2, np.nan])
    np.testing.assert_allclose(nearest.distance, [4, 4, 1, np.nan, 2, np.nan])
    assert mean.biopsies.tolist() == nearest.biopsies.tolist() == [1, 1, 2, 0, 1, 0]
    assert mean.nearest.tolist() == nearest.nearest.tolist() == [1, 0, 1, -1, 3, -1]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_mean_distance_from_pairwise_distances(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, patient, baseline = rng.normal(0, 1, (12, 10)), rng.integers(0, 3, 10), rng.random(10) < 0.5
    d2 = euclidean(x) ** 2
    result = to_baseline_mean(x, patient, baseline)
    for i in range(10):
        own = [j for j in range(10) if j != i and baseline[j] and patient[j] == patient[i]]
        if own:  # distance to a centroid in terms of pairwise distances
            m = len(own)
            expected = d2[i, own].mean() - d2[np.ix_(own, own)].sum() / (2 * m * m)
            assert result.distance[i] ** 2 == pytest.approx(expected, rel=1e-8, abs=1e-10)
        else:
            assert np.isnan(result.distance[i])


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        euclidean(np.array([[np.nan, 1.0]]))
    with pytest.raises(ValueError, match="dimensions"):
        euclidean(np.ones(3))
    with pytest.raises(ValueError, match="3 samples"):
        within_between(np.zeros((2, 2)), np.arange(3))
    with pytest.raises(ValueError, match="2 patients"):
        to_baseline_mean(np.ones((2, 3)), np.arange(2), np.ones(3, dtype=bool))


def test_dist_of_r() -> None:
    values = pd.read_csv(SMALL / "values.csv", index_col=0, skipinitialspace=True).to_numpy()
    expected = pd.read_csv(SMALL / "distances.csv", index_col=0, skipinitialspace=True)
    np.testing.assert_allclose(euclidean(values), expected, rtol=1e-12)
