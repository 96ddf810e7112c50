"""Stratified, adjusted, resampled and mixed comparisons of patients; planning; sensitivity."""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from her2het.kernels.conditional import conditional, two_sided_p
from her2het.kernels.firth import firth_fit, firth_profile
from her2het.kernels.ranks import rank_sum_test
from her2het.kernels.superiority import logit_interval, superiority, superiority_interval
from her2het.stats import planning
from her2het.stats.bootstrap import cluster_bootstrap
from her2het.stats.mixed import fit_mixed, mixed_shift
from her2het.stats.rank_tests import rank_sum
from her2het.stats.response import auc, compare_auc, logistic
from her2het.stats.sensitivity import by_combination
from her2het.stats.strata import stratified_rank_sum
from her2het.stats.units import PerCell, PerPatient, PerSample

ORACLES = Path(__file__).parents[1] / "oracles/stats"


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(ORACLES / name, float_precision="round_trip")


def per(values, quantity: str = "x", unit: str = "") -> PerPatient:
    values = pd.Series(values)
    if isinstance(values.index, pd.RangeIndex):
        values = values.set_axis([f"p{i:03d}" for i in range(len(values))])
    return PerPatient(values, quantity, unit)


# --- strata ---------------------------------------------------------------------------------------------------------


def test_stratified_rank_sum() -> None:
    rows = read("strata_inputs.csv")
    rows = rows[rows.case == "lone"].set_axis([f"p{i}" for i in range((rows.case == "lone").sum())])
    values = PerPatient(rows.value, "CD8A", "log2 CPM")
    e = stratified_rank_sum(values, rows.group, rows.stratum, "HET", "rest")
    golden = read("strata_results.csv").set_index("case").loc["lone"]
    assert e.p == pytest.approx(golden.p, rel=1e-12)
    assert e.contrast == "HET − rest, by stratum"
    assert e.method == "van Elteren, 3 strata"
    assert e.remark == "1 patients are in strata without the other group"
    assert e.n == (30, 30)
    assert e.low < e.value < e.high
    assert -1 < e.standard_low < e.standard < e.standard_high < 1
    none = stratified_rank_sum(values, rows.group, rows.stratum, "HET", "nobody")
    assert none.remark.endswith("no stratum has both groups")
    assert math.isnan(none.value)


def test_strata_remove_what_they_explain() -> None:
    """Opposite mixes of receptor status make a difference that is gone within strata."""
    rng = np.random.default_rng(3)
    hr = np.r_[np.repeat([1, 0], [40, 10]), np.repeat([1, 0], [10, 40])]
    values = per(rng.normal(size=100) + 2 * hr)
    groups = pd.Series(np.repeat(["a", "b"], 50), index=values.values.index)
    strata = pd.Series(hr, index=values.values.index, name="HR")
    assert rank_sum(values, groups, "a", "b").p < 1e-4
    assert stratified_rank_sum(values, groups, strata, "a", "b").p > 0.05


# --- response -------------------------------------------------------------------------------------------------------


def test_auc_and_its_comparison() -> None:
    rows, r = read("auc_inputs.csv"), read("auc_results.csv").set_index("what")
    outcome = per(rows.y, "pCR")
    e = auc(per(rows.one, "one"), outcome)
    yes = rows.y.to_numpy() == 1
    theta = superiority(rows.one.to_numpy()[yes], rows.one.to_numpy()[~yes])
    assert e.value == pytest.approx(r.value["one"])
    assert (e.low, e.high) == superiority_interval(theta)
    delong = auc(per(rows.one, "one"), outcome, interval="delong")
    assert (delong.low, delong.high) == logit_interval(theta, normal=True)
    assert e.p == rank_sum_test(rows.one.to_numpy()[yes], rows.one.to_numpy()[~yes]).p
    assert (e.n, e.contrast) == ((64, 51), "one for pCR")
    d = compare_auc(per(rows.one, "one"), per(rows.two, "two"), outcome)
    assert d.value == pytest.approx(r.value["one - two"])
    assert d.p == pytest.approx(r.p["one - two"], rel=1e-9)
    assert d.low < d.value < d.high
    same = compare_auc(per(rows.one, "one"), per(rows.one * 2, "double"), outcome)
    assert math.isnan(same.p)
    assert "does not vary" in same.remark
    down = auc(per(-rows.one, "minus one"), outcome)
    assert down.value == pytest.approx(1 - e.value)  # never turned round


