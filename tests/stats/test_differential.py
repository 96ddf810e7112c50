"""Differential expression: every design of the small golden files, options, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from her2het.schema import Matrix, StudyError
from her2het.stats.differential import Differential, compare, differential_expression, fit_expression

SMALL = Path(__file__).parents[1] / "oracles" / "deseq_small"
COUNTS = pd.read_csv(SMALL / "counts.csv.gz", index_col=0)
SAMPLES = pd.read_csv(SMALL / "samples.csv", index_col=0).assign(
    time=lambda t: pd.Categorical(t["time"], ["pre", "post"])
)
CALM = [g for k, g in enumerate(COUNTS.index, 1) if k not in {21, 22, 23, 24, 25, 26, 28, 34, 35, 38, 40, 100}]
TWO = [*range(6), *range(8, 14)]
# genes whose coefficients come from R's bounded optimiser, in a direction in which the likelihood is flat (a group
# without counts): where the search ends is settled by rounding alone
FLAT = {"g028", "g030", "g034", "g035", "g038", "g040"}
# gene-wise dispersion next to the smallest considered, where R's own log posterior is rounding noise
AT_MINIMUM = {"g119"}


def matrix(frame: pd.DataFrame, unit: str = "counts") -> Matrix:
    return Matrix(frame.to_numpy(), tuple(frame.index), tuple(frame.columns), unit)


def golden(name: str) -> pd.DataFrame:
    return pd.read_csv(SMALL / f"{name}.csv.gz", index_col=0, na_values="", keep_default_na=False)


CASES = {
    "two_groups": (TWO, "~ group", ("group", "b", "a"), {}),
    "three_groups": (range(24), "~ group", ("group", "b", "a"), {}),
    "uneven_groups": (range(20), "~ group", ("group", "c", "a"), {}),
    "covariate": (TWO, "~ age + group", ("group", "b", "a"), {}),
    "age": (range(24), "~ age", "age", {}),
    "additive": (range(24), "~ batch + group", ("group", "c", "b"), {}),
    "interaction": (range(16), "~ batch * group", "batchy.groupb", {}),
    "paired": (range(24), "~ patient + time", ("time", "post", "pre"), {}),
    "lrt": (range(24), "~ batch + group", ("group", "c", "a"), {"reduced": "~ batch"}),
    "lrt_constant": (range(16), "~ group", ("group", "b", "a"), {"reduced": "~ 1"}),
    "local": (range(24), "~ group", ("group", "b", "a"), {"trend": "local"}),
    "mean": (range(24), "~ group", ("group", "b", "a"), {"trend": "mean"}),
    "poscounts": ([*range(4), *range(16, 20)], "~ group", ("group", "c", "a"), {"size_factors": "poscounts"}),
    "two_each": ([0, 1, 8, 9], "~ group", ("group", "b", "a"), {}),
}


def made(name: str) -> Differential:
    keep, design, contrast, options = CASES[name]
    rows = CALM if name in {"covariate", "age"} else list(COUNTS.index)
    counts = COUNTS.loc[rows].iloc[:, list(keep)]
    return differential_expression(matrix(counts), SAMPLES, design, contrast, **options)


def off(ours: NDArray[np.float64], theirs: pd.Series, tolerance: float) -> set[str]:
    """Genes further apart than the tolerance, relative to R's value."""
    both = np.isfinite(ours) & np.isfinite(theirs.to_numpy())
    far = np.abs(ours - theirs) > tolerance * np.maximum(np.abs(theirs), 1e-12)
    return set(theirs.index[both & far.to_numpy()])


