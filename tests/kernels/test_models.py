"""Stratified rank-sum, penalised logistic regression and paired areas: twins, R's packages, and published examples."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize
from scipy.stats import chi2, norm

from her2het.kernels.firth import firth_fit, firth_profile
from her2het.kernels.ranks import rank_sum_test
from her2het.kernels.shifts import shift_of_two
from her2het.kernels.superiority import hanley_mcneil, superiority, superiority_covariance
from her2het.kernels.van_elteren import stratified_shift, stratified_superiority, van_elteren

ORACLES = Path(__file__).parents[1] / "oracles/stats"
strata_of = st.lists(
    st.tuples(
        st.lists(st.integers(-4, 4).map(float), max_size=6).map(np.array),
        st.lists(st.integers(-4, 4).map(float), max_size=6).map(np.array),
    ),
    min_size=1,
    max_size=3,
)


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(ORACLES / name, float_precision="round_trip")


# --- van Elteren ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", list(read("strata_results.csv").itertuples()), ids=lambda r: r.case)
def test_van_elteren_equals_coin(row) -> None:
    rows = read("strata_inputs.csv")
    rows = rows[rows.case == row.case]
    parts = [
        (part.value[part.group == "HET"].to_numpy(), part.value[part.group != "HET"].to_numpy())
        for _, part in rows.groupby("stratum")
    ]
    found = van_elteren(parts)
    np.testing.assert_allclose([found.z, found.p], [row.z, row.p], rtol=1e-12)


def slow_score(parts, move: float = 0.0) -> float:
    """T over its standard deviation with the ties within groups, from the pairs themselves."""
    top = bottom = 0.0
    for x, y in parts:
        m, n = len(x), len(y)
        if not m or not n:
            continue
        wins = sum((a - move > b) + 0.5 * (a - move == b) for a in x for b in y)
        pooled = [*(x - move), *y]
        cubes = sum(pooled.count(v) ** 2 - 1 for v in pooled)
        top += (wins - m * n / 2) / (m + n + 1)
        bottom += m * n / 12 * ((m + n + 1) - cubes / ((m + n) * (m + n - 1))) / (m + n + 1) ** 2
    return top / math.sqrt(bottom) if bottom > 1e-12 else math.nan


@settings(max_examples=80, deadline=None)
@given(strata_of)
def test_van_elteren_equals_its_twin(parts) -> None:
    found, z = van_elteren(parts), slow_score(parts)
    if math.isnan(z):
        assert math.isnan(found.p)
    else:
        assert found.z == pytest.approx(z, abs=1e-12)
        assert found.p == pytest.approx(2 * norm.sf(abs(z)))
    assert found.strata == sum(1 for x, y in parts if len(x) and len(y))


@settings(max_examples=60, deadline=None)
@given(strata_of)
def test_stratified_shift_is_where_the_score_crosses(parts) -> None:
    shift = stratified_shift(parts)
    used = [(x, y) for x, y in parts if len(x) and len(y)]
    if not used:
        assert math.isnan(shift.value)
        return
    steps = sorted({a - b for x, y in used for a in x for b in y})
    if steps == [0.0]:
        assert math.isnan(shift.low)
        return
    assert shift.low <= shift.value <= shift.high
    # between two neighbouring differences the score is constant: inside the interval it does not reach z
    for a, b in zip([steps[0] - 2, *steps], [*steps, steps[-1] + 2], strict=True):
        middle = (a + b) / 2
        z = slow_score(parts, middle)
        if abs(abs(z) - norm.ppf(0.975)) > 1e-9 and steps[0] < middle < steps[-1]:
            assert (shift.low < middle < shift.high) == (abs(z) < norm.ppf(0.975))


def test_one_stratum_is_the_rank_sum_test() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(0.5, 1, 60), rng.normal(size=70)
    assert stratified_shift([(x, y)]).value == pytest.approx(shift_of_two(x, y).value, abs=1e-12)
    near = shift_of_two(x, y)
    assert stratified_shift([(x, y)]).low == pytest.approx(near.low, abs=0.02)  # without continuity correction
    assert van_elteren([(x, y)]).p == pytest.approx(rank_sum_test(x, y).p, rel=0.02)
    assert stratified_superiority([(x, y)]).value == pytest.approx(superiority(x, y).value)
    assert stratified_superiority([(x, y)]).variance == pytest.approx(superiority(x, y).variance)
    assert math.isnan(stratified_superiority([(x, np.empty(0))]).value)


# --- Firth ----------------------------------------------------------------------------------------------------------


def slow_penalised(b: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    p = 1 / (1 + np.exp(-(x @ b)))
    likelihood = np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))
    return float(likelihood + 0.5 * np.log(np.linalg.det(x.T @ np.diag(p * (1 - p)) @ x)))


@pytest.mark.parametrize("case", ["usual", "separated", "few"])
def test_firth_equals_brglm2(case: str) -> None:
    rows, r = read("firth_inputs.csv"), read("firth_results.csv")
    rows, r = rows[rows.case == case], r[r.case == case]
    x, y = np.column_stack([np.ones(len(rows)), rows.age, rows.hr, rows.het]), rows.y.to_numpy(dtype=float)
    fit = firth_fit(x, y)
    assert fit.converged
    np.testing.assert_allclose(fit.coefficients, r.coef, atol=1e-8)
    np.testing.assert_allclose(fit.errors, r.se, atol=1e-8)
    assert fit.log_likelihood == pytest.approx(r.loglik.iloc[0], abs=1e-10)
    assert fit.log_likelihood == pytest.approx(slow_penalised(fit.coefficients, x, y), abs=1e-10)
    for j in range(4):
        profile = firth_profile(x, y, fit, j)
        np.testing.assert_allclose([profile.low, profile.high], [r.low.iloc[j], r.high.iloc[j]], atol=1e-7)
        assert profile.p == pytest.approx(r.p.iloc[j], rel=1e-7)


SEX2 = """000010 1 1; 001000 14 2; 001010 3 1; 001100 10 8; 001110 12 18; 001111 1 0; 010000 44 42; 010001 3 0;
010010 0 1; 011000 15 1; 011001 1 0; 011010 2 0; 011100 7 5; 011110 3 6; 101000 2 0; 101010 1 0; 101011 1
0; 101100 1 2; 101110 0 4; 101111 1 0; 110000 5 14; 110010 0 1; 111000 3 1; 111110 0 2"""


def test_firth_equals_the_published_example() -> None:
    """logistf's example `sex2`: urinary tract infection in 239 women (Foxman et al. 1997); only cases have `dia`.

    Counts of cases and controls by age, oc, vic, vicl, vis, dia; coefficients, limits and p as logistf prints them.
    """
    rows, y = [], []
    for line in SEX2.replace("\n", " ").split(";"):
        pattern, cases, controls = line.split()
        for outcome, number in ((1.0, int(cases)), (0.0, int(controls))):
            rows += [[1.0, *map(float, pattern)]] * number
            y += [outcome] * number
    x, response = np.array(rows), np.array(y)
    assert (len(y), sum(y)) == (239, 130)
    fit = firth_fit(x, response)
    expected = [0.12025405, -1.10598131, -0.06881673, 2.26887464, -2.11140817, -0.78831694, 3.09601166]
    np.testing.assert_allclose(fit.coefficients, expected, atol=1e-7)
    low = [-0.8185591, -1.9737884, -0.9414363, 1.2730216, -3.2608611, -1.6080879, 0.7745682]
    high = [1.07315122, -0.30742514, 0.78920202, 3.43543273, -1.11773495, 0.01518468, 8.03029352]
    limits = [firth_profile(x, response, fit, j) for j in range(7)]
    np.testing.assert_allclose([p.low for p in limits], low, atol=5e-5)  # logistf stops its search at about 1e-5
    np.testing.assert_allclose([p.high for p in limits], high, atol=5e-5)
    p = [8.020268e-01, 6.143472e-03, 8.751911e-01, 1.678877e-06, 1.237805e-05, 5.449701e-02, 4.951873e-03]
    np.testing.assert_allclose([profile.p for profile in limits], p, rtol=1e-6)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(12, 30))
def test_firth_is_the_mode_found_by_direct_search(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=n), np.arange(n) % 2])
    y = (rng.random(n) < 0.4).astype(float)
    y[:2] = (0.0, 1.0)
    fit = firth_fit(x, y)
    found = minimize(lambda b: -slow_penalised(b, x, y), np.zeros(3), method="BFGS", options={"gtol": 1e-9})
    assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-7)
    assert fit.log_likelihood >= -found.fun - 1e-9
    profile = firth_profile(x, y, fit, 1)
    quantile = chi2.ppf(0.95, 1)

    def gap(value: float) -> float:
        held = minimize(
            lambda b: -slow_penalised(np.array([b[0], value, b[1]]), x, y), fit.coefficients[[0, 2]], method="BFGS"
        )
        return 2 * (fit.log_likelihood + held.fun) - quantile

    for limit in (profile.low, profile.high):
        assert gap(limit) == pytest.approx(0, abs=1e-5)


def test_firth_of_one_group_is_half_a_count() -> None:
    """With an intercept alone the mode is (events + 1/2) / (n + 1)."""
    y = np.array([0.0] * 14)
    fit = firth_fit(np.ones((14, 1)), y)
    assert 1 / (1 + math.exp(-fit.coefficients[0])) == pytest.approx(0.5 / 15)


def test_firth_refuses() -> None:
    with pytest.raises(ValueError, match="depend"):
        firth_fit(np.ones((5, 2)), np.array([0.0, 1, 0, 1, 1]))
    with pytest.raises(ValueError, match="neither"):
        firth_fit(np.ones((2, 1)), np.array([0.0, 2]))
    with pytest.raises(ValueError, match="shape"):
        firth_fit(np.ones((2, 1)), np.array([0.0]))


# --- areas under the curve ------------------------------------------------------------------------------------------


def test_areas_equal_proc() -> None:
    rows, r = read("auc_inputs.csv"), read("auc_results.csv").set_index("what")
    yes = rows.y.to_numpy() == 1
    parts = {k: (rows[k].to_numpy()[yes], rows[k].to_numpy()[~yes]) for k in ("one", "two", "tied")}
    for name, part in parts.items():
        found = superiority(*part)
        np.testing.assert_allclose([found.value, found.variance], [r.value[name], r.variance[name]], rtol=1e-12)
    assert superiority_covariance(parts["one"], parts["two"]) == pytest.approx(r.variance["one - two"], rel=1e-10)


def test_paired_areas_of_the_specification() -> None:
    """Worked example of the domain specification, section 7.1."""
    a = np.array([0.9, 0.8, 0.7, 0.6, 0.35, 0.65, 0.4, 0.3, 0.2, 0.1])
    b = np.array([0.7, 0.9, 0.5, 0.3, 0.6, 0.55, 0.45, 0.35, 0.25, 0.8])
    one, other = superiority(a[:5], a[5:]), superiority(b[:5], b[5:])
    covariance = superiority_covariance((a[:5], a[5:]), (b[:5], b[5:]))
    np.testing.assert_allclose([other.value, other.variance, covariance], [0.68, 0.0368, 0.0028], atol=1e-12)
    z = (one.value - other.value) / math.sqrt(one.variance + other.variance - 2 * covariance)
    assert z == pytest.approx(0.953463, abs=5e-7)
    assert math.isnan(superiority_covariance((a[:1], a[5:]), (b[:1], b[5:])))


def test_hanley_mcneil_is_the_variance_for_exponential_values() -> None:
    """theta = 2/3 where the rates are 1 and 2: over many draws the estimate varies as the formula says."""
    rng = np.random.default_rng(7)
    drawn = [superiority(rng.exponential(2, 12), rng.exponential(1, 9)).value for _ in range(2000)]
    assert np.mean(drawn) == pytest.approx(2 / 3, abs=0.01)
    assert np.var(drawn) == pytest.approx(hanley_mcneil(2 / 3, 12, 9), rel=0.12)
    assert hanley_mcneil(1.0, 12, 9) == pytest.approx(0)


def test_brentq_and_ours_agree_on_a_profile() -> None:
    """The profile limit solved by another root finder."""
    rows = read("firth_inputs.csv")
    rows = rows[rows.case == "few"]
    x, y = np.column_stack([np.ones(len(rows)), rows.age]), rows.y.to_numpy(dtype=float)
    fit = firth_fit(x, y)

    def gap(value: float) -> float:
        start = np.array([fit.coefficients[0], value])
        return 2 * (fit.log_likelihood - firth_fit(x, y, start=start, held=1).log_likelihood) - chi2.ppf(0.9, 1)

    centre = fit.coefficients[1]
    profile = firth_profile(x, y, fit, 1, level=0.9)
    assert profile.low == pytest.approx(brentq(gap, centre - 8, centre), abs=1e-6)
    assert profile.high == pytest.approx(brentq(gap, centre, centre + 8), abs=1e-6)
