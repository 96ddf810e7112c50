"""Principal components: SVD as the slow twin, properties, and prcomp's own scores."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.kernels.pca import pca
from her2het.kernels.tmm import cpm, log_cpm1, log_cpm_edger, tmm_factors

SMALL = Path(__file__).parents[1] / "oracles" / "prcomp_small"


def simulated(seed: int, genes: int = 40, samples: int = 9) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(5, 1, (genes, samples)) + np.outer(rng.normal(0, 2, genes), rng.normal(0, 1, samples))


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(SMALL / f"{name}.csv", index_col=0, skipinitialspace=True)


def up_to_sign(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return mine * np.sign((mine * theirs).sum(axis=0))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(1, 60))
def test_equals_the_singular_value_decomposition(seed: int, samples: int, genes: int) -> None:
    x = simulated(seed, genes, samples)
    result = pca(x, 5)
    y = (x - x.mean(axis=1, keepdims=True)).T
    left, s, right = np.linalg.svd(y, full_matrices=False)
    k = result.scores.shape[1]
    assert k == min(5, samples - 1, genes)
    np.testing.assert_allclose(result.sd, s[:k] / np.sqrt(samples - 1), rtol=1e-7)
    np.testing.assert_allclose(result.share, s[:k] ** 2 / (s**2).sum(), rtol=1e-7)
    gap = np.diff(s[: k + 1] if len(s) > k else np.append(s[:k], 0)) / s[0]
    if k and np.abs(gap).min() > 1e-2:
        np.testing.assert_allclose(np.abs(result.scores), np.abs(left[:, :k] * s[:k]), atol=1e-7 * s[0])
        np.testing.assert_allclose(np.abs(result.loadings), np.abs(right[:k].T), atol=1e-7)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_scores_are_projections_on_orthonormal_loadings(seed: int) -> None:
    x = simulated(seed)
    result = pca(x, 8)
    centred = x - x.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(result.loadings.T @ result.loadings, np.eye(8), atol=1e-8)
    np.testing.assert_allclose(centred.T @ result.loadings, result.scores, atol=1e-8)
    assert result.share.sum() == pytest.approx(1)  # 9 samples have 8 components


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_signs_follow_the_rule_whatever_the_order(seed: int) -> None:
    x = simulated(seed)
    scores = pca(x, 3).scores
    assert (scores[np.abs(scores).argmax(axis=0), range(3)] > 0).all()
    assert (pca(-x, 3).scores[np.abs(scores).argmax(axis=0), range(3)] > 0).all()
    order = np.random.default_rng(seed).permutation(9)
    np.testing.assert_allclose(pca(x[:, order], 2).scores, scores[order, :2], atol=1e-6)


def test_same_bits_twice_and_genes_may_be_shifted() -> None:
    x = simulated(3, 500, 20)
    first, second = pca(x), pca(np.asfortranarray(x))
    assert first.scores.tobytes() == pca(x).scores.tobytes()
    np.testing.assert_allclose(second.scores, first.scores, atol=1e-10)
    np.testing.assert_allclose(pca(x + np.arange(500)[:, None]).scores, first.scores, atol=1e-8)


def test_what_is_refused() -> None:
    x = simulated(1)
    for bad, words in (
        (x[:, :1], "two samples"),
        (np.where(x > 5, np.nan, x), "not finite"),
        (np.where(x > 5, np.inf, -np.inf), "not finite"),
        (np.repeat(x[:, :1], 4, axis=1), "same values"),
    ):
        with pytest.raises(ValueError, match=words):
            pca(bad)
    with pytest.raises(ValueError, match="0 components"):
        pca(x, 0)


def test_prcomp_on_simulated_expression() -> None:
    result = pca(read("values").to_numpy(), 5)
    np.testing.assert_allclose(up_to_sign(result.scores, read("scores").to_numpy()), read("scores"), atol=1e-10)
    np.testing.assert_allclose(up_to_sign(result.loadings, read("loadings").to_numpy()), read("loadings"), atol=1e-10)
    np.testing.assert_allclose(result.sd, read("variance")["sd"], rtol=1e-11)
    np.testing.assert_allclose(result.share, read("variance")["share"], rtol=1e-11)


def test_prcomp_on_60_tumours(shared_data: Path) -> None:
    counts = pd.read_csv(shared_data / "data/tcga_her2_60/counts.csv.gz", index_col=0).to_numpy()
    expected = pd.read_csv(shared_data / "oracles/tcga_her2_60/prcomp_scores.csv.gz", index_col=0).to_numpy()
    tmm = tmm_factors(counts)
    kept = (cpm(counts, tmm.lib_size) > 1).sum(axis=1) >= 6
    scores = pca(log_cpm_edger(counts, tmm.lib_size, tmm.norm_factor)[kept], 5).scores
    np.testing.assert_allclose(up_to_sign(scores, expected), expected, atol=1e-6, rtol=0)


def test_prcomp_at_trial_size(shared_data: Path) -> None:
    folder = shared_data / "oracles/trial_size"
    counts = np.load(folder / "counts.npz")["counts"]
    expected = pd.read_csv(folder / "prcomp_R_scores.tsv", sep="\t").to_numpy()
    scores = pca(log_cpm1(counts[counts.any(axis=1)], tmm_factors(counts).effective_lib), 10).scores
    np.testing.assert_allclose(up_to_sign(scores, expected), expected, atol=1e-6, rtol=0)