@pytest.mark.parametrize("name", CASES)
def test_equals_r(name: str) -> None:
    ours, theirs = made(name), golden(name)
    facts = pd.read_csv(SMALL / "facts.csv", index_col=0).loc[name]
    run = ours.fit.run
    assert run.trend.kind == facts["fit"]
    assert run.scatter.total == pytest.approx(facts["variance"], rel=1e-8)
    assert run.scatter.prior_variance == pytest.approx(facts["prior"], rel=1e-7)
    assert ours.fit.size_factors.iloc[0] == pytest.approx(facts["sf1"], rel=1e-12)
    for mine, column in (
        (run.genes.base_mean, "baseMean"),
        (run.genes.genewise, "dispGeneEst"),
        (run.genes.fitted, "dispFit"),
        (run.genes.shrunken, "dispMAP"),
        (run.genes.dispersion, "dispersion"),
    ):
        assert off(mine, theirs[column], 1e-5) <= FLAT | AT_MINIMUM, column
    table = ours.table.set_index("gene")
    for column, tolerance in (("log2FoldChange", 1e-6), ("lfcSE", 1e-5), ("pvalue", 1e-4), ("padj", 1e-4)):
        found = table[column].to_numpy()
        np.testing.assert_array_equal(np.isnan(found), theirs[column].isna(), err_msg=column)
        assert off(found, theirs[column], tolerance) <= FLAT, column
        assert off(found, theirs[column], 0.05) <= {"g034"} | ({"g038", "g028"} if name == "additive" else set()), (
            column
        )
    np.testing.assert_array_equal(table["padj"] < 0.1, theirs["padj"] < 0.1)
    refitted = np.zeros(len(table), bool)
    refitted[run.refitted] = True
    np.testing.assert_array_equal(refitted, theirs["replace"].astype(str).str.upper() == "TRUE")
    flagged = theirs["maxCooks"] > run.cutoff
    assert off(np.where(flagged, run.max_cooks, 1.0), theirs["maxCooks"].where(flagged, 1.0), 1e-4) <= FLAT


def test_more_contrasts_of_one_fit() -> None:
    fit = made("three_groups").fit
    theirs = golden("three_groups")
    for name, contrast in (("c_b", ("group", "c", "b")), ("a_c", ("group", "a", "c"))):
        table = compare(fit, contrast).table
        for column, short in (("log2FoldChange", "lfc"), ("lfcSE", "se"), ("pvalue", "p"), ("padj", "padj")):
            assert off(table[column].to_numpy(), theirs[f"{name}_{short}"], 1e-4) <= FLAT
    inner = made("interaction").fit
    table = compare(inner, ("group", "b", "a")).table
    assert off(table["pvalue"].to_numpy(), golden("interaction")["b_a_p"], 1e-4) <= FLAT


def test_cooks_distances_equal_r() -> None:
    theirs = pd.read_csv(SMALL / "three_groups_cooks.csv.gz", index_col=0)
    ours = made("three_groups").fit.cooks(tuple(theirs.index))
    np.testing.assert_allclose(ours.values, theirs.to_numpy(), rtol=1e-5)
    assert ours.columns == tuple(theirs.columns)


@pytest.mark.parametrize("alternative", ["greaterAbs", "lessAbs", "greater", "less"])
def test_alternatives_equal_r(alternative) -> None:
    theirs = golden("two_groups")
    table = compare(made("two_groups").fit, ("group", "b", "a"), threshold=0.5, alternative=alternative).table
    assert off(table["pvalue"].to_numpy(), theirs[f"{alternative}_p"], 1e-4) <= FLAT
    assert off(table["stat"].to_numpy(), theirs[f"{alternative}_stat"], 1e-4) <= FLAT


@pytest.mark.parametrize("name", ["two_groups", "covariate"])
def test_normal_shrinkage_equals_r(name: str) -> None:
    fit = made(name).fit
    table = compare(fit, ("group", "b", "a"), shrink="normal").table
    theirs = golden(f"{name}_normal")
    for column in ("log2FoldChange", "lfcSE"):
        assert off(table[column].to_numpy(), theirs[column], 1e-6) <= FLAT


def test_shrinkage_is_the_same_by_levels_and_by_name_and_keeps_p() -> None:
    fit = made("three_groups").fit
    plain = compare(fit, ("group", "c", "a"))
    for kind in ("normal", "apeglm"):
        a = compare(fit, ("group", "c", "a"), shrink=kind).table
        b = compare(fit, "group_c_vs_a", shrink=kind).table
        calm = plain.fit.dispersions["baseMean"].to_numpy() > 5
        np.testing.assert_allclose(a["log2FoldChange"][calm], b["log2FoldChange"][calm], atol=1e-4)
        np.testing.assert_array_equal(a["pvalue"], plain.table["pvalue"])
        smaller = np.abs(a["log2FoldChange"]) <= np.abs(plain.table["log2FoldChange"]) + 0.02
        assert smaller[calm].mean() > 0.95
    turned = compare(fit, ("group", "b", "c"), shrink="apeglm").table
    back = compare(fit, ("group", "c", "b"), shrink="apeglm").table
    # the priors of the other coefficients are around another reference, so the two are close, not equal
    assert np.nanmedian(np.abs(turned["log2FoldChange"] + back["log2FoldChange"])) < 0.005
    with pytest.raises(StudyError, match="intercept"):
        compare(fit, "Intercept", shrink="normal")