def test_auc_of_one_class() -> None:
    e = auc(per([1.0, 2, 3]), per([0, 0, 0], "pCR"))
    assert e.remark == "no patient has the outcome"
    assert math.isnan(e.value)
    assert auc(per([1.0, 2, 3]), per([1, 1, 1], "pCR")).remark == "all patients have the outcome"


def test_logistic_stays_finite_where_nobody_responds() -> None:
    """0 of 14 against 64 of 115, as in the trial, with a covariate."""
    rng = np.random.default_rng(5)
    het = np.repeat([1.0, 0.0], [14, 115])
    pcr = np.r_[np.zeros(14), np.repeat([1.0, 0.0], [64, 51])]
    age = rng.normal(50, 9, 129)
    e, a = logistic(per(pcr, "pCR"), (per(het, "HET"), per(age, "age", "year")))
    assert 0 < e.value < 0.2
    assert 0 < e.low < e.value < e.high < 1
    assert e.p < 1e-4
    assert (e.contrast, e.effect, e.n) == ("HET for pCR", "adjusted odds ratio", (64, 65))
    assert a.unit == "per year"
    x = np.column_stack([np.ones(129), het, age])
    fit = firth_fit(x, pcr)
    profile = firth_profile(x, pcr, fit, 1)
    assert (e.value, e.low, e.high) == pytest.approx(
        tuple(map(math.exp, (fit.coefficients[1], profile.low, profile.high)))
    )


def test_logistic_terms_and_missing_patients() -> None:
    rng = np.random.default_rng(6)
    names = [f"p{i}" for i in range(60)]
    grade = pd.Series(pd.Categorical(rng.choice(["1", "2", "3"], 60), categories=["1", "2", "3"]), index=names)
    flag = pd.Series(rng.integers(0, 2, 60).astype(bool), index=names)
    site = pd.Series(rng.choice(["left", "right"], 60), index=names)
    outcome = pd.Series(rng.integers(0, 2, 60), index=names).astype("float64")
    outcome.iloc[3] = np.nan
    grade.iloc[4] = np.nan
    told = logistic(per(outcome, "pCR"), (per(grade, "grade"), per(flag, "node"), per(site, "side")))
    assert [e.contrast for e in told] == [
        "grade 2 against 1 for pCR",
        "grade 3 against 1 for pCR",
        "node for pCR",
        "side right against left for pCR",
    ]
    assert sum(told[0].n) == 58
    few = logistic(per([1.0, 0, 1]), (per([1.0, 2, 3]), per([2.0, 1, 5])))
    assert math.isnan(few[0].value)
    assert "do not suffice" in few[0].remark
    with pytest.raises(ValueError, match="needs a term"):
        logistic(per(outcome), ())
    with pytest.raises(ValueError, match="depend"):
        logistic(per(outcome), (per(flag, "a"), per(flag, "b")))
    for wrong in (PerSample(flag, "a"), flag):
        with pytest.raises(TypeError, match="PerPatient"):
            logistic(per(outcome), (wrong,))  # pyright: ignore[reportArgumentType]
        with pytest.raises(TypeError, match="PerPatient"):
            auc(wrong, per(outcome))  # pyright: ignore[reportArgumentType]


# --- bootstrap ------------------------------------------------------------------------------------------------------


def clustered(patients: int = 40, per_patient: int = 4, seed: int = 0) -> tuple[pd.Series, np.ndarray]:
    rng = np.random.default_rng(seed)
    owner = np.repeat([f"p{i:02d}" for i in range(patients)], per_patient)
    values = np.repeat(rng.normal(size=patients), per_patient) + rng.normal(0, 0.3, patients * per_patient)
    return pd.Series(owner, index=[f"s{i}" for i in range(len(owner))]), values


