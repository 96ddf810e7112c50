"""Rarefaction and homogeneous tumours: exact expectations, the table of bias, independence of place and order."""

import numpy as np
import pytest
from scipy.stats import binom, hypergeom, poisson

from her2het.kernels import diversity_null
from her2het.kernels.diversity import diversity, rarefied_richness
from her2het.kernels.diversity_null import cumulative, rarefied, standardised
from her2het.kernels.fish import PairTable

Rows = list[tuple[int, int, int]]  # ERBB2, CEP17, cells

SMALL: Rows = [(2, 2, 4), (3, 2, 2), (8, 2, 3), (10, 3, 1)]


def table(*samples: Rows) -> PairTable:
    start = np.cumsum([0, *(len(rows) for rows in samples)])
    flat = np.array([row for rows in samples for row in rows], np.int64).reshape(-1, 3)
    return PairTable(start, *(np.ascontiguousarray(flat[:, k]) for k in range(3)))


def tumour(rng: np.random.Generator, n: int, her2: float = 12, cep17: float = 2.2) -> Rows:
    cells = np.stack([rng.poisson(her2, n), rng.poisson(cep17, n)], axis=1)
    pairs, count = np.unique(cells, axis=0, return_counts=True)
    return [(int(h), int(c), int(k)) for (h, c), k in zip(pairs, count, strict=True)]


def test_rarefied_h_has_its_exact_expectation() -> None:
    count, m = np.array([row[2] for row in SMALL]), 5
    exact = 0.0
    for k in count:
        x = np.arange(1, m + 1)
        exact -= float((hypergeom.pmf(x, count.sum(), k, m) * x / m * np.log(x / m)).sum())
    found = rarefied(table(SMALL), m, repeats=20_000, seed=3)
    assert found.shannon[0] == pytest.approx(exact, abs=4 * found.shannon_sd[0] / np.sqrt(20_000))
    expected = rarefied_richness(np.array([0, len(count)]), count, m)[0]
    assert found.species[0] == pytest.approx(expected, abs=0.02)


def test_rarefied_to_all_cells_is_the_index_itself() -> None:
    found = rarefied(table(SMALL), 10, repeats=5)
    whole = diversity(np.array([0, 4]), np.array([4, 2, 3, 1]))
    assert found.equitability[0] == pytest.approx(whole.equitability[0])
    assert found.shannon_sd[0] == pytest.approx(0, abs=1e-12)


def test_rarefied_is_nan_below_the_number_asked_for() -> None:
    found = rarefied(table(SMALL, [], [(2, 2, 40)]), 20)
    assert np.isnan(found.equitability[:2]).all()
    assert found.equitability[2] == 0
    assert found.species[2] == 1


def test_draws_belong_to_the_sample_not_to_its_place() -> None:
    rng = np.random.default_rng(8)
    parts = [tumour(rng, 90) for _ in range(40)]
    here, there = table(*parts), table(*parts[::-1])
    for one, other in ((rarefied(here, 50), rarefied(there, 50)), (standardised(here), standardised(there))):
        for name in vars(one):
            assert np.array_equal(getattr(one, name), getattr(other, name)[::-1], equal_nan=True)
    alone = standardised(table(parts[7]))
    assert alone.shannon_z[0] == standardised(here).shannon_z[7]
    assert standardised(here, seed=1).shannon_null[0] != standardised(here).shannon_null[0]


@pytest.mark.parametrize(
    ("n", "h", "even"),
    [(20, 2.798, 0.983), (60, 3.567, 0.967), (75, 3.695, 0.964), (300, 4.170, 0.934), (450, 4.234, 0.923)],
)
def test_null_has_the_bias_of_counting_few_cells(n: int, h: float, even: float) -> None:
    rng = np.random.default_rng(n)
    cells = rng.random((2000, n, 2))
    drawn = diversity_null._draw(cells, cumulative(12, "poisson", 0.8), cumulative(2.2, "poisson", 0.8))
    assert drawn.mean(axis=0) == pytest.approx([even, h], abs=0.012)


def test_null_twin() -> None:
    """The same uniform numbers, inverted and counted by the plain definition."""
    rng = np.random.default_rng(5)
    uniform = rng.random((3, 60, 2))
    found = diversity_null._draw(uniform, cumulative(6.4, "poisson", 0.8), cumulative(2.2, "poisson", 0.8))
    for r in range(3):
        h, c = (poisson.ppf(uniform[r, :, k], mean) for k, mean in ((0, 6.4), (1, 2.2)))
        _, count = np.unique(np.stack([h, c]), axis=1, return_counts=True)
        p = count / 60
        shannon = -(p * np.log(p)).sum()
        assert found[r] == pytest.approx([shannon / np.log(len(p)), shannon])


def test_cut_null_keeps_the_mean_and_one_genotype() -> None:
    below = cumulative(5.0, "cut", 0.8)  # 6.25 copies: six in three of four nuclei, seven in the fourth
    at = np.arange(len(below))
    mass = np.diff(below, prepend=0)
    assert (mass * at).sum() == pytest.approx(5.0, abs=1e-6)
    assert mass[:6] == pytest.approx(0.75 * binom.pmf(at[:6], 6, 0.8) + 0.25 * binom.pmf(at[:6], 7, 0.8))
    assert cumulative(0.0, "cut", 0.8).tolist() == [1.0]
    assert np.diff(cumulative(3.0, "cut", 1.0), prepend=0).tolist() == [0, 0, 0, 1]


def test_z_is_standard_for_homogeneous_tumours_and_high_for_mixtures_of_many_copies() -> None:
    rng = np.random.default_rng(2)
    plain = standardised(table(*(tumour(rng, 300) for _ in range(200))), repeats=100)
    assert abs(plain.shannon_z.mean()) < 0.3
    assert 0.75 < plain.shannon_z.std() < 1.3
    rows = np.stack([rng.poisson(12 * rng.gamma(2, 0.5, 400)), rng.poisson(2.2, 400)], axis=1)
    pairs, count = np.unique(rows, axis=0, return_counts=True)
    mixed = [(int(h), int(c), int(k)) for (h, c), k in zip(pairs, count, strict=True)]
    assert standardised(table(mixed)).shannon_z[0] > 3


def test_edges() -> None:
    found = standardised(table([], [(3, 2, 1)], [(0, 0, 30)], [(4, -1, 30)]))
    assert np.isnan(found.equitability_z).all()
    for wrong in (lambda: rarefied(table(SMALL), 0), lambda: standardised(table(SMALL), p_keep=0)):
        with pytest.raises(ValueError, match="required"):
            wrong()
