"""Diversity indices against the worked examples, a slow twin and what must always hold."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.kernels.diversity import (
    DiversityFlag,
    diversity,
    hill_number,
    rao_q,
    rarefied_richness,
    two_state_entropy,
)
from her2het.kernels.fish import PairTable

# DOMAIN 4.2: counts, N, S, H, E, E_N, Gini-Simpson, inverse Simpson, exp H, Miller-Madow, Chao-Shen, Chao1, corrected
A = [4, 2, 3, 1]
WORKED = [
    (A, 10, 4, 1.279854, 0.923220, 0.555834, 0.7, 3.333333, 3.596115, 1.429854, 1.454260, 4.45, 4.0),
    ([5, 5, 5, 5], 20, 4, 1.386294, 1.0, 0.462756, 0.75, 4.0, 4.0, 1.461294, 1.390705, 4.0, 4.0),
    ([17, 1, 1, 1], 20, 4, 0.587501, 0.423792, 0.196113, 0.27, 1.369863, 1.799486, 0.662501, 0.928563, 6.85, 7.0),
    ([10], 10, 1, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0),
]
NAMES = [
    "cells",
    "species",
    "shannon",
    "equitability",
    "equitability_cells",
    "gini_simpson",
    "inverse_simpson",
    "exp_shannon",
    "miller_madow",
    "chao_shen",
    "chao1",
    "chao1_corrected",
]


def one(counts: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([0, len(counts)]), np.array(counts, np.int64)


@pytest.mark.parametrize("row", WORKED, ids=["A", "even", "uneven", "single"])
def test_worked_examples(row: tuple) -> None:
    got = diversity(*one(row[0]))
    for name, want in zip(NAMES, row[1:], strict=True):
        assert float(getattr(got, name)[0]) == pytest.approx(want, abs=6e-7), name


def test_rarefied_richness_and_rao_of_example_a() -> None:
    assert rarefied_richness(*one(A), 5)[0] == pytest.approx(3.170635, abs=5e-7)
    pairs = PairTable(np.array([0, 4]), np.array([2, 3, 8, 10]), np.array([2, 2, 2, 3]), np.array(A))
    assert rao_q(pairs, "euclidean")[0] == pytest.approx(3.261987, abs=5e-7)
    assert rao_q(pairs, "log_ratio")[0] == pytest.approx(0.944218, abs=5e-7)
    assert rao_q(pairs, "euclidean", unbiased=True)[0] == pytest.approx(3.261987 * 10 / 9, abs=5e-6)


def test_edges_have_flags_and_not_nan() -> None:
    got = diversity(np.array([0, 1, 2, 2, 4]), np.array([10, 1, 3, 3]))
    assert got.flags.tolist() == [
        DiversityFlag.SINGLE_SPECIES,
        DiversityFlag.SINGLE_SPECIES | DiversityFlag.SINGLE_CELL,
        DiversityFlag.NO_CELLS,
        DiversityFlag.NONE,
    ]
    assert got.equitability[:2].tolist() == [0.0, 0.0]
    assert got.equitability_cells[1] == 0.0
    assert np.isnan(got.equitability[2])
    assert np.isnan(got.shannon[2])


counts = st.lists(st.integers(1, 60), min_size=1, max_size=25)


@settings(deadline=None)
@given(counts)
def test_indices_equal_the_twin(n: list[int]) -> None:
    got, total, species = diversity(*one(n)), sum(n), len(n)
    p = [x / total for x in n]
    h = -math.fsum(x * math.log(x) for x in p)
    f1 = n.count(1)
    coverage = 1 - f1 / total if f1 < total else 1 / total
    shen = -math.fsum(coverage * x * math.log(coverage * x) / (1 - (1 - coverage * x) ** total) for x in p)
    assert got.shannon[0] == pytest.approx(h, abs=1e-12)
    assert got.chao_shen[0] == pytest.approx(shen, abs=1e-9)
    assert got.gini_simpson[0] == pytest.approx(1 - math.fsum(x * x for x in p), abs=1e-12)
    if total > 1:
        pairs = sum(x * (x - 1) for x in n)
        assert got.gini_simpson_unbiased[0] == pytest.approx(1 - pairs / (total * (total - 1)), abs=1e-12)
    assert 0 <= got.equitability[0] <= 1
    assert got.equitability_cells[0] <= got.equitability[0] + 1e-12 or species == 1
    for order, want in ((0, species), (1, math.exp(h)), (2, 1 / math.fsum(x * x for x in p))):
        assert hill_number(*one(n), order)[0] == pytest.approx(want, rel=1e-9)


@given(counts, st.integers(1, 30))
def test_rarefaction_equals_the_twin(n: list[int], m: int) -> None:
    total = sum(n)
    got = rarefied_richness(*one(n), m)[0]
    if m > total:
        assert np.isnan(got)
    else:
        want = math.fsum(1 - math.comb(total - x, m) / math.comb(total, m) for x in n)
        assert got == pytest.approx(want, rel=1e-8)


cells = st.dictionaries(st.tuples(st.integers(0, 30), st.integers(0, 8)), st.integers(1, 20), min_size=1, max_size=15)


@given(cells)
def test_rao_equals_the_twin(table: dict[tuple[int, int], int]) -> None:
    h, c = np.array(list(table)).T
    n = np.array(list(table.values()))
    pairs = PairTable(np.array([0, len(n)]), h, c, n)
    q = 2 * math.fsum(math.dist(a, b) * table[a] * table[b] for a, b in combinations(table, 2)) / n.sum() ** 2
    assert rao_q(pairs, "euclidean")[0] == pytest.approx(q, rel=1e-9, abs=1e-12)
    seen = {k: v for k, v in table.items() if min(k) > 0}
    got = rao_q(pairs, "log_ratio")[0]
    if not seen:
        assert np.isnan(got)
    else:
        far = [
            abs(math.log2(a[0] / a[1]) - math.log2(b[0] / b[1])) * seen[a] * seen[b] for a, b in combinations(seen, 2)
        ]
        assert got == pytest.approx(2 * math.fsum(far) / sum(seen.values()) ** 2, rel=1e-9, abs=1e-12)


def test_two_state_entropy() -> None:
    assert two_state_entropy([0, 5, 10, 0], [10, 10, 10, 0])[:3].tolist() == [0.0, 1.0, 0.0]
    assert not np.signbit(two_state_entropy([0, 10], [10, 10])).any()
    assert np.isnan(two_state_entropy(0, 0))


def test_a_negative_order_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        hill_number(*one(A), -1)


# DOMAIN 4.3: one homogeneous population, more cells: H rises and equitability falls
BIAS = [
    (20, 17.3, 2.798, 0.983, 0.934),
    (60, 40.1, 3.567, 0.967, 0.871),
    (75, 46.3, 3.695, 0.964, 0.856),
    (300, 87.2, 4.170, 0.934, 0.731),
    (450, 98.1, 4.234, 0.923, 0.693),
    (2000, 138.9, 4.363, 0.884, 0.574),
]


@pytest.mark.parametrize(("cells_counted", "species", "shannon", "even", "even_cells"), BIAS)
def test_equitability_depends_on_the_number_of_cells(
    cells_counted: int, species: float, shannon: float, even: float, even_cells: float
) -> None:
    rng = np.random.default_rng(cells_counted)
    start, all_counts = [0], []
    for _ in range(400):
        key = rng.poisson(12, cells_counted) * 100 + rng.poisson(2.2, cells_counted)
        all_counts.append(np.unique(key, return_counts=True)[1])
        start.append(start[-1] + len(all_counts[-1]))
    got = diversity(np.array(start), np.concatenate(all_counts))
    assert got.species.mean() == pytest.approx(species, rel=0.02)
    assert got.shannon.mean() == pytest.approx(shannon, abs=0.02)
    assert got.equitability.mean() == pytest.approx(even, abs=0.004)
    assert got.equitability_cells.mean() == pytest.approx(even_cells, abs=0.006)


# DOMAIN 4.3: 300 cells of one population at a higher mean number of ERBB2 signals: H and equitability rise
COPIES = [(2, 3.36, 0.894), (4, 3.70, 0.909), (8, 4.00, 0.925), (16, 4.28, 0.939), (24, 4.43, 0.946)]


@pytest.mark.parametrize(("mean", "shannon", "even"), COPIES)
def test_equitability_depends_on_copies(mean: float, shannon: float, even: float) -> None:
    rng = np.random.default_rng(int(mean))
    start, all_counts = [0], []
    for _ in range(200):
        key = rng.poisson(mean, 300) * 100 + rng.poisson(2.2, 300)
        all_counts.append(np.unique(key, return_counts=True)[1])
        start.append(start[-1] + len(all_counts[-1]))
    got = diversity(np.array(start), np.concatenate(all_counts))
    assert got.shannon.mean() == pytest.approx(shannon, abs=0.02)
    assert got.equitability.mean() == pytest.approx(even, abs=0.004)
