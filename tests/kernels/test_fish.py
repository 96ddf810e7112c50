"""Counts per sample and area against a slow twin, and what must hold of any counts."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.kernels.fish import CellRule, FishCounts, count_nuclei, number_areas

LI = CellRule(2, 1, 0, 6, 6)
RATIO = CellRule(11, 5, 1, 0, 6)
COPIES = CellRule(0, 0, 0, 7, 6)

nuclei = st.lists(st.tuples(st.integers(0, 90), st.integers(-1, 40), st.integers(0, 6)), min_size=0, max_size=120)
AREA_SAMPLE = np.array([0, 0, 0, 1, 3, 3, 3])  # sample 2 has no area


def twin(cells: list[tuple[int, int, int]], rule: CellRule) -> dict[str, dict[tuple[str, int], int]]:
    """Transcribed from the definition, one nucleus at a time, with exact fractions."""
    out: dict[str, Counter[tuple[str, int]]] = {
        k: Counter() for k in ("nuclei", "her2", "cep17", "scored", "amplified", "her2_cep17", "no_cep17", "paired")
    }
    for h, c, a in cells:
        by_copies = rule.min_copies > 0 and h >= rule.min_copies
        if rule.ratio_den == 0:
            known, amp = True, by_copies
        elif c > 0:
            limit = Fraction(rule.ratio_num, rule.ratio_den)
            known, amp = True, by_copies or (Fraction(h, c) > limit if rule.ratio_margin else Fraction(h, c) >= limit)
        else:
            amp = known = by_copies or h >= rule.min_copies_without_cep17
        for unit in (("area", a), ("sample", int(AREA_SAMPLE[a]))):
            out["nuclei"][unit] += 1
            out["her2"][unit] += h
            out["scored"][unit] += known
            out["amplified"][unit] += amp
            out["no_cep17"][unit] += c == 0
            if c >= 0:
                out["paired"][unit] += 1
                out["cep17"][unit] += c
                out["her2_cep17"][unit] += h * c
    return {k: dict(v) for k, v in out.items()}


def count(cells: list[tuple[int, int, int]], rule: CellRule) -> FishCounts:
    h, c, a = np.array(cells, np.int64).reshape(-1, 3).T
    return count_nuclei(h, c, a, AREA_SAMPLE, 4, rule=rule)


@settings(deadline=None)
@given(nuclei, st.sampled_from([LI, RATIO, COPIES]))
def test_counts_equal_the_twin(cells: list[tuple[int, int, int]], rule: CellRule) -> None:
    got, want = count(cells, rule), twin(cells, rule)
    for name, values in want.items():
        for unit, sums, n in (("area", got.areas, 7), ("sample", got.samples, 4)):
            assert getattr(sums, name).tolist() == [values.get((unit, k), 0) for k in range(n)], name
    for s in range(4):
        i, j = got.pairs.start[s], got.pairs.start[s + 1]
        rows = zip(got.pairs.her2[i:j], got.pairs.cep17[i:j], got.pairs.count[i:j], strict=True)
        expected = Counter((h, c) for h, c, a in cells if c >= 0 and AREA_SAMPLE[a] == s)
        assert {(int(h), int(c)): int(n) for h, c, n in rows} == expected


@settings(deadline=None)
@given(nuclei, st.randoms(use_true_random=False))
def test_order_of_nuclei_is_irrelevant(cells: list[tuple[int, int, int]], random: object) -> None:
    shuffled = list(cells)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = count(cells, LI), count(shuffled, LI)
    for part in ("samples", "areas", "pairs"):
        for name, value in vars(getattr(one, part)).items():
            np.testing.assert_array_equal(value, getattr(getattr(two, part), name))


def test_ratio_and_copies_are_told_apart() -> None:
    got = count([(4, 2, 0), (6, 6, 0), (12, 2, 0), (3, 2, 0)], LI).samples
    assert (got.amplified[0], got.by_ratio[0], got.by_copies[0]) == (3, 2, 2)


@pytest.mark.parametrize(
    ("her2", "cep17", "rule", "scored", "amplified"),
    [
        (4, 2, LI, 1, 1),  # ratio exactly 2
        (11, 5, RATIO, 1, 0),  # 2.2 is not above 2.2, which binary floats get wrong
        (111, 50, RATIO, 1, 1),
        (6, 6, LI, 1, 1),
        (5, 3, LI, 1, 0),
        (6, 6, COPIES, 1, 0),
        (7, 6, COPIES, 1, 1),
        (6, 0, LI, 1, 1),  # no CEP17: amplified by copies
        (5, 0, LI, 0, 0),  # no CEP17, few copies: leaves the fraction
        (6, 0, RATIO, 1, 1),
        (6, 0, COPIES, 1, 0),  # a rule by copies needs no CEP17
        (5, -1, LI, 0, 0),
        (0, 2, LI, 1, 0),
        (3, 1, LI._replace(min_her2=4), 1, 0),
    ],
)
def test_one_nucleus(her2: int, cep17: int, rule: CellRule, scored: int, amplified: int) -> None:
    got = count([(her2, cep17, 0)], rule).samples
    assert (got.scored[0], got.amplified[0]) == (scored, amplified)


def test_more_pairs_than_the_direct_table_holds() -> None:
    cells = [(100 + i, 40, 0) for i in range(300)] * 2
    got = count(cells, LI)
    assert len(got.pairs.count) == 300
    assert set(got.pairs.count) == {2}


def test_threads_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    area_sample = np.repeat(np.arange(900), 2)
    h, c, a = rng.poisson(5, 9000), rng.poisson(2, 9000), rng.integers(0, 1800, 9000)
    results = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("HER2HET_THREADS", threads)
        results.append(count_nuclei(h, c, a, area_sample, 900, rule=LI))
    for other in results[1:]:
        np.testing.assert_array_equal(results[0].pairs.count, other.pairs.count)
        np.testing.assert_array_equal(results[0].pairs.start, other.pairs.start)
        np.testing.assert_array_equal(results[0].areas.amplified, other.areas.amplified)


@pytest.mark.parametrize(
    ("her2", "cep17", "area", "message"),
    [
        ([-1], [1], [0], "0..32767"),
        ([1], [-2], [0], "0..32767"),
        ([40000], [1], [0], "0..32767"),
        ([1], [1], [9], "number the entries"),
        ([1.5], [1], [0], "integers"),
        ([1, 2], [1], [0], "one length"),
    ],
)
def test_broken_contracts_are_refused(her2: list, cep17: list, area: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        count_nuclei(np.array(her2), np.array(cep17), np.array(area), AREA_SAMPLE, 4, rule=LI)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=60), st.sampled_from([1, 10**7]))
def test_areas_are_numbered_sample_by_sample(codes: list[tuple[int, int]], spread: int) -> None:
    sample, area = np.array(codes, np.int64).reshape(-1, 2).T
    got = number_areas(sample, area * spread)
    assert list(zip(got.sample.tolist(), got.label.tolist(), strict=True)) == sorted(
        {(s, a * spread) for s, a in codes}
    )
    np.testing.assert_array_equal(got.sample[got.of_nucleus], sample)
    np.testing.assert_array_equal(got.label[got.of_nucleus], area * spread)
