"""TMM and log-CPM: a slow twin from the definition, properties, and edgeR's own results."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from her2het.kernels.tmm import cpm, log_cpm1, log_cpm_edger, tmm_factors

SMALL = Path(__file__).parents[1] / "oracles" / "edger_small"


def slow_tmm(counts: np.ndarray) -> np.ndarray:
    """Robinson & Oshlack 2010, one line per sentence."""
    counts = counts[counts.any(axis=1)].astype(float)
    lib = counts.sum(0)
    quartile = np.quantile(counts, 0.75, axis=0) / lib
    if np.median(quartile) < 1e-20:
        ref = int(np.argmax(np.sqrt(counts).sum(0)))
    else:
        ref = int(np.argmin(np.abs(quartile - quartile.mean())))
    factors = []
    for k in range(counts.shape[1]):
        both = (counts[:, k] > 0) & (counts[:, ref] > 0)
        x, y, big_n, big_m = counts[both, k], counts[both, ref], lib[k], lib[ref]
        m = np.log2((x / big_n) / (y / big_m))
        a = (np.log2(x / big_n) + np.log2(y / big_m)) / 2
        v = (big_n - x) / big_n / x + (big_m - y) / big_m / y
        if not len(m) or np.abs(m).max() < 1e-6:
            factors.append(1.0)
            continue
        n = len(m)
        lo_m, lo_a = np.floor(n * 0.3) + 1, np.floor(n * 0.05) + 1
        rank_m, rank_a = rankdata(m), rankdata(a)
        keep = (rank_m >= lo_m) & (rank_m <= n + 1 - lo_m) & (rank_a >= lo_a) & (rank_a <= n + 1 - lo_a)
        factors.append(2 ** ((m[keep] / v[keep]).sum() / (1 / v[keep]).sum()) if keep.any() else 1.0)
    result = np.array(factors)
    return result / np.exp(np.log(result).mean())


def simulated(seed: int, genes: int = 120, samples: int = 6, mean: float = 20.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rate = rng.lognormal(np.log(mean), 1.5, (genes, 1)) * rng.lognormal(0, 0.7, samples)
    counts = rng.poisson(rng.gamma(3, rate / 3))
    counts[0] = 1
    return counts


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(SMALL / f"{name}.csv", index_col=0, skipinitialspace=True)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.sampled_from([0.3, 2.0, 20.0, 500.0]))
def test_equals_the_slow_twin(seed: int, samples: int, mean: float) -> None:
    counts = simulated(seed, samples=samples, mean=mean)
    share = np.quantile(counts[counts.any(axis=1)], 0.75, axis=0) / counts.sum(0)
    gaps = np.sort(np.abs(share - share.mean()))
    if samples == 2 or gaps[1] - gaps[0] < 1e-12:
        return  # two samples are equally far from their mean: the reference is a matter of rounding
    np.testing.assert_allclose(tmm_factors(counts).norm_factor, slow_tmm(counts), rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(arrays(np.int64, (12, 4), elements=st.integers(0, 3)))
def test_equals_the_slow_twin_where_everything_ties(counts: np.ndarray) -> None:
    counts[0] = 1
    share = np.quantile(counts[counts.any(axis=1)], 0.75, axis=0) / counts.sum(0)
    gaps = np.sort(np.abs(share - share.mean()))
    result = tmm_factors(counts)
    assert np.isfinite(result.norm_factor).all()
    if np.median(share) < 1e-20 or gaps[1] - gaps[0] > 1e-12:
        np.testing.assert_allclose(result.norm_factor, slow_tmm(counts), rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_order_of_genes_does_not_matter_and_order_of_samples_carries_over(seed: int) -> None:
    counts = simulated(seed)
    rng = np.random.default_rng(seed)
    expected = tmm_factors(counts).norm_factor
    np.testing.assert_allclose(tmm_factors(counts[rng.permutation(len(counts))]).norm_factor, expected, rtol=1e-12)
    order = rng.permutation(counts.shape[1])
    np.testing.assert_allclose(tmm_factors(counts[:, order]).norm_factor, expected[order], rtol=1e-12)


def test_depth_alone_changes_nothing() -> None:
    column = simulated(3)[:, :1]
    assert tmm_factors(column * np.array([1, 3, 10, 7])).norm_factor == pytest.approx(np.ones(4), rel=1e-12)
    counts = simulated(4)  # every library five times deeper: ratios and the proportions of the weights are the same
    np.testing.assert_allclose(tmm_factors(counts * 5).norm_factor, tmm_factors(counts).norm_factor, rtol=1e-12)


def test_identical_libraries_have_factor_one() -> None:
    result = tmm_factors(np.repeat(simulated(1)[:, :1], 4, axis=1))
    assert (result.norm_factor == 1).all()


def test_a_composition_shift_is_undone() -> None:
    counts = simulated(5, genes=2000, samples=4, mean=200)
    base = np.repeat(counts[:, :1], 4, axis=1)
    base[:20, 3] = base[:20, 3] * 50 + 20_000
    effective = tmm_factors(base).effective_lib
    assert effective[3] == pytest.approx(effective[0], rel=1e-6)


def test_types_and_memory_order_do_not_change_a_bit() -> None:
    counts = simulated(7)
    expected = tmm_factors(counts).norm_factor
    for other in (counts.astype(np.int32), counts.astype(float), np.asfortranarray(counts)):
        assert (tmm_factors(other).norm_factor == expected).all()


def test_threads_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = simulated(8, samples=70)
    results = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("HER2HET_THREADS", threads)
        results.append(tmm_factors(counts).norm_factor)
    assert (results[0] == results[1]).all()
    assert (results[0] == results[2]).all()


def test_what_is_refused() -> None:
    counts = simulated(9)
    with pytest.raises(ValueError, match="dimensions"):
        tmm_factors(counts[:, 0])
    with pytest.raises(ValueError, match="negative or missing"):
        tmm_factors(counts - 5)
    with pytest.raises(ValueError, match="negative or missing"):
        tmm_factors(np.where(counts == 1, np.nan, counts))
    with pytest.raises(ValueError, match="not finite"):
        tmm_factors(np.where(counts == 1, np.inf, counts))
    empty = counts.copy()
    empty[:, 4] = 0
    with pytest.raises(ValueError, match="column 4 has no counts"):
        tmm_factors(empty)
    with pytest.raises(ValueError, match="library sizes of shape"):
        log_cpm1(counts, np.ones(2))
    with pytest.raises(ValueError, match="above 0"):
        cpm(counts, np.zeros(6))


def test_one_sample_has_factor_one() -> None:
    assert tmm_factors(simulated(1, samples=1)).norm_factor.tolist() == [1.0]


def test_log_scales_from_their_definitions() -> None:
    counts = np.array([[3, 0], [7, 20]])
    lib, factor = np.array([10.0, 20.0]), np.array([0.5, 2.0])
    effective = lib * factor
    np.testing.assert_allclose(cpm(counts, effective), [[6e5, 0], [1.4e6, 5e5]])
    np.testing.assert_allclose(log_cpm1(counts, effective), np.log2(np.array([[6e5, 0], [1.4e6, 5e5]]) + 1))
    prior = 2 * effective / 22.5
    np.testing.assert_allclose(
        log_cpm_edger(counts, lib, factor), np.log2((counts + prior) / (effective + 2 * prior) * 1e6), rtol=1e-14
    )


@pytest.mark.parametrize("name", ["usual", "sparse"])
def test_edger_on_small_simulated_counts(name: str) -> None:
    counts, expected = read(f"{name}_counts").to_numpy(), read(f"{name}_tmm")
    result = tmm_factors(counts)
    np.testing.assert_array_equal(result.lib_size, expected["lib.size"])
    np.testing.assert_allclose(result.norm_factor, expected["norm.factors"], rtol=1e-12)
    logs = log_cpm_edger(counts[:100], result.lib_size, result.norm_factor)
    np.testing.assert_allclose(logs, read(f"{name}_log_cpm_prior2"), rtol=1e-13)
    np.testing.assert_allclose(log_cpm1(counts[:100], result.effective_lib), read(f"{name}_log_cpm1"), rtol=1e-12)


def test_edger_on_two_samples() -> None:
    expected = read("two_tmm")["norm.factors"]
    np.testing.assert_allclose(tmm_factors(read("usual_counts").to_numpy()[:, :2]).norm_factor, expected, rtol=1e-12)


def test_edger_on_60_tumours(shared_data: Path) -> None:
    counts = pd.read_csv(shared_data / "data/tcga_her2_60/counts.csv.gz", index_col=0)
    expected = pd.read_csv(shared_data / "oracles/tcga_her2_60/edger_tmm.csv.gz", index_col=0)
    result = tmm_factors(counts.to_numpy())
    np.testing.assert_array_equal(result.lib_size, expected["lib.size"])
    np.testing.assert_allclose(result.norm_factor, expected["norm.factors"], rtol=1e-12)


def test_edger_at_trial_size(shared_data: Path) -> None:
    folder = shared_data / "oracles/trial_size"
    counts = np.load(folder / "counts.npz")["counts"]
    expected = pd.read_csv(folder / "edger_tmm.tsv", sep="\t")
    result = tmm_factors(counts)
    np.testing.assert_array_equal(result.lib_size, expected["lib"])
    np.testing.assert_allclose(result.norm_factor, expected["nf"], rtol=1e-12)


def test_edger_on_low_counts(shared_data: Path) -> None:
    folder = shared_data / "oracles/trial_size"
    counts = pd.read_csv(folder / "edger_lowcount_counts.tsv.gz", sep="\t").to_numpy()
    expected = pd.read_csv(folder / "edger_lowcount_nf.tsv", sep="\t")["nf"]
    np.testing.assert_allclose(tmm_factors(counts).norm_factor, expected, rtol=1e-12)
