"""Calls of heterogeneity: boundary tables, the twin by exact fractions, and the rule by area."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2het.kernels.fish import CellRule
from her2het.kernels.het_call import (
    HetCode,
    Limits,
    call_areas,
    call_fraction,
    call_populations,
    negative_by_fraction,
    negative_by_sums,
)

LI = Limits(1, 20, 1, 1, 2)
BARTLETT = Limits(3, 10, 0, 1, 2)
RULE = CellRule(2, 1, 0, 6, 6)
HET, HIGH, LOW, FEW, NONE = (
    HetCode.HET,
    HetCode.NON_HET_AMPLIFIED,
    HetCode.NON_HET_NONAMPLIFIED,
    HetCode.INSUFFICIENT,
    HetCode.UNDEFINED,
)

# DOMAIN 3.1: boundary table of LI2024
BOUNDARIES = [
    (100, 5, LOW),
    (100, 6, HET),
    (100, 49, HET),
    (100, 50, HIGH),
    (20, 1, LOW),
    (20, 2, HET),
    (20, 10, HIGH),
    (20, 9, HET),
    (20, 0, LOW),
    (20, 20, HIGH),
    (19, 5, FEW),
    (0, 0, FEW),
]


@pytest.mark.parametrize(("n", "a", "want"), BOUNDARIES)
def test_boundaries(n: int, a: int, want: HetCode) -> None:
    assert call_fraction([a], [n], 20, LI)[0] == want


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_calls_equal_exact_fractions(cells: tuple[int, int]) -> None:
    f = Fraction(*cells)
    want = HET if Fraction(1, 20) < f < Fraction(1, 2) else LOW if f <= Fraction(1, 20) else HIGH
    assert call_fraction([cells[0]], [cells[1]], 1, LI)[0] == want
    want = HET if Fraction(3, 10) <= f < Fraction(1, 2) else LOW if f < Fraction(3, 10) else HIGH
    assert call_fraction([cells[0]], [cells[1]], 1, BARTLETT)[0] == want


def test_undefined_where_cells_were_counted_and_none_can_be_scored() -> None:
    assert call_fraction([0, 0], [0, 0], 20, LI, counted=[50, 10]).tolist() == [NONE, FEW]


def test_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="between 0"):
        call_fraction([5], [4], 20, LI)
    with pytest.raises(ValueError, match="integers"):
        call_fraction([0.5], [4], 20, LI)


def by_area(amplified: list[int], scored: list[int], negative: list[bool]) -> tuple[HetCode, bool, int]:
    got = call_areas(
        np.array(amplified),
        np.array(scored),
        np.array(negative),
        np.array([0, len(amplified)]),
        n_min=20,
        n_min_area=10,
        limits=LI,
    )
    return HetCode(got.code[0]), bool(got.discordant_with_central_positive[0]), int(got.areas_left_out[0])


def test_pooled_and_area_rules_disagree_as_worked() -> None:
    amplified, scored = [60, 62, 70, 10, 68, 72], [75] * 6
    assert call_fraction([sum(amplified)], [sum(scored)], 20, LI)[0] == HIGH
    assert by_area(amplified, scored, [False] * 6) == (HET, False, 0)


@pytest.mark.parametrize(
    ("amplified", "scored", "negative", "want"),
    [
        ([70, 70], [75, 75], [False, False], (HIGH, False, 0)),
        ([70, 1], [75, 75], [False, True], (HET, False, 0)),  # a negative area
        ([70, 1], [75, 75], [False, False], (HIGH, False, 0)),  # at most 5 % but not negative by its sums
        ([1, 2], [75, 75], [False, False], (LOW, False, 0)),
        ([1, 20], [75, 75], [True, True], (LOW, True, 0)),  # all negative: presumed positive, so flagged
        ([70, 4], [75, 9], [False, False], (HIGH, False, 1)),  # a small area is left out
        ([4, 4], [9, 9], [False, False], (FEW, False, 2)),
        ([7, 2], [9, 12], [False, False], (FEW, False, 1)),
    ],
)
def test_rule_by_area(amplified: list, scored: list, negative: list, want: tuple) -> None:
    assert by_area(amplified, scored, negative) == want


@pytest.mark.parametrize(
    ("her2", "cep17", "n", "want"),
    [(40, 20, 10, False), (39, 20, 10, True), (60, 40, 10, False), (59, 40, 10, True), (10, 0, 10, True)],
)
def test_negative_area_on_integers(her2: int, cep17: int, n: int, want: bool) -> None:
    assert bool(negative_by_sums(her2, cep17, n, RULE)) is want


def test_the_ratio_of_an_area_is_that_of_its_nuclei_with_cep17() -> None:
    """10 nuclei with CEP17 at a ratio of 1.5, 30 without at 8 copies: 6.75 copies on average are not negative."""
    assert not bool(negative_by_sums(30 + 240, 20, 40, RULE, 30))
    assert bool(negative_by_sums(30 + 90, 20, 40, RULE, 30))  # 3 copies


@given(st.lists(st.integers(1, 90).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=8))
def test_negative_by_fraction_makes_the_rule_any_area_below_half(cells: list[tuple[int, int]]) -> None:
    a, n = (np.array(v) for v in zip(*cells, strict=True))
    negative = negative_by_fraction(a, n, LI)
    assert negative.tolist() == [20 * x <= m for x, m in cells]
    got = call_areas(a, n, negative, np.array([0, len(a)]), n_min=1, n_min_area=1, limits=LI)
    below = any(2 * x < m for x, m in cells)
    want = LOW if negative.all() else HET if below else HIGH
    assert got.code[0] == want
    assert negative_by_fraction([0], [0], LI).tolist() == [False]


def test_a_sample_without_areas_is_insufficient() -> None:
    none = np.zeros(0, np.int64)
    got = call_areas(none, none, none.astype(bool), np.array([0, 0]), n_min=20, n_min_area=10, limits=LI)
    assert got.code.tolist() == [FEW]


@pytest.mark.parametrize(
    ("cells", "increased", "want"),
    [
        ([90, 10], [False, True], FEW),  # counted in fewer than 20 of its own cells
        ([180, 20], [False, True], LOW),  # exactly 10 % is not more
        ([179, 21], [False, True], HET),
        ([100, 100], [False, True], HIGH),
        ([200], [False], LOW),
        ([200], [True], HIGH),
        ([0], [False], NONE),
    ],
)
def test_contiguous_populations(cells: list[int], increased: list[bool], want: HetCode) -> None:
    got = call_populations(
        np.array(cells),
        np.array(increased),
        np.array([0, len(cells)]),
        n_min=20,
        n_min_population=20,
        limits=Limits(1, 10, 1, 1, 2),
    )
    assert got.tolist() == [want]