def mean_of(values: np.ndarray, rows: np.ndarray) -> float:
    return float(values[rows].mean())


def always_one(rows: np.ndarray) -> float:
    return float(len(rows) > 0)


def always_nan(rows: np.ndarray) -> float:
    return math.nan * len(rows)


def test_bootstrap_sees_patients_not_samples() -> None:
    owner, values = clustered()
    found = cluster_bootstrap(owner, partial(mean_of, values), draws=1000, seed=4)
    alone = cluster_bootstrap(pd.Series(range(160)), partial(mean_of, values), draws=1000, seed=4)
    means = pd.Series(values).groupby(owner.to_numpy()).mean()
    expected = 2 * 1.96 * means.std(ddof=0) / math.sqrt(40)
    assert found.high - found.low == pytest.approx(expected, rel=0.12)
    assert found.high - found.low > 1.7 * (alone.high - alone.low)
    assert found.value == pytest.approx(values.mean())
    assert (found.kept, found.draws) == (1000, 1000)


def test_bootstrap_does_not_depend_on_where_it_runs() -> None:
    owner, values = clustered(12)
    here = cluster_bootstrap(owner, partial(mean_of, values), draws=450, seed=2, kind="bca")

    def backwards(work, chunks):
        found = {i: work(chunks[i]) for i in reversed(range(len(chunks)))}
        return [found[i] for i in range(len(chunks))]

    assert cluster_bootstrap(owner, partial(mean_of, values), draws=450, seed=2, kind="bca", over=backwards) == here
    assert cluster_bootstrap(owner, partial(mean_of, values), draws=450, seed=3, kind="bca") != here


def test_bootstrap_keeps_groups_and_counts_failures() -> None:
    owner, _ = clustered(20, 2)
    strata = pd.Series(np.repeat(["a", "b"], [5, 15]), index=sorted(set(owner)))
    label = strata.reindex(owner).to_numpy()
    share = cluster_bootstrap(owner, lambda rows: float((label[rows] == "a").mean()), draws=200, strata=strata)
    assert share.low == share.high == 0.25
    failing = cluster_bootstrap(owner, lambda rows: math.nan if rows[0] % 2 else 1.0, draws=200)
    assert failing.kept == 200  # a patient's rows start at an even number here
    nothing = cluster_bootstrap(owner, always_nan, draws=200)
    assert nothing.kept == 0
    assert math.isnan(nothing.low)
    with pytest.raises(ValueError, match="belongs to no patient"):
        cluster_bootstrap(owner.where(owner != "p03"), always_one)
    with pytest.raises(ValueError, match="one patient"):
        cluster_bootstrap(pd.Series(["a", "a"]), always_one)
    with pytest.raises(ValueError, match="50 draws"):
        cluster_bootstrap(owner, always_one, draws=50)
    with pytest.raises(ValueError, match="has none"):
        cluster_bootstrap(owner, always_one, strata=strata.drop("p03"))


def test_bca_corrects_a_skewed_statistic() -> None:
    """A variance: the percentile interval lies too low, BCa's is moved up."""
    rng = np.random.default_rng(8)
    values = rng.exponential(size=40)
    owner = pd.Series([f"p{i}" for i in range(40)])
    plain = cluster_bootstrap(owner, lambda rows: float(values[rows].var()), draws=1000)
    better = cluster_bootstrap(owner, lambda rows: float(values[rows].var()), draws=1000, kind="bca")
    assert better.low > plain.low
    assert better.high > plain.high


# --- mixed models ---------------------------------------------------------------------------------------------------


def biopsies() -> tuple[PerSample, pd.Series, pd.Series, PerPatient]:
    rows = read("mixed_inputs.csv")
    index = [f"s{i}" for i in range(len(rows))]
    by_patient = rows.groupby("patient")
    values = PerSample(rows.value.set_axis(index), "CD8A", "log2 CPM")
    return values, rows.patient.set_axis(index), by_patient.group.first(), PerPatient(by_patient.age.first(), "age")


