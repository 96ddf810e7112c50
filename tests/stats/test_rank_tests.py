"""Rank tests about patients: what an Estimate carries, who is left out, and that biopsies are refused."""

import math

import numpy as np
import pandas as pd
import pytest

from her2het.kernels.ranks import rank_sum_test, signed_rank_test
from her2het.kernels.shifts import pseudo_median, shift_of_two
from her2het.stats.estimate import Estimate
from her2het.stats.rank_tests import rank_sum, signed_rank
from her2het.stats.units import PerPatient, PerSample


def patients(values: dict[str, float], quantity: str = "ERBB2", unit: str = "log2 CPM") -> PerPatient:
    return PerPatient(pd.Series(values, dtype="float64"), quantity, unit)


def cohort(seed: int = 1, m: int = 14, n: int = 43) -> tuple[PerPatient, pd.Series]:
    rng = np.random.default_rng(seed)
    names = [f"p{i:03d}" for i in range(m + n)]
    values = np.concatenate((rng.normal(1, 1, m), rng.normal(0, 1, n)))
    groups = pd.Series(["HET/no pCR"] * m + ["pCR"] * n, index=names)
    order = rng.permutation(m + n)
    return patients(dict(zip(names, values, strict=True))), groups.iloc[order]


def test_rank_sum_carries_effect_interval_and_exact_p() -> None:
    values, groups = cohort()
    e = rank_sum(values, groups, "HET/no pCR", "pCR")
    x, y = values.array()[:14], values.array()[14:]
    shift = shift_of_two(x, y)
    assert isinstance(e, Estimate)
    assert (e.value, e.low, e.high) == (shift.value, shift.low, shift.high)
    assert e.p == rank_sum_test(x, y).p
    assert (e.contrast, e.effect, e.unit, e.n) == ("HET/no pCR − pCR", "shift", "log2 CPM", (14, 43))
    assert e.method == "rank-sum, exact"
    assert e.standard == pytest.approx(np.sign(np.subtract.outer(x, y)).mean())
    assert -1 <= e.standard_low < e.standard < e.standard_high <= 1
    assert math.isnan(e.q)
    assert e.remark == ""
    assert (e.quantity, e.groups) == ("ERBB2", ("HET/no pCR", "pCR"))


def test_the_regime_is_told() -> None:
    values, groups = cohort(m=50)
    assert rank_sum(values, groups, "HET/no pCR", "pCR").method == "rank-sum, normal with continuity correction"
    tied = PerPatient(values.values.round(), "ERBB2")
    method = rank_sum(tied, groups, "HET/no pCR", "pCR").method
    assert method == "rank-sum, normal with continuity and tie correction"


def test_samples_cells_and_plain_series_are_refused() -> None:
    values, groups = cohort()
    for wrong in (PerSample(values.values, "ERBB2"), values.values):
        with pytest.raises(TypeError, match="needs PerPatient"):
            rank_sum(wrong, groups, "HET/no pCR", "pCR")  # pyright: ignore[reportArgumentType]
        with pytest.raises(TypeError, match="needs PerPatient"):
            signed_rank(wrong)  # pyright: ignore[reportArgumentType]
        with pytest.raises(TypeError, match="needs PerPatient"):
            signed_rank(values, wrong)  # pyright: ignore[reportArgumentType]


def test_patients_without_value_or_group_are_left_out() -> None:
    values = patients({"a": 1, "b": 2, "c": np.nan, "d": 4, "e": 5, "f": 6})
    groups = pd.Series({"a": "x", "b": "x", "c": "x", "d": "y", "e": None, "f": "z", "g": "y"})
    assert rank_sum(values, groups, "x", "y").n == (2, 1)
    categorical = groups.astype(pd.CategoricalDtype(["x", "y", "z"]))
    assert rank_sum(values, categorical, "x", "y").n == (2, 1)
    assert rank_sum(values, groups.astype("string"), "x", "y").n == (2, 1)


def test_empty_and_constant_groups_say_why() -> None:
    values = patients({"a": 1, "b": 1, "c": 1})
    groups = pd.Series({"a": "x", "b": "y", "c": "y"})
    empty = rank_sum(values, groups, "x", "nobody")
    assert empty.n == (1, 0)
    assert math.isnan(empty.value)
    assert math.isnan(empty.p)
    assert empty.remark == "a group has no patients"
    constant = rank_sum(values, groups, "x", "y")
    assert math.isnan(constant.p)
    assert constant.value == 0
    assert constant.remark == "all values are equal"


def test_a_small_group_says_the_level_it_allows() -> None:
    values = patients({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5})
    groups = pd.Series({"a": "x", "b": "x", "c": "x", "d": "y", "e": "y"})
    e = rank_sum(values, groups, "x", "y")
    assert e.level == pytest.approx(0.8)
    assert e.remark == "3 against 2 patients allow an interval of 80.0 % at most"


def test_two_groups_for_one_patient_and_infinite_values_are_refused() -> None:
    values = patients({"a": 1, "b": 2})
    twice = pd.Series(["x", "y", "y"], index=["a", "a", "b"])
    with pytest.raises(ValueError, match="'a' has two groups"):
        rank_sum(values, twice, "x", "y")
    with pytest.raises(ValueError, match="infinite"):
        rank_sum(patients({"a": 1, "b": np.inf}), pd.Series({"a": "x", "b": "y"}), "x", "y")
    with pytest.raises(ValueError, match="repeats"):
        rank_sum(values, pd.Series({"a": "x", "b": "y"}), "x", "x")


def test_signed_rank_pairs_by_patient() -> None:
    before = patients({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "only": 9.0}, "before")
    after = patients({"d": 3.0, "a": 1.5, "b": 3.5, "c": 3.25, "other": 0.0}, "after")
    e = signed_rank(after, before)
    d = np.array([-1.0, 0.5, 1.5, 0.25])
    shift = pseudo_median(d)
    assert (e.value, e.low, e.high) == (shift.value, shift.low, shift.high)
    assert e.p == signed_rank_test(d).p
    assert e.n == (4,)
    assert e.contrast == "after − before"
    assert e.standard == pytest.approx((2 + 1 + 4 - 3) / 10)
    assert signed_rank(after, before, contrast="43 pairs").contrast == "43 pairs"


def test_zero_changes_are_counted() -> None:
    e = signed_rank(patients({"a": 0, "b": 0, "c": 1, "d": 2, "e": -0.5}))
    assert (e.n, e.of, e.units) == ((3,), (5,), "3 (of 5)")
    assert e.remark.startswith("2 of 5 differences are 0 and were left out")
    assert signed_rank(patients({"a": 3, "b": 1, "c": 1, "d": 2, "e": -0.5})).of == ()
    nothing = signed_rank(patients({"a": 0, "b": 0}))
    assert math.isnan(nothing.p)
    assert nothing.remark == "2 of 2 differences are 0 and were left out; no difference is left to test"
