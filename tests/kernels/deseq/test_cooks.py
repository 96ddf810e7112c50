"""Cook's distances and replacement, against their formulas."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import f as f_distribution
from scipy.stats import trim_mean

from her2het.kernels.deseq.cooks import Means, cooks_cutoff, cooks_distances, influence, replaced_counts
from her2het.kernels.deseq.irls import coefficients, natural_ridge
from her2het.kernels.deseq.layout import layout

Floats = NDArray[np.float64]
THREE = np.column_stack([np.ones(14), np.r_[np.zeros(5), np.ones(5), np.zeros(4)], np.r_[np.zeros(10), np.ones(4)]])
AGE = np.column_stack([np.ones(14), np.linspace(40, 70, 14)])


def robust(x: Floats, design: Floats) -> float:
    """Trimmed variance within cells of three or more, the largest; over all samples where there is no such cell."""
    cells = np.unique(design, axis=0, return_inverse=True)[1].reshape(-1)
    large = [c for c in set(cells.tolist()) if (cells == c).sum() >= 3]
    variances = []
    for c in large:
        values = x[cells == c]
        n = len(values)
        share, scale = (1 / 3, 2.04) if n < 4 else (1 / 4, 1.86) if n < 24 else (1 / 8, 1.51)
        variances.append(scale * trim_mean((values - trim_mean(values, share)) ** 2, share))
    if not large:
        variances = [1.51 * trim_mean((x - trim_mean(x, 1 / 8)) ** 2, 1 / 8)]
    return max((max(variances) - x.mean()) / x.mean() ** 2, 0.04)


def twin(y: NDArray[np.int32], sf: Floats, design: Floats, beta: Floats, alpha: float, ridge: Floats) -> Floats:
    mu = sf * np.exp(design @ beta)
    clipped = np.maximum(mu, 0.5)
    w = clipped / (1 + alpha * clipped)
    inverse = np.linalg.inv((design.T * w) @ design + np.diag(ridge))
    h = w * np.einsum("ij,jk,ik->i", design, inverse, design)
    phi = robust(y / sf, design)
    return (y - mu) ** 2 / (mu + phi * mu**2) / design.shape[1] * h / (1 - h) ** 2


@pytest.mark.parametrize("design", [THREE, AGE], ids=["three", "age"])
def test_distances_equal_their_formula(design: Floats) -> None:
    rng = np.random.default_rng(5)
    sf = np.exp(rng.normal(0, 0.3, 14))
    counts = rng.negative_binomial(3, 3 / (3 + 80 * sf), (25, 14)).astype(np.int32)
    counts[0, 3] = 20_000
    alpha = np.full(25, 0.4)
    plan = layout(design)
    ridge = natural_ridge(plan)
    beta = coefficients(counts, sf, plan, alpha, ridge).beta
    every = cooks_distances(counts, sf, plan, Means(beta), beta, alpha, ridge)
    slow = np.array([twin(counts[g], sf, design, beta[g], 0.4, ridge) for g in range(25)])
    np.testing.assert_allclose(every, slow, rtol=1e-8)
    watched = np.arange(14) < 10
    found = influence(counts, sf, plan, Means(beta), beta, alpha, ridge, watched)
    np.testing.assert_allclose(found.largest, slow.max(axis=1), rtol=1e-8)
    np.testing.assert_array_equal(found.sample, slow.argmax(axis=1))
    np.testing.assert_allclose(found.largest_watched, slow[:, watched].max(axis=1), rtol=1e-8)
    cutoff = cooks_cutoff(plan)
    assert cutoff == pytest.approx(f_distribution.ppf(0.99, plan.columns, 14 - plan.columns))
    bounded = influence(counts, sf, plan, Means(beta), beta, alpha, ridge, watched, cutoff)
    np.testing.assert_array_equal(bounded.largest > cutoff, found.largest > cutoff)
    assert (bounded.largest >= found.largest * (1 - 1e-12)).all()
    assert found.sample[0] == 3


def test_no_watched_sample_gives_nothing() -> None:
    counts = np.full((2, 14), 7, np.int32)
    plan = layout(THREE)
    beta = np.zeros((2, 3))
    alpha = np.array([0.1, np.nan])
    found = influence(counts, np.ones(14), plan, Means(beta), beta, alpha, natural_ridge(plan), np.zeros(14, bool))
    assert np.isnan(found.largest_watched).all()
    assert np.isnan(found.largest[1])
    assert found.sample[1] == -1


def test_replacement_is_the_trimmed_mean_of_the_gene() -> None:
    rng = np.random.default_rng(6)
    sf = np.exp(rng.normal(0, 0.3, 14))
    counts = rng.poisson(50, (3, 14)).astype(np.int32)
    cooks = np.zeros((3, 14))
    cooks[0, 2] = cooks[1, 12] = 99.0
    replaceable = np.arange(14) < 10
    new = replaced_counts(counts, sf, cooks, 5.0, replaceable)
    expected = trim_mean(counts[0] / sf, 0.2) * sf[2]
    assert new[0, 2] == math.floor(expected)
    changed = new != counts
    assert changed.sum() <= 1
    assert not changed[1:].any()
