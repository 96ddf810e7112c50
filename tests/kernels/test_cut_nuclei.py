"""Cut nuclei: the null they produce, and the mixture of true genotypes seen through them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from her2het.kernels.cut_mixture import climb, thinning
from her2het.kernels.cut_nuclei import (
    amplified_probability,
    call_robust,
    fit_cut_nuclei,
    genotypes_amplified,
    null_fractions,
    widest_limits,
)
from her2het.kernels.fish import CellRule, FishCounts, count_nuclei
from her2het.kernels.het_call import HetCode, Limits, call_fraction

LI = CellRule(2, 1, 0, 6, 6)
LIMITS = Limits(1, 20, 1, 1, 2)
Mixture = list[tuple[int, int, float]]


def tumours(mixture: Mixture, cells: int, samples: int, p_keep: float = 0.8, seed: int = 1) -> FishCounts:
    """Tumours of `cells` counted nuclei each; nuclei that lost all signals of a probe are not counted."""
    rng = np.random.default_rng(seed)
    her2, cep17, weight = np.array(mixture).T
    kind = rng.choice(len(weight), 3 * cells * samples, p=weight)
    h, c = rng.binomial(her2[kind].astype(int), p_keep), rng.binomial(cep17[kind].astype(int), p_keep)
    seen = np.flatnonzero((h > 0) & (c > 0))[: cells * samples]
    return count_nuclei(h[seen], c[seen], np.repeat(np.arange(samples), cells), np.arange(samples), samples, rule=LI)


def called(counts: FishCounts, code: HetCode, p_keep: float = 0.8) -> float:
    fit = fit_cut_nuclei(counts.pairs, rule=LI, p_keep=p_keep)
    return float(np.mean(call_robust(fit, low=0.05, high=0.5, n_min=20)[0] == code))


# DOMAIN 3.3: true genotype -> mean fraction that the literal rule calls amplified
@pytest.mark.parametrize(
    ("her2", "cep17", "fraction"), [(2, 2, 0.223), (3, 2, 0.300), (4, 3, 0.254), (8, 3, 0.891), (12, 3, 0.998)]
)
def test_null_fractions_of_the_table(her2: int, cep17: int, fraction: float) -> None:
    assert null_fractions(LI, 0.8)[cep17 - 1, her2 - 1] == pytest.approx(fraction, abs=2.5e-3)


def chance_of_het(rule: CellRule, her2: int, cep17: int, cells: int = 75) -> float:
    """P(the literal rule calls HET) where nuclei of one genotype are cut."""
    called = np.arange(cells + 1)
    code = call_fraction(called, np.full(cells + 1, cells), 20, LIMITS)
    return float(binom.pmf(called, cells, null_fractions(rule, 0.8)[cep17 - 1, her2 - 1])[code == HetCode.HET].sum())


# DOMAIN 3.3: P(HET) of 75 cut nuclei by LI2024, with ERBB2 >= 4 besides, and by copies >= 6 alone (simulated there)
@pytest.mark.parametrize(
    ("her2", "cep17", "literal", "four", "copies"),
    [
        (2, 2, 1.000, 0.000, 0.000),
        (3, 2, 1.000, 0.000, 0.000),
        (4, 3, 1.000, 1.000, 0.000),
        (8, 3, 0.000, 0.000, 0.000),
        (12, 3, 0.000, 0.000, 0.000),
        (5, 4, None, 0.99, 0.000),
        (4, 4, None, 0.81, 0.000),
        (5, 5, None, 0.41, 0.000),
    ],
)
def test_chance_that_cut_nuclei_alone_look_het(
    her2: int, cep17: int, literal: float | None, four: float, copies: float | None
) -> None:
    if literal is not None:
        assert chance_of_het(LI, her2, cep17) == pytest.approx(literal, abs=2e-3)
    assert chance_of_het(LI._replace(min_her2=4), her2, cep17) == pytest.approx(four, abs=0.02)
    if copies is not None:
        assert chance_of_het(CellRule(0, 0, 0, 6, 6), her2, cep17) == pytest.approx(copies, abs=2e-3)


@given(st.integers(1, 30), st.integers(1, 6), st.floats(0.3, 1.0))
def test_null_fraction_equals_enumeration(her2: int, cep17: int, p_keep: float) -> None:
    chance = {
        (h, c): binom.pmf(h, her2, p_keep) * binom.pmf(c, cep17, p_keep)
        for h, c in product(range(1, her2 + 1), range(1, cep17 + 1))
    }
    hit = sum(v for (h, c), v in chance.items() if h >= 2 * c or h >= 6)
    assert null_fractions(LI, p_keep)[cep17 - 1, her2 - 1] == pytest.approx(hit / sum(chance.values()), rel=1e-9)


def test_thinning_is_a_distribution() -> None:
    for p in (0.5, 0.8, 1.0):
        table = thinning(30, p)
        np.testing.assert_allclose(table.sum(axis=1), 1)
        assert np.allclose(np.triu(table, 1), 0)
    with pytest.raises(ValueError, match="p_keep"):
        thinning(3, 0.0)


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10_000), st.sampled_from([-1.0, 0.1, 0.4]))
def test_climb_reaches_the_maximum_of_plain_em(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    h, c = rng.binomial(rng.choice([2, 3, 9], 80), 0.8), rng.binomial(rng.choice([2, 3], 80), 0.8)
    keep = (h > 0) & (c > 0)
    seen = np.zeros((6, 30))
    np.add.at(seen, (c[keep] - 1, h[keep] - 1), 1.0)
    her2, cep17, amplified = thinning(30, 0.8), thinning(6, 0.8), genotypes_amplified(LI)
    weight = np.full((6, 30), 1 / 180)
    n = float(keep.sum())
    top = int(h.max())
    value, slope, _ = climb(
        weight, seen, n, top, her2, np.ascontiguousarray(her2.T), cep17, amplified, share, -np.inf, np.empty((6, 6, 30))
    )
    kernel = np.einsum("Cc,Hh->CHch", cep17, her2)
    w = np.full((6, 30), 1 / 180)
    for _ in range(4000):
        if share >= 0:
            w[amplified] *= share / w[amplified].sum()
            w[~amplified] *= (1 - share) / w[~amplified].sum()
        f = np.einsum("CH,CHch->ch", w, kernel)
        r = np.divide(seen, f, out=np.zeros_like(f), where=seen > 0)
        w = w * np.einsum("CHch,ch->CH", kernel, r) / n
    if share >= 0:
        w[amplified] *= share / w[amplified].sum()
        w[~amplified] *= (1 - share) / w[~amplified].sum()
    f = np.einsum("CH,CHch->ch", w, kernel)
    want = float(np.sum(seen[seen > 0] * np.log(f[seen > 0])))
    assert value == pytest.approx(want, abs=0.06)
    assert weight.sum() == pytest.approx(1)
    if share >= 0:
        assert weight[amplified].sum() == pytest.approx(share)
        assert np.isfinite(slope)


ONE_POPULATION = [(2, 2), (3, 2), (3, 3), (4, 3), (4, 4), (5, 4), (5, 5)]


@pytest.mark.parametrize("cells", [75, 450])
@pytest.mark.parametrize("genotype", ONE_POPULATION, ids=str)
def test_one_population_is_not_het(genotype: tuple[int, int], cells: int) -> None:
    counts = tumours([(*genotype, 1.0)], cells, 150)
    assert called(counts, HetCode.HET) <= 0.05
    assert called(counts, HetCode.NON_HET_NONAMPLIFIED) >= 0.95
    literal = call_fraction(counts.samples.amplified, counts.samples.scored, 20, LIMITS)
    if genotype in {(2, 2), (3, 2), (4, 3)}:
        assert np.mean(literal == HetCode.HET) > 0.98


@pytest.mark.parametrize("genotype", [(4, 2), (6, 3), (8, 3), (12, 3)], ids=str)
def test_homogeneous_amplification_is_not_het(genotype: tuple[int, int]) -> None:
    assert called(tumours([(*genotype, 1.0)], 150, 100), HetCode.NON_HET_AMPLIFIED) >= 0.95


@pytest.mark.parametrize("share", [0.2, 0.3, 0.4])
def test_mixtures_are_found_and_measured(share: float) -> None:
    counts = tumours([(2, 2, 1 - share), (12, 3, share)], 450, 100)
    fit = fit_cut_nuclei(counts.pairs, rule=LI)
    assert np.mean(fit.share) == pytest.approx(share, abs=0.012)
    assert np.mean((fit.low <= share) & (share <= fit.high)) >= 0.9
    assert called(counts, HetCode.HET) >= 0.95
    assert np.mean(fit.p_value < 0.01) >= 0.95


def test_six_copies_are_named_copy_driven() -> None:
    fit = fit_cut_nuclei(tumours([(6, 6, 1.0)], 450, 30).pairs, rule=LI)
    assert np.mean(fit.by_copies_only) > 0.9
    assert np.mean(fit.by_ratio_only) < 0.05
    np.testing.assert_allclose(fit.by_copies_only + fit.by_ratio_only + fit.by_both, fit.share, atol=1e-9)


def test_p_value_of_the_null_is_not_too_small() -> None:
    fit = fit_cut_nuclei(tumours([(2, 2, 1.0)], 450, 300).pairs, rule=LI)
    assert np.mean(fit.modal_her2 == 2) > 0.98
    assert 0.01 < np.mean(fit.p_value < 0.05) < 0.09


def test_inflation_widens_and_never_moves_the_estimate() -> None:
    pairs = tumours([(2, 2, 0.7), (12, 3, 0.3)], 200, 20).pairs
    one, wide = fit_cut_nuclei(pairs, rule=LI), fit_cut_nuclei(pairs, rule=LI, inflation=np.full(20, 4.0))
    np.testing.assert_array_equal(one.share, wide.share)
    assert np.all(wide.high - wide.low > 1.5 * (one.high - one.low))
    with pytest.raises(ValueError, match="inflation"):
        fit_cut_nuclei(pairs, rule=LI, inflation=np.full(20, 0.5))


def test_a_range_of_lost_signals_keeps_the_call_honest() -> None:
    for genotype, p_keep in (((3, 2), 0.7), ((2, 2), 0.7), ((5, 5), 0.8), ((3, 2), 0.9)):
        pairs = tumours([(*genotype, 1.0)], 450, 60, p_keep).pairs
        fits = [fit_cut_nuclei(pairs, rule=LI, p_keep=p) for p in (0.7, 0.8, 0.9)]
        code, _ = call_robust(widest_limits(fits, fits[1]), low=0.05, high=0.5, n_min=20)
        assert np.mean(code == HetCode.HET) <= 0.05
    wrong, _ = call_robust(
        fit_cut_nuclei(tumours([(3, 2, 1.0)], 450, 60, 0.7).pairs, rule=LI, p_keep=0.8), low=0.05, high=0.5, n_min=20
    )
    assert np.mean(wrong == HetCode.HET) > 0.5  # what the range is for
    pairs = tumours([(2, 2, 0.7), (12, 3, 0.3)], 450, 60).pairs
    fits = [fit_cut_nuclei(pairs, rule=LI, p_keep=p) for p in (0.7, 0.8, 0.9)]
    code, _ = call_robust(widest_limits(fits, fits[1]), low=0.05, high=0.5, n_min=20)
    assert np.mean(code == HetCode.HET) > 0.95


def test_single_cells_are_told_apart() -> None:
    rng = np.random.default_rng(4)
    clone = rng.random(4000) < 0.3
    h, c = rng.binomial(np.where(clone, 12, 2), 0.8), rng.binomial(np.where(clone, 3, 2), 0.8)
    seen = (h > 0) & (c > 0)
    h, c, clone = h[seen], c[seen], clone[seen]
    counts = count_nuclei(h, c, np.zeros(len(h), int), np.array([0]), 1, rule=LI)
    fit = fit_cut_nuclei(counts.pairs, rule=LI)
    p = amplified_probability(counts.pairs, fit, rule=LI, p_keep=0.8)
    of = {(int(a), int(b)): float(v) for a, b, v in zip(counts.pairs.her2, counts.pairs.cep17, p, strict=True)}
    mine = np.array([of[int(a), int(b)] for a, b in zip(h, c, strict=True)])
    assert np.mean((mine >= 0.5) == clone) > 0.98  # the literal rule is right in 84 %
    assert np.mean((h >= 2 * c) == clone) < 0.9
    assert np.average(mine) == pytest.approx(clone.mean(), abs=0.02)
    # the posterior is the definition, summed by hand for one pair
    k = 0
    h0, c0 = int(counts.pairs.her2[k]), int(counts.pairs.cep17[k])
    joint = {
        (big_h, big_c): fit.genotypes[0, big_c - 1, big_h - 1] * binom.pmf(h0, big_h, 0.8) * binom.pmf(c0, big_c, 0.8)
        for big_h, big_c in product(range(1, 31), range(1, 7))
    }
    want = sum(v for (a, b), v in joint.items() if a >= 2 * b or a >= 6) / sum(joint.values())
    assert p[k] == pytest.approx(want, abs=1e-9)


def test_edges() -> None:
    # no nucleus; only nuclei without CEP17; signals beyond the grid
    her2, cep17 = np.array([4, 5, 80, 90, 80]), np.array([0, 0, 9, 3, 2])
    counts = count_nuclei(her2, cep17, np.array([1, 1, 2, 2, 2]), np.arange(3), 3, rule=LI)
    fit = fit_cut_nuclei(counts.pairs, rule=LI)
    assert fit.cells.tolist() == [0, 0, 3]
    assert np.isnan(fit.share[:2]).all()
    assert fit.capped[2] == 3
    assert fit.share[2] == pytest.approx(1)
    code, sure = call_robust(fit, low=0.05, high=0.5, n_min=2)
    assert code.tolist() == [HetCode.INSUFFICIENT, HetCode.INSUFFICIENT, HetCode.NON_HET_AMPLIFIED]
    assert not sure[:2].any()


def test_nothing_is_lost_where_every_signal_is_kept() -> None:
    counts = tumours([(2, 2, 0.7), (8, 2, 0.3)], 300, 5, p_keep=1.0)
    fit = fit_cut_nuclei(counts.pairs, rule=LI, p_keep=1.0, concentration=1.0)
    np.testing.assert_allclose(fit.share, counts.samples.amplified / 300, atol=1e-3)
    np.testing.assert_allclose(fit.null_fraction, 0)


def test_threads_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = tumours([(2, 2, 0.7), (5, 2, 0.3)], 60, 150).pairs
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("HER2HET_THREADS", threads)
        results.append(fit_cut_nuclei(pairs, rule=LI))
    for name, value in vars(results[0]).items():
        np.testing.assert_array_equal(value, getattr(results[1], name))