def test_the_fit_tells_what_happened() -> None:
    result = made("three_groups")
    assert list(result.table.columns) == [
        "gene", "baseMean", "log2FoldChange", "lfcSE", "stat", "pvalue", "padj",
    ]  # fmt: skip
    assert result.fit.notes == ("11 outlying counts of 10 genes were replaced and the genes fitted again",)
    replaced = result.fit.replaced
    assert len(replaced) == 11
    assert (replaced["replacement"] < replaced["count"]).all()
    assert set(result.reasons) == {"", "no counts", "mean too low (independent filtering)"}
    np.testing.assert_array_equal(result.reasons != "", result.table["padj"].isna())
    assert (made("two_groups").reasons == "outlier (Cook's distance)").sum() == 8
    assert result.fit.dispersions.loc["g001", "dispersion"] == result.fit.run.genes.dispersion[0]
    assert list(result.fit.coefficients.columns) == ["Intercept", "group_b_vs_a", "group_c_vs_a"]
    with pytest.raises(StudyError, match="no gene 'nope'"):
        result.fit.cooks(("nope",))


def test_a_year_fits_as_well_as_years_since() -> None:
    samples = SAMPLES.assign(year=np.tile([2009, 2012, 2018, 2020], 6))
    since = samples.assign(year=samples["year"] - 2014)
    a, b = (
        differential_expression(matrix(COUNTS.loc[CALM]), frame, "~ year + group", ("group", "b", "a"))
        for frame in (samples, since)
    )
    np.testing.assert_allclose(a.table["log2FoldChange"], b.table["log2FoldChange"], atol=1e-4)
    np.testing.assert_allclose(a.table["pvalue"], b.table["pvalue"], rtol=2e-3)
    slope = a.fit.coefficients["year"] - b.fit.coefficients["year"]
    assert np.nanmax(np.abs(slope)) < 1e-4
    shift = a.fit.coefficients["Intercept"] + 2014 * a.fit.coefficients["year"] - b.fit.coefficients["Intercept"]
    assert np.nanmax(np.abs(shift)) < 1e-2


@pytest.mark.parametrize("shrink", ["none", "normal", "apeglm"])
def test_units_of_a_covariate_do_not_matter(shrink) -> None:
    counts = matrix(COUNTS.loc[CALM])
    tables = [
        differential_expression(
            counts, SAMPLES.assign(age=SAMPLES["age"] * u), "~ age + group", "age", shrink=shrink
        ).table.assign(log2FoldChange=lambda t, u=u: t["log2FoldChange"] * u, lfcSE=lambda t, u=u: t["lfcSE"] * u)
        for u in (1.0, 1e-6, 1e6)
    ]
    for other in tables[1:]:
        for column in ("log2FoldChange", "lfcSE", "pvalue"):
            np.testing.assert_allclose(other[column], tables[0][column], rtol=5e-3, atol=1e-5)


def test_calibrated_tests() -> None:
    fit = made("three_groups").fit
    for kind in ("moderated", "factors"):
        result = compare(fit, ("group", "b", "a"), calibrate=kind)
        assert "moderated t-tests" in result.notes[0]
        found = result.table.dropna()
        np.testing.assert_allclose(found["stat"], found["log2FoldChange"] / found["lfcSE"], rtol=1e-12)
    with pytest.raises(StudyError, match="takes the place of the Wald test"):
        compare(fit, ("group", "b", "a"), calibrate="moderated", shrink="apeglm")


def test_given_size_factors_and_table_with_sample_column() -> None:
    fit = made("two_groups").fit
    counts = matrix(COUNTS.iloc[:, TWO])
    table = SAMPLES.reset_index(names="sample").sample(frac=1, random_state=1)
    again = fit_expression(counts, table, "~ group", size_factors=fit.size_factors.to_dict())
    np.testing.assert_array_equal(again.run.genes.dispersion, fit.run.genes.dispersion)
    with pytest.raises(StudyError, match="'s01' has none"):
        fit_expression(counts, table, "~ group", size_factors={"s02": 1.0})
    with pytest.raises(StudyError, match="not above 0"):
        fit_expression(counts, table, "~ group", size_factors=dict.fromkeys(counts.columns, 0.0))


