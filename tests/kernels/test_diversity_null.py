"""Rarefied and standardised diversity: exact means, calibration of z, seeds."""

import numpy as np
import pytest

from her2het.kernels.cut_mixture import thinning
from her2het.kernels.diversity import Diversity, diversity, rarefied_richness
from her2het.kernels.diversity_null import _distribution, rarefied, standardised
from her2het.kernels.fish import CellRule, FishCounts, count_nuclei
from her2het.kernels.streams import stream_states

LI = CellRule(2, 1, 0, 6, 6)


def poisson(cells: int, samples: int, seed: int = 0) -> tuple[FishCounts, Diversity]:
    rng = np.random.default_rng(seed)
    h, c = rng.poisson(12, samples * cells), rng.poisson(2.2, samples * cells)
    counts = count_nuclei(h, c, np.repeat(np.arange(samples), cells), np.arange(samples), samples, rule=LI)
    return counts, diversity(counts.pairs.start, counts.pairs.count)


def test_mean_species_equal_the_exact_rarefaction() -> None:
    counts, _ = poisson(100, 20)
    got = rarefied(counts.pairs, stream_states(1, 20), cells=30, repeats=400)
    want = rarefied_richness(counts.pairs.start, counts.pairs.count, 30)
    assert np.all(np.abs(got.species - want) < 4 * got.species_sd / 20)
    assert np.all(got.shannon_sd > 0)


def test_rarefying_to_all_cells_changes_nothing() -> None:
    counts, want = poisson(50, 5)
    got = rarefied(counts.pairs, stream_states(1, 5), cells=50, repeats=3)
    np.testing.assert_allclose(got.shannon, want.shannon)
    np.testing.assert_allclose(got.equitability, want.equitability)
    np.testing.assert_allclose(got.species_sd, 0)
    assert np.isnan(rarefied(counts.pairs, stream_states(1, 5), cells=51).shannon).all()


def test_rarefied_equitability_does_not_depend_on_the_cells_counted() -> None:
    few, many = poisson(60, 200), poisson(450, 200, seed=1)
    assert few[1].equitability.mean() - many[1].equitability.mean() > 0.03
    a, b = (rarefied(x[0].pairs, stream_states(1, 200), cells=60).equitability.mean() for x in (few, many))
    assert abs(a - b) < 0.003


@pytest.mark.parametrize("cells", [20, 75, 450])
def test_z_of_a_homogeneous_tumour_is_standard(cells: int) -> None:
    counts, seen = poisson(cells, 200, seed=cells)
    got = standardised(counts.samples, seen.shannon, seen.equitability, stream_states(5, 200))
    for z in (got.equitability_z, got.shannon_z):
        assert abs(z.mean()) < 0.3
        assert 0.8 < z.std() < 1.2


def test_z_of_cut_nuclei_is_standard_under_thinning() -> None:
    rng = np.random.default_rng(8)
    h, c = rng.binomial(10, 0.8, 60_000), rng.binomial(3, 0.8, 60_000)
    keep = np.flatnonzero((h > 0) & (c > 0))[:45_000]
    counts = count_nuclei(h[keep], c[keep], np.repeat(np.arange(150), 300), np.arange(150), 150, rule=LI)
    seen = diversity(counts.pairs.start, counts.pairs.count)
    got = standardised(counts.samples, seen.shannon, seen.equitability, stream_states(5, 150), model="thinning")
    assert abs(got.shannon_z.mean()) < 0.5
    assert 0.7 < got.shannon_z.std() < 1.3


def test_a_mixture_stands_out_under_thinning() -> None:
    rng = np.random.default_rng(8)
    h, c = rng.binomial(rng.choice([2, 16], 300), 0.8), rng.binomial(2, 0.8, 300)
    counts = count_nuclei(h, c, np.zeros(300, int), np.array([0]), 1, rule=LI)
    seen = diversity(counts.pairs.start, counts.pairs.count)
    got = standardised(counts.samples, seen.shannon, seen.equitability, stream_states(5, 1), model="thinning")
    assert got.shannon_z[0] > 3


@pytest.mark.parametrize(("mean", "with_zero"), [(12.0, False), (2.2, True), (1.02, False), (1.0, False), (0.4, True)])
def test_null_distributions_have_the_mean(mean: float, with_zero: bool) -> None:
    p = _distribution(mean, with_zero, 100, "poisson", 0.8)
    assert p @ np.arange(100) == pytest.approx(mean, abs=1e-6)
    assert (p[0] > 0) == with_zero
    if mean > 1.3:
        p = _distribution(mean, False, 100, "thinning", 0.8)
        assert p @ np.arange(100) == pytest.approx(mean, abs=0.41)
        assert p[0] == 0
    np.testing.assert_allclose(
        _distribution(float(thinning(3, 0.8)[2] @ [1, 2, 3]), False, 9, "thinning", 0.8)[1:4], thinning(3, 0.8)[2]
    )


def test_seed_and_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, seen = poisson(40, 200)
    results = []
    for threads in ("1", "4"):
        monkeypatch.setenv("HER2HET_THREADS", threads)
        results.append(standardised(counts.samples, seen.shannon, seen.equitability, stream_states(5, 200)))
    np.testing.assert_array_equal(results[0].shannon_z, results[1].shannon_z)
    other = standardised(counts.samples, seen.shannon, seen.equitability, stream_states(6, 200))
    assert not np.array_equal(other.shannon_z, results[0].shannon_z)


def test_samples_without_cells_are_nan() -> None:
    none = np.zeros(0, np.int64)
    counts = count_nuclei(none, none, none, np.array([0]), 1, rule=LI)
    got = standardised(counts.samples, [np.nan], [np.nan], stream_states(1, 1))
    assert np.isnan(got.shannon_null[0])
    with pytest.raises(ValueError, match="model"):
        standardised(counts.samples, [0.0], [0.0], stream_states(1, 1), model="other")  # type: ignore[arg-type]
