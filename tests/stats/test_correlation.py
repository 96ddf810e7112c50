"""Correlations of patients: R's cor.test, twins from the definitions, and what cannot be said."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from her2het.stats.correlation import pearson, spearman
from her2het.stats.units import PerPatient, PerSample

ORACLES = Path(__file__).parents[1] / "oracles" / "stats"
INPUTS = pd.read_csv(ORACLES / "correlation_inputs.csv.gz", float_precision="round_trip")
RESULTS = pd.read_csv(ORACLES / "correlation_results.csv", float_precision="round_trip")


def measured(values: np.ndarray, quantity: str = "x") -> PerPatient:
    return PerPatient(pd.Series(values, index=[f"p{i}" for i in range(len(values))], dtype="float64"), quantity)


@pytest.mark.parametrize("row", list(RESULTS.itertuples()), ids=lambda r: f"{r.case}-{r.method}")
def test_equals_r(row) -> None:
    rows = INPUTS[INPUTS.case == row.case]
    of = {"pearson": pearson, "spearman": spearman}[row.method]
    e = of(measured(rows.x.to_numpy()), measured(rows.y.to_numpy()))
    assert e.value == pytest.approx(row.r, abs=1e-12)
    assert e.p == pytest.approx(row.p, rel=1e-9, abs=1e-15)
    if row.method == "pearson":
        np.testing.assert_allclose([e.low, e.high], [row.low, row.high], atol=1e-12)
    assert (e.standard, e.standard_low, e.standard_high) == pytest.approx((e.value, e.low, e.high), nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=4, max_size=30))
def test_equals_the_definition(points: list[tuple[int, int]]) -> None:
    x, y = (np.array(v, dtype=float) for v in zip(*points, strict=True))
    e, s = pearson(measured(x), measured(y)), spearman(measured(x), measured(y))
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(e.value)
        assert e.remark == "one of the two is constant"
        return
    ranks = [[sum(b < a for b in v) + (sum(b == a for b in v) + 1) / 2 for a in v] for v in (x, y)]
    for got, (first, second) in ((e, (x, y)), (s, ranks)):
        a, b = np.array(first) - np.mean(first), np.array(second) - np.mean(second)
        r = sum(a * b) / math.sqrt(sum(a * a) * sum(b * b))
        assert got.value == pytest.approx(r, abs=1e-12)
        if abs(r) < 1 - 1e-9:
            inflate = 1.0 if got is e else math.sqrt(1 + r * r / 2)
            half = norm.ppf(0.975) * inflate / math.sqrt(len(x) - 3)
            if len(x) > 3:
                expected = [math.tanh(math.atanh(r) + k * half) for k in (-1, 1)]
                np.testing.assert_allclose([got.low, got.high], expected, atol=1e-9)


def test_only_patients_with_both_values_count() -> None:
    x = PerPatient(pd.Series({"a": 1.0, "b": 2.0, "c": 3.0, "d": np.nan, "e": 4.0}), "ERBB2")
    y = PerPatient(pd.Series({"e": 1.0, "c": 2.0, "a": 3.5, "d": 1.0, "z": 7.0}), "RCB")
    e = pearson(x, y)
    assert e.n == (3,)
    assert e.contrast == "ERBB2, RCB"
    assert math.isnan(e.low)
    two = spearman(x, y.pick(["a", "c"]))
    assert math.isnan(two.p)
    assert two.remark == "2 patients have both values, needed are 3"


def test_a_perfect_line_and_samples() -> None:
    x = measured(np.arange(6.0))
    e = pearson(x, x)
    assert (e.value, e.low, e.high, e.p) == (1, 1, 1, 0)
    with pytest.raises(TypeError, match="PerPatient"):
        pearson(x, PerSample(x.values, "x"))  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="PerPatient"):
        spearman(PerSample(x.values, "x"), x)  # pyright: ignore[reportArgumentType]


def test_methods_are_named() -> None:
    rng = np.random.default_rng(0)
    for n, word in ((9, "exact"), (10, "AS 89"), (1290, "t")):
        x, y = measured(rng.normal(size=n)), measured(rng.normal(size=n))
        assert spearman(x, y).method == f"Spearman, {word}"