def test_mixed_model_equals_nlme() -> None:
    """Two programs' optimisers: effects and errors to 1e-5."""
    values, owner, groups, age = biopsies()
    for adjust, r in zip(((), (age,)), read("mixed_results.csv").itertuples(), strict=True):
        e = mixed_shift(values, owner, groups, "B", "A", adjust=adjust)
        assert e.value == pytest.approx(r.value, abs=1e-5)
        df = 40 - 2 - len(adjust)
        half = (e.high - e.low) / 2
        assert half == pytest.approx(float(abs(np.asarray(_t(df)))) * r.se, rel=1e-5)
        assert e.n == (16, 24)
        assert e.remark == ""
    rows = read("mixed_inputs.csv")
    x = np.column_stack([np.ones(len(rows)), rows.group == "B"])
    fit = fit_mixed(rows.value.to_numpy(), x, rows.patient.to_numpy(dtype=str))
    golden = read("mixed_results.csv").iloc[0].to_dict()
    np.testing.assert_allclose(np.sqrt([fit.between, fit.within]), [golden["between"], golden["within"]], rtol=1e-5)


def _t(df: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, df))


def test_mixed_model_says_why_it_cannot() -> None:
    values, owner, groups, age = biopsies()
    assert "a group has no patients" in mixed_shift(values, owner, groups, "B", "nobody").remark
    first = values.pick(owner.drop_duplicates().index)
    alone = mixed_shift(first, owner, groups, "B", "A")
    assert alone.remark.startswith("every patient has one sample")
    assert math.isnan(alone.p)
    same = mixed_shift(values, owner, groups, "B", "A", adjust=(PerPatient((groups == "B").astype(float), "again"),))
    assert same.remark.startswith("the groups or covariates say the same")
    constant = PerSample(pd.Series(1.0, index=values.values.index), "one")
    assert mixed_shift(constant, owner, groups, "B", "A").remark == "all values are equal"
    two = mixed_shift(values, owner, groups[groups.index.isin(["p01", "p40"])], "B", "A")
    assert "do not suffice" in two.remark
    rng = np.random.default_rng(1)
    shuffled = PerSample(pd.Series(rng.normal(size=len(owner)), index=owner.index), "noise")
    found = mixed_shift(shuffled, owner, groups, "B", "A")
    assert math.isfinite(found.p)
    with pytest.raises(TypeError, match="PerSample or PerRoi"):
        mixed_shift(age, owner, groups, "B", "A")  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="PerSample or PerRoi"):
        mixed_shift(PerCell(values.values, "x"), owner, groups, "B", "A")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="belongs to no patient"):
        mixed_shift(values, owner.iloc[1:], groups, "B", "A")


def test_mixed_model_without_variance_between_patients_says_so() -> None:
    """Samples of a patient less alike than chance: the variance between patients is estimated as 0."""
    owner = np.repeat([f"p{i:02d}" for i in range(12)], 2)
    y = np.tile([1.0, -1.0], 12) + np.linspace(0, 0.01, 24)
    x = np.column_stack([np.ones(24), np.repeat([0.0, 1.0], 12)])
    fit = fit_mixed(y, x, owner.astype(str))
    assert "no variance between patients" in fit.trouble
    ordinary = np.linalg.lstsq(x, y, rcond=None)[0]
    np.testing.assert_allclose(fit.effects, ordinary, atol=1e-6)


def test_mixed_model_that_does_not_converge(monkeypatch: pytest.MonkeyPatch) -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    def fail(self, **kwargs):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(MixedLM, "fit", fail)
    values, owner, groups, _ = biopsies()
    e = mixed_shift(values, owner, groups, "B", "A")
    assert e.remark == (
        "the mixed model did not converge (powell: Singular matrix). Compare patients' means (rank_sum) instead"
    )
    assert math.isnan(e.value)


# --- planning -------------------------------------------------------------------------------------------------------


def test_rates_equal_r() -> None:
    """power.prop.test has no continuity correction: `exact` holds the number without it."""
    cases = [(0.8, 0.05), (0.9, 0.05), (0.8, 0.01)]
    for row, (power, alpha) in zip(read("power_results.csv").itertuples(), cases, strict=True):
        found = planning.for_rates(row.p1, row.p2, power=power, alpha=alpha)
        assert found.exact == pytest.approx(row.n, rel=1e-4)
        assert found.treated > row.n