def changed(row: int, column: int, value: float) -> pd.DataFrame:
    frame = COUNTS.astype(float)
    frame.iloc[row, column] = value
    return frame


REFUSED = [
    (lambda: matrix(np.log2(COUNTS + 1), "log2_cpm1"), "~ group", "in log2_cpm1, needed is counts"),
    (lambda: matrix(np.log2(COUNTS + 1)), "~ group", "a fraction; these look like log values"),
    (lambda: matrix(changed(3, 4, 7.5)), "~ group", "counts.g004: sample 's05' is 7.5, which is a fraction. Give"),
    (lambda: matrix(changed(3, 4, -2)), "~ group", "counts.g004: sample 's05' is -2, which is below 0"),
    (lambda: matrix(changed(3, 4, -2).astype(int)), "~ group", "counts.g004: sample 's05' is -2, which is below 0"),
    (lambda: matrix(changed(3, 4, np.nan)), "~ group", "which is not finite"),
    (lambda: matrix(changed(3, 4, 3e9)), "~ group", "above 2147483647"),
    (lambda: matrix(COUNTS.set_axis(["g002", *COUNTS.index[1:]])), "~ group", "gene 'g002' stands more than once"),
    (lambda: matrix(COUNTS.set_axis(["s02", *COUNTS.columns[1:]], axis=1)), "~ group", "sample 's02'"),
    (lambda: matrix(COUNTS.iloc[:, :1]), "~ group", "1 sample"),
    (lambda: matrix(COUNTS.iloc[:0]), "~ group", "no gene"),
    (lambda: matrix(COUNTS.rename(columns={"s03": "s3"})), "~ group", "no row for sample 's3'"),
    (lambda: matrix(COUNTS.assign(s05=0)), "~ group", "sample 's05' has no counts"),
    (lambda: matrix(COUNTS * 0 + 4), "~ group", "same count in all samples"),
    (lambda: matrix(COUNTS.iloc[:, :8]), "~ group", "every sample is 'a'"),
    (lambda: matrix(COUNTS), "~ batch + time", "time cannot be told apart from batch"),
    (lambda: matrix(COUNTS), "~ patient + group", "group cannot be told apart from patient"),
    (lambda: matrix(COUNTS.iloc[:, [0, 8]]), "~ group", "2 coefficients for 2 samples"),
    (
        lambda: matrix(COUNTS.where(np.random.default_rng(1).uniform(size=COUNTS.shape) < 0.3, 0)),
        "~ group",
        "poscounts",
    ),
]


@pytest.mark.parametrize(("counts", "design", "words"), REFUSED, ids=[w for *_, w in REFUSED])
def test_refuses_in_a_sentence(counts, design: str, words: str) -> None:
    with pytest.raises(StudyError) as caught:
        differential_expression(counts(), SAMPLES, design)
    assert words in str(caught.value)
    assert len(caught.value.problems) == 1
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"alpha": 1.5}, "alpha"),
        ({"threshold": -1}, "threshold"),
        ({"alternative": "lessAbs"}, "above 0"),
        ({"reduced": "~ batch"}, "is no part of"),
        ({"reduced": "~ group"}, "is no part of"),
        ({"reduced": "~ 1", "threshold": 1.0}, "likelihood-ratio test has none"),
    ],
)
def test_refuses_options(options, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        differential_expression(matrix(COUNTS), SAMPLES, "~ group", **options)


def test_constant_genes_are_tested_not_refused() -> None:
    counts = COUNTS.copy()
    counts.loc["g001"] = 50
    result = differential_expression(matrix(counts), SAMPLES, "~ group")
    assert np.isfinite(result.table["pvalue"].iloc[0])


def test_repeated_sample_rows_are_refused() -> None:
    with pytest.raises(StudyError, match="more than one row"):
        differential_expression(matrix(COUNTS), pd.concat([SAMPLES, SAMPLES.iloc[:1]]), "~ group")
