"""The whole fit: what must not change its answer, and what it refuses."""

import os
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2het.kernels.deseq.outcome import Missing, Question, outcome
from her2het.kernels.deseq.pipeline import GeneFits, Run, likelihood_ratio, run
from her2het.kernels.deseq.size_factors import poscounts_size_factors, ratio_size_factors

Floats = NDArray[np.float64]
GROUPS = np.column_stack([np.ones(18), np.repeat([0.0, 1.0, 0.0], [8, 7, 3]), np.repeat([0.0, 0.0, 1.0], [8, 7, 3])])
BATCH = np.column_stack([GROUPS, np.tile([0.0, 1.0], 9)])


def simulated(seed: int, genes: int = 150, effect: float = 0.5) -> NDArray[np.int32]:
    rng = np.random.default_rng(seed)
    depth = np.exp(rng.normal(0, 0.4, 18))
    base = np.exp(rng.normal(4.5, 1.5, genes))
    mu = base[:, None] * np.exp(rng.normal(0, effect, (genes, 1)) * GROUPS[:, 1]) * depth
    alpha = (0.05 + 2 / base)[:, None] * np.exp(rng.normal(0, 0.5, (genes, 1)))
    counts = rng.negative_binomial(1 / alpha, 1 / (1 + alpha * mu))
    counts[:3, 4] += 50_000  # outliers of a large group, replaced
    counts[3:5, 16] += 50_000  # of a small one, flagged
    counts[5] = 0
    return counts.astype(np.int32)


def fitted(counts: NDArray[np.int32], design: Floats) -> Run:
    return run(counts, design, ratio_size_factors(counts))


@pytest.mark.parametrize("design", [GROUPS, BATCH], ids=["groups", "batch"])
def test_threads_do_not_matter(design: Floats, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = simulated(1, 400)
    runs = []
    for threads in ("1", "2", "5"):
        monkeypatch.setitem(os.environ, "HER2HET_THREADS", threads)
        runs.append(fitted(counts, design))
    for other in runs[1:]:
        for field in fields(GeneFits):
            np.testing.assert_array_equal(getattr(runs[0].genes, field.name), getattr(other.genes, field.name))


@given(st.permutations(range(18)))
@settings(max_examples=5, deadline=None)
def test_order_of_samples_does_not_matter(order: list[int]) -> None:
    counts = simulated(2)
    a, b = fitted(counts, BATCH), fitted(counts[:, order], BATCH[order])
    np.testing.assert_allclose(a.genes.dispersion, b.genes.dispersion, rtol=1e-5)
    np.testing.assert_allclose(a.genes.beta, b.genes.beta, atol=1e-5)


def test_order_of_genes_does_not_matter() -> None:
    counts = simulated(3)
    order = np.random.default_rng(0).permutation(len(counts))
    a, b = fitted(counts, GROUPS), fitted(counts[order], GROUPS)
    np.testing.assert_allclose(a.genes.dispersion[order], b.genes.dispersion, rtol=1e-6)


@given(st.integers(0, 10**6))
@settings(max_examples=5, deadline=None)
def test_recoding_the_reference_negates_the_effect(seed: int) -> None:
    counts = simulated(seed)
    other = np.column_stack([np.ones(18), 1 - GROUPS[:, 1] - GROUPS[:, 2], GROUPS[:, 2]])
    a, b = (
        outcome(fitted(counts, GROUPS), Question(np.array([0, 1.0, 0]))),
        outcome(fitted(counts, other), Question(np.array([0, 1.0, 0]))),
    )
    np.testing.assert_allclose(a.effect, -b.effect, atol=2e-4)
    np.testing.assert_allclose(a.error, b.error, rtol=2e-4)


def test_outliers_are_replaced_or_flagged_and_empty_genes_named() -> None:
    done = fitted(simulated(4), GROUPS)
    assert {0, 1, 2} <= set(done.refitted.tolist())
    changed = np.argwhere(done.counts != done.used_counts)
    assert (changed[:, 1] == 4).all()
    result = outcome(done, Question(np.array([0, 1.0, 0])))
    assert (result.missing[3:5] == Missing.OUTLIER).all()
    assert result.missing[5] == Missing.NO_COUNTS
    assert np.isnan(result.p[3:6]).all()
    assert not np.isnan(result.p[:3]).any()
    kept = run(done.counts, GROUPS, done.size_factors, replicates_to_replace=None)
    assert (kept.counts == kept.used_counts).all()
    assert (outcome(kept, Question(np.array([0, 1.0, 0]))).missing[:5] == Missing.OUTLIER).all()
    loud = outcome(done, Question(np.array([0, 1.0, 0]), flag_outliers=False, filter_means=False))
    assert np.isnan(loud.p).sum() == np.isnan(loud.adjusted).sum() == 1


def test_p_values_are_uniform_without_effects() -> None:
    done = fitted(simulated(5, 2000, 0.0), BATCH)
    p = outcome(done, Question(np.array([0, 1.0, 0, 0]))).p
    p = p[np.isfinite(p)]
    assert abs((p < 0.05).mean() - 0.05) < 0.025
    assert abs((p < 0.5).mean() - 0.5) < 0.06
    ratio = likelihood_ratio(done, BATCH[:, [0, 3]]).p
    assert abs((ratio[np.isfinite(ratio)] < 0.05).mean() - 0.05) < 0.03


def test_wald_and_likelihood_ratio_agree_on_one_coefficient() -> None:
    done = fitted(simulated(6, 400), BATCH)
    wald = outcome(done, Question(np.array([0, 0, 0, 1.0]))).stat ** 2
    ratio = likelihood_ratio(done, GROUPS).stat
    both = np.isfinite(wald) & (wald < 30)
    assert np.corrcoef(wald[both], ratio[both])[0, 1] > 0.97


def test_contract() -> None:
    counts = simulated(7)
    with pytest.raises(ValueError, match="samples"):
        run(counts, GROUPS[:-1], np.ones(18))
    with pytest.raises(ValueError, match="residual"):
        run(counts[:, :2], np.eye(2), np.ones(2))
    with pytest.raises(ValueError, match="one weight per column"):
        outcome(fitted(counts, GROUPS), Question(np.ones(2)))
    with pytest.raises(ValueError, match="zero in some sample"):
        ratio_size_factors(np.eye(4, dtype=np.int32))
    with pytest.raises(ValueError, match="no counts"):
        poscounts_size_factors(np.array([[1, 0], [2, 0]], np.int32))


@given(st.integers(0, 10**6), st.floats(1.5, 8))
@settings(max_examples=20, deadline=None)
def test_size_factors_follow_depth(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(2000, (60, 5)).astype(np.int32)
    deeper = counts.copy()
    deeper[:, 0] = np.round(counts[:, 0] * factor)
    for method in (ratio_size_factors, poscounts_size_factors):
        a, b = method(counts), method(deeper)
        assert abs(b[0] / b[1] / (a[0] / a[1]) / factor - 1) < 0.01
    slow = np.exp(np.median(np.log(counts) - np.log(counts).mean(axis=1, keepdims=True), axis=0))
    np.testing.assert_allclose(ratio_size_factors(counts), slow, rtol=1e-13)
    if (counts > 0).all():
        positive = poscounts_size_factors(counts)
        np.testing.assert_allclose(positive, slow / np.exp(np.log(slow).mean()), rtol=1e-12)