def test_planned_rates_reach_their_power_with_the_exact_test() -> None:
    """The power of Fisher's test over all outcomes, not simulated."""
    found = planning.for_rates(0.56, 0.25)
    m, n = found.treated, found.control
    power = 0.0
    for a in range(m + 1):
        for c in range(n + 1):
            weight = binom.pmf(a, m, 0.56) * binom.pmf(c, n, 0.25)
            if weight > 1e-9 and two_sided_p(conditional([[a, m - a], [c, n - c]])) <= 0.05:
                power += weight
    assert 0.78 < power < 0.85


def test_planned_shift_reaches_its_power() -> None:
    theta = 0.68
    found = planning.for_shift(theta, ratio=2)
    assert found.control == 2 * found.treated
    assert planning.power_of_shift(theta, found.treated, found.control) == pytest.approx(0.8, abs=0.01)
    delta = math.sqrt(2) * float(-_normal(1 - theta))
    rng = np.random.default_rng(11)
    hits = [
        rank_sum_test(rng.normal(delta, 1, found.treated), rng.normal(0, 1, found.control)).p < 0.05 for _ in range(600)
    ]
    assert np.mean(hits) == pytest.approx(0.8, abs=0.07)


def _normal(p: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(p))


def test_planned_widths() -> None:
    rng = np.random.default_rng(12)
    names = [f"p{i}" for i in range(60)]
    values = PerPatient(pd.Series(rng.normal(size=60), index=names), "x")
    e = rank_sum(values, pd.Series(np.repeat(["a", "b"], [20, 40]), index=names), "a", "b")
    found = planning.shift_to_width(e, (e.high - e.low) / 4)  # half as wide: four times the patients
    assert found.exact == pytest.approx(4 * 2 / (1 / 20 + 1 / 40))
    assert planning.shift_to_width(replace(e, level=0.940857), 0.1).aim.startswith("94.1 % interval")
    with pytest.raises(ValueError, match="too few patients for an interval of 90 %"):
        planning.shift_to_width(replace(e, level=0.8186), 0.1)
    rates = planning.rates_to_width(0.5, 0.3, 0.15)
    from her2het.kernels.proportions import newcombe

    def width(n: int) -> float:
        low, high = newcombe((round(0.5 * n), n), (round(0.3 * n), n))
        return high - low

    assert width(rates.treated) <= 0.3 < width(rates.treated - 3)
    areas = planning.auc_to_width(0.75, 0.1, ratio=1.5)
    assert areas.control == math.ceil(1.5 * areas.treated)
    assert planning.for_auc(0.7).total < planning.for_auc(0.65).total
    assert planning.for_auc(0.3).exact == pytest.approx(planning.for_auc(0.7).exact, rel=0.5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: planning.for_shift(0.5),
        lambda: planning.for_shift(0.7, power=0.04),
        lambda: planning.for_rates(0.3, 0.3),
        lambda: planning.for_rates(1.3, 0.3),
        lambda: planning.for_auc(1.0),
        lambda: planning.auc_to_width(0.7, 0),
        lambda: planning.rates_to_width(0.2, 0.3, 1.5),
        lambda: planning.for_auc(0.5000001),
    ],
)
def test_impossible_plans_are_refused(call) -> None:
    with pytest.raises(ValueError, match=r"needed|planned"):
        call()


# --- sensitivity ----------------------------------------------------------------------------------------------------


def test_by_combination() -> None:
    values, owner, groups, age = biopsies()
    told = by_combination(values, owner, groups, "B", "A")
    assert [e.contrast.split(", ")[1] for e in told] == [
        f"{way} of a patient's samples" for way in ("mean", "median", "max", "min", "first")
    ]
    assert told[0].p == rank_sum(values.per_patient(owner, "mean"), groups, "B", "A").p
    assert len({e.value for e in told}) > 2
    with pytest.raises(TypeError, match="samples to combine"):
        by_combination(age, owner, groups, "B", "A")  # pyright: ignore[reportArgumentType]
