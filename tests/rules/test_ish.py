"""ISH: groups and categories at every boundary, on exact numbers; intervals and the flags of a count."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from her2het.reference.guidelines import VERSIONS
from her2het.rules.ish import dual_group, possible, read_ish
from her2het.rules.ish_input import ish_from
from her2het.schema import StudyError


@pytest.mark.parametrize(
    ("ratio", "copies", "group"),
    [
        ("2.0", "4.0", 1),
        ("1.999", "4.0", 4),
        ("2.0", "3.99", 2),
        ("1.99", "6.0", 3),
        ("1.99", "5.99", 4),
        ("1.99", "3.99", 5),
        ("2.0", "6.0", 1),
        ("2.0", "5.999", 1),
        ("0", "0", 5),
    ],
)
def test_group_boundaries(ratio, copies, group):
    assert dual_group(Fraction(Decimal(ratio)), Fraction(Decimal(copies))) == group
    for version in ("2018", "2023"):
        reading = read_ish(ish_from({"ratio": ratio, "copies": copies}), version)
        assert (reading.group, reading.groups) == (group, (group,))


DUAL = [
    # ratio, copies, 2007, 2013
    ("2.21", "3.0", "positive", "positive"),
    ("2.2", "3.0", "equivocal", "positive"),
    ("1.8", "3.0", "equivocal", "negative"),
    ("1.79", "3.0", "negative", "negative"),
    ("2.0", "3.99", "equivocal", "positive"),
    ("1.99", "6.0", "equivocal", "positive"),
    ("1.99", "5.99", "equivocal", "equivocal"),
    ("1.99", "4.0", "equivocal", "equivocal"),
    ("1.99", "3.99", "equivocal", "negative"),
    ("1.5", "9.0", "negative", "positive"),
]


@pytest.mark.parametrize(("ratio", "copies", "in_2007", "in_2013"), DUAL)
def test_dual_probe_of_2007_and_2013(ratio, copies, in_2007, in_2013):
    ish = ish_from({"ratio": ratio, "copies": copies})
    assert read_ish(ish, "2007").categories == (in_2007,)
    assert read_ish(ish, "2013").categories == (in_2013,)


SINGLE = [
    ("3.99", "negative", "negative", "negative"),
    ("4.0", "equivocal", "equivocal", "workup"),
    ("5.99", "equivocal", "equivocal", "workup"),
    ("6.0", "equivocal", "positive", "positive"),  # 2007 wants more than 6.0
    ("6.01", "positive", "positive", "positive"),
]


@pytest.mark.parametrize(("copies", "in_2007", "in_2013", "in_2018"), SINGLE)
def test_single_probe(copies, in_2007, in_2013, in_2018):
    ish = ish_from({"probe": "single", "copies": copies})
    for version, expected in zip(VERSIONS, (in_2007, in_2013, in_2018, in_2018), strict=True):
        assert read_ish(ish, version).categories == (expected,)


# Sums at a cut-off whose quotient no binary float can hold: 5 h = 11 c and 5 h = 9 c.
@pytest.mark.parametrize(
    ("her2", "cep17", "category"),
    [(99, 45, "equivocal"), (100, 45, "positive"), (81, 45, "equivocal"), (80, 45, "negative")],
)
def test_2007_decides_on_integers(her2, cep17, category):
    assert read_ish(ish_from({"her2": her2, "cep17": cep17, "n": 25}), "2007").categories == (category,)


@settings(deadline=None)
@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(20, 5000))
def test_groups_partition_the_plane_in_integers(her2, cep17, n):
    """Exactly one of the five definitions, written out in integers, holds; and it is the group that is given."""
    definitions = {
        1: her2 >= 2 * cep17 and her2 >= 4 * n,
        2: her2 >= 2 * cep17 and her2 < 4 * n,
        3: her2 < 2 * cep17 and her2 >= 6 * n,
        4: her2 < 2 * cep17 and 4 * n <= her2 < 6 * n,
        5: her2 < 2 * cep17 and her2 < 4 * n,
    }
    holds = [group for group, true in definitions.items() if true]
    assert len(holds) == 1
    assert read_ish(ish_from({"her2": her2, "cep17": cep17, "n": n}), "2018").group == holds[0]


@settings(deadline=None)
@given(st.integers(1, 2000), st.integers(1, 2000))
def test_2007_in_integers(her2, cep17):
    expected = "positive" if 5 * her2 > 11 * cep17 else "negative" if 5 * her2 < 9 * cep17 else "equivocal"
    assert read_ish(ish_from({"her2": her2, "cep17": cep17, "n": 30}), "2007").categories == (expected,)


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(20, 100), st.integers(1, 50), st.sampled_from(VERSIONS))
def test_scaling_counts_changes_nothing(her2, cep17, n, factor, version):
    one = read_ish(ish_from({"her2": her2, "cep17": cep17, "n": n}), version)
    many = read_ish(ish_from({"her2": her2 * factor, "cep17": cep17 * factor, "n": n * factor}), version)
    assert (one.categories, one.groups) == (many.categories, many.groups)


cells = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), min_size=20, max_size=60)


@settings(deadline=None)
@given(cells, st.randoms(use_true_random=False), st.sampled_from(VERSIONS))
def test_order_of_nuclei_is_irrelevant(nuclei, random, version):
    shuffled = list(nuclei)
    random.shuffle(shuffled)
    assert read_ish(ish_from({"cells": nuclei}), version) == read_ish(ish_from({"cells": shuffled}), version)


@settings(deadline=None)
@given(cells, st.sampled_from(VERSIONS))
def test_cells_sums_and_exact_averages_agree(nuclei, version):
    her2, cep17, n = sum(h for h, _ in nuclei), sum(c for _, c in nuclei), len(nuclei)
    by_cells = read_ish(ish_from({"cells": nuclei}), version)
    by_sums = read_ish(ish_from({"her2": her2, "cep17": cep17, "n": n}), version)
    assert (by_cells.categories, by_cells.groups) == (by_sums.categories, by_sums.groups)


def test_interval_of_the_worked_example():
    """20 cells, 88 and 42 signals: ratio of sums 2.0952 (mean of ratios 2.125), SE .0669, both intervals cross."""
    nuclei = worked_example()
    assert (sum(h for h, _ in nuclei), sum(c for _, c in nuclei), len(nuclei)) == (88, 42, 20)
    assert np.mean([h / c for h, c in nuclei]) == pytest.approx(2.125)
    reading = read_ish(ish_from({"cells": nuclei}), "2018")
    assert reading.group == 1
    assert reading.summary is not None
    ratio, copies = reading.summary.ratio, reading.summary.copies
    assert ratio is not None
    assert copies is not None
    assert ratio.shown == "2.0952"
    assert copies.shown == "4.4"
    assert ratio.se == pytest.approx(0.0669, abs=5e-5)
    assert (ratio.low, ratio.high) == pytest.approx((1.955, 2.235), abs=5e-4)
    assert (copies.low, copies.high) == pytest.approx((3.96, 4.84), abs=5e-3)
    near = [flag.text for flag in reading.flags if flag.code == "NEAR_THRESHOLD"]
    assert len(near) == 2
    assert "2.0" in near[0]
    assert "4.0" in near[1]
    assert "RECOUNT_ADVISED" in {flag.code for flag in reading.flags}


def worked_example() -> list[tuple[int, int]]:
    """A set of nuclei that gives the figures of the worked example, which states only its sums and errors."""
    return [(3, 1), *[(3, 2)] * 2, *[(4, 2)] * 9, *[(5, 2)] * 5, *[(6, 3)] * 3]


@settings(deadline=None)
@example([(0, 1)] * 19 + [(1, 1)])
@given(cells)
def test_intervals_by_their_definition(nuclei):
    n, cep17 = len(nuclei), sum(c for _, c in nuclei)
    exact = Fraction(sum(h for h, _ in nuclei), cep17)
    residuals = sum(((h - exact * c) ** 2 for h, c in nuclei), Fraction(0))
    variance = residuals / (n - 1) * n / cep17**2
    ratio, half = float(exact), student.ppf(0.975, n - 1) * math.sqrt(variance)
    summary = read_ish(ish_from({"cells": nuclei}), "2018").summary
    assert summary is not None
    assert summary.ratio is not None
    # where all nuclei have one ratio the sums of squares cancel to their last digits, whose root is some 1e-7;
    # a ratio of counts cannot be negative, so its interval ends at 0
    assert summary.ratio.low == pytest.approx(max(0.0, ratio - half), abs=2e-6)
    assert summary.ratio.high == pytest.approx(ratio + half, abs=2e-6)


def codes(record, version="2018"):
    return {flag.code for flag in read_ish(ish_from(record), version).flags}


def test_precision_warning_where_rounding_moves_the_case():
    assert "PRECISION_WARNING" in codes({"ratio": "1.5", "copies": "3.96"})
    assert "PRECISION_WARNING" not in codes({"ratio": "1.5", "copies": "3.94"})
    assert "PRECISION_WARNING" in codes({"ratio": "1.96", "copies": "5"})
    assert "PRECISION_WARNING" in codes({"ratio": "2.24", "copies": "5"}, "2007")
    assert "PRECISION_WARNING" not in codes({"ratio": "2.24", "copies": "5"})
    assert "PRECISION_WARNING" not in codes({"her2": 79, "cep17": 60, "n": 20})  # 3.95, from counts


def test_an_average_on_a_cutoff_says_what_it_may_stand_for():
    flags = read_ish(ish_from({"ratio": "1.5", "copies": "4.0"}), "2018").flags
    text = next(flag.text for flag in flags if flag.code == "ROUNDED_AT_CUTOFF")
    assert "3.95 to 4.05" in text


@pytest.mark.parametrize(("ratio", "advised"), [("1.79", False), ("1.8", True), ("2.2", True), ("2.21", False)])
def test_recount_advised(ratio, advised):
    assert ("RECOUNT_ADVISED" in codes({"ratio": ratio, "copies": "3"})) == advised


def test_counting_rules():
    assert read_ish(ish_from({"her2": 100, "cep17": 40, "n": 19}), "2018").state == "insufficient"
    assert read_ish(ish_from({"her2": 100, "cep17": 40, "n": 20}), "2018").state == "read"
    assert "CELLS_NOT_STATED" in codes({"ratio": "3", "copies": "8"})
    assert "FEW_AREAS" in codes({"her2": 100, "cep17": 40, "n": 20, "areas": 1})
    assert "ZERO_SIGNAL_CELLS" in codes({"cells": [(4, 2)] * 20 + [(3, 0)]})
    assert "RATIO_FROM_AVERAGES" in codes({"copies": "8.0", "cep17_copies": "2.1"})
    assert "COPIES_ONLY" in codes({"copies": "8.0"})


def test_cells_without_centromere_signals_are_accepted_and_may_be_left_out():
    nuclei = [(4, 2)] * 20 + [(3, 0), (0, 2)]
    kept = ish_from({"cells": nuclei})
    assert (kept.n, kept.sum_her2, kept.sum_cep17) == (22, 83, 42)
    dropped = ish_from({"cells": nuclei, "exclude_zero_signal": True})
    assert (dropped.n, dropped.excluded) == (20, 2)


def test_only_invasive_cells_count_and_areas_are_counted():
    nuclei = [{"her2": 9, "cep17": 2, "area": i % 2, "invasive": i % 5 > 0} for i in range(50)]
    ish = ish_from({"cells": nuclei})
    assert (ish.n, ish.excluded, ish.areas) == (40, 10, 2)


def test_no_centromere_signal_at_all_is_a_failed_test():
    assert read_ish(ish_from({"cells": [(4, 0)] * 20}), "2018").state == "indeterminate"
    assert read_ish(ish_from({"ratio": "3", "copies": "8", "controls_ok": False}), "2018").state == "indeterminate"


@pytest.mark.parametrize(
    ("record", "groups"),
    [
        ({"ratio": "1.1"}, (3, 4, 5)),
        ({"ratio": "2.0"}, (1, 2)),
        ({"probe": "dual", "copies": "4.5"}, (1, 4)),
        ({"probe": "dual", "copies": "3.5"}, (2, 5)),
        ({"ratio": "1.8", "copies": "4.0", "copies_relation": "<"}, (5,)),
        ({"ratio": "1.8", "copies": "4.0", "copies_relation": "<="}, (4, 5)),
        ({"ratio": "3", "copies": "6", "copies_relation": ">"}, (1,)),
        ({"ratio": "1.5", "copies": "5", "copies_relation": ">"}, (3, 4)),
        ({"ratio": "2.2", "ratio_relation": ">", "copies": "5"}, (1,)),
        ({"ratio": "1.8", "ratio_relation": ">", "copies": "5"}, (1, 4)),
        ({"ratio": "2", "ratio_relation": "<", "copies": "5"}, (4,)),
        ({"ratio": "1.9", "ratio_relation": ">"}, (1, 2, 3, 4, 5)),
    ],
)
def test_what_is_missing_leaves_several_groups(record, groups):
    assert read_ish(ish_from(record), "2018").groups == groups


def test_2007_needs_the_ratio_of_a_dual_probe():
    reading = read_ish(ish_from({"probe": "dual", "copies": "8"}), "2007")
    assert reading.categories == ("positive", "equivocal", "negative")
    assert "RATIO_MISSING" in {flag.code for flag in reading.flags}


def test_the_rule_is_told_as_the_table_has_it():
    rules = {
        ("2.5", "6.5"): "ratio ≥ 2.0 and copies ≥ 4.0",
        ("2.5", "4.5"): "ratio ≥ 2.0 and copies ≥ 4.0",
        ("2.5", "3.5"): "ratio ≥ 2.0 and copies < 4.0",
        ("1.5", "6.5"): "ratio < 2.0 and copies ≥ 6.0",
        ("1.5", "4.5"): "ratio < 2.0 and copies ≥ 4.0 and < 6.0",
        ("1.5", "3.5"): "ratio < 2.0 and copies < 4.0",
    }
    for (ratio, copies), rule in rules.items():
        assert read_ish(ish_from({"ratio": ratio, "copies": copies}), "2018").steps[0].rule == rule


def test_bounds_of_2007():
    assert read_ish(ish_from({"ratio": "2.2", "ratio_relation": ">", "copies": "5"}), "2007").categories == (
        "positive",
    )
    assert read_ish(ish_from({"probe": "single", "copies": "6", "copies_relation": ">"}), "2007").categories == (
        "positive",
    )


bounds = st.sampled_from(["<", "<=", ">", ">="])


@settings(deadline=None)
@given(st.sampled_from(VERSIONS), bounds, st.integers(0, 80), st.integers(0, 800))
def test_a_bound_allows_every_value_that_satisfies_it(version, relation, tenths, value):
    """No value that a bound leaves open is excluded by `possible`."""
    from her2het.reference.guidelines import GUIDELINES

    limit, x = Fraction(tenths, 10), Fraction(value, 100)
    satisfied = {"<": x < limit, "<=": x <= limit, ">": x > limit, ">=": x >= limit}[relation]
    for cut in (GUIDELINES[version].ish.copies_low, GUIDELINES[version].ish.copies_high, GUIDELINES[version].ish.ratio):
        if satisfied:
            assert cut.met_by(x) in possible(cut, limit, relation)


IMPLAUSIBLE = [
    ({"ratio": "2.1", "copies": "88"}, "41.9 CEP17 signals per cell"),  # the sum of HER2 for its average
    ({"her2": 88, "cep17": 420, "n": 20}, "21.0 CEP17 signals per cell"),
    ({"her2": 4, "cep17": 2, "n": 20}, "0.2 HER2 copies per cell are fewer than 1"),  # averages for sums
    ({"ratio": "0", "copies": "5"}, "exclude each other"),
    ({"ratio": "2.0", "copies": "0"}, "exclude each other"),
]


@pytest.mark.parametrize(("record", "words"), IMPLAUSIBLE)
def test_numbers_that_nuclei_do_not_have(record, words):
    flags = [flag for flag in read_ish(ish_from(record), "2018").flags if flag.code == "IMPLAUSIBLE"]
    assert len(flags) == 1
    assert words in flags[0].text


@pytest.mark.parametrize(
    "record",
    [
        {"ratio": "1.0", "copies": "1.0"},
        {"ratio": "6.5", "copies": "30"},
        {"ratio": "1.0", "copies": "10.0"},
        {"her2": 88, "cep17": 42, "n": 20},
        {"ratio": "1.8", "copies": "0.9", "copies_relation": "<"},
        {"copies": "25"},
    ],
)
def test_numbers_that_nuclei_may_have(record):
    assert "IMPLAUSIBLE" not in codes(record)


def test_one_nucleus_and_very_many():
    one = read_ish(ish_from({"cells": [(4, 2)]}), "2018")
    assert one.state == "insufficient"
    assert one.summary is not None
    assert one.summary.ratio is not None
    assert one.summary.ratio.low is None  # one nucleus has no interval
    many = read_ish(ish_from({"cells": [(100_000, 50_000)] * 2000}), "2018")
    assert many.group == 1
    assert many.summary is not None
    assert many.summary.ratio is not None
    assert (many.summary.ratio.low, many.summary.ratio.high) == (2.0, 2.0)


REFUSED = [
    ({"ratio": "1e-999999999", "copies": "4"}, "more than 40 digits"),
    ({"her2": "1e999999999", "cep17": 2, "n": 20}, "more than 40 digits"),
    ({"her2": True, "cep17": 2, "n": 20}, "True is not a number"),
    ({"cells": [(float("nan"), 2)]}, "is not finite"),
    ({"cells": [(100_001, 2)]}, "outside 0 to 100000"),
    ({"ratio": "-1"}, "outside 0 to 1000"),
    ({"ratio": "2", "her2": 40}, "given together"),
    ({"her2": 40, "cep17": 20}, "sums need her2, n"),
    ({"her2": 40, "cep17": 20, "n": 0}, "0 cells counted"),
    ({"her2": 40.5, "cep17": 20, "n": 20}, "not a whole number"),
    ({"cells": []}, "not a list of cells"),
    ({"cells": [(4, 2)], "n": 20}, "Leave n out"),
    ({"cells": [(4, 2), (4,)]}, "CEP17 of cell 2 was not counted"),
    ({"cells": [(4, -2)]}, "cell 1, CEP17"),
    ({"cells": [{"cep17": 2}]}, "has no HER2 count"),
    ({"cells": ["4"]}, "Write a pair"),
    ({"cells": [{"her2": 4, "cep17": 2, "invasive": False}]}, "none of 1 cells is invasive"),
    ({"cells": [(4, 0)], "exclude_zero_signal": True}, "no cell has signals of both probes"),
    ({"n": 20}, "no counts"),
    ({"copies": "4", "cep17_copies": "0"}, "no ratio exists"),
    ({"probe": "single", "ratio": "2"}, "a single probe has no ratio"),
    ({"probe": "triple", "ratio": "2"}, "is none of dual, single"),
    ({"rato": "2"}, "Did you mean 'ratio'?"),
    ({"reported": "amplified"}, "is none of positive"),
]


@pytest.mark.parametrize(("record", "words"), REFUSED)
def test_refusals(record, words):
    with pytest.raises(StudyError, match="ish") as caught:
        ish_from(record)
    assert words in str(caught.value)
