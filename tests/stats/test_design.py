"""Formulas, coding and contrasts."""

import numpy as np
import pandas as pd
import pytest

from her2het.schema import StudyError
from her2het.stats.design import comparison, design_matrix, recoded
from her2het.stats.formula import parse_formula

formulaic = pytest.importorskip("formulaic", reason="comes with statsmodels from 0.15 on")


def table() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "er": np.tile(["Positive", "Negative"], 12),
            "her2": np.repeat(["low", "high", "zero"], 8),
            "age": rng.normal(55, 9, 24).round(1),
            "patient": np.repeat([f"p{i}" for i in range(12)], 2),
            "time": np.tile(["pre", "post"], 12),
            "batch number": np.tile(["1", "2", "2"], 8),
            "plate": np.tile([1, 2, 3], 8),
        },
        index=[f"s{i}" for i in range(24)],
    )
    frame["grade"] = pd.Categorical(np.tile(["II", "III", "I", "I"], 6), categories=["III", "II", "I", "none"])
    return frame


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("~ er + her2", "er + her2"),
        ("~ er * her2", "er * her2"),
        ("~ her2 + er:her2", "her2 + er:her2"),
        ("~ age + her2", "age + her2"),
        ("~ age * er", "age * er"),
        ("~ patient + time", "patient + time"),
        ("~ 0 + her2", "0 + her2"),
        ("~ her2 - 1", "her2 - 1"),
        ("~ (er + her2)^2", "(er + her2)**2"),
        ("~ er / her2", "er / her2"),
        ("~ factor(plate) + er", "C(plate) + er"),
        ("~ `batch number` + er", "`batch number` + er"),
        ("~ er + her2 + er:her2 - er:her2", "er + her2"),
        ("~ 1", "1"),
    ],
)
def test_codes_as_formulaic(ours: str, theirs: str) -> None:
    mine = design_matrix(table(), ours).values
    other = np.asarray(formulaic.model_matrix(theirs, table()), float)
    assert mine.shape == other.shape
    for column in other.T:  # the same columns, in R's order of terms
        assert any(np.array_equal(column, own) for own in mine.T)


def test_levels_order_and_names() -> None:
    design = design_matrix(table(), "~ grade + her2", {"her2": "zero"})
    assert design.levels["grade"] == ("III", "II", "I")
    assert design.levels["her2"] == ("zero", "high", "low")
    assert design.columns == (
        "Intercept", "grade_II_vs_III", "grade_I_vs_III", "her2_high_vs_zero", "her2_low_vs_zero",
    )  # fmt: skip
    crossed = design_matrix(table(), "~ er * age")
    assert crossed.columns == ("Intercept", "er_Positive_vs_Negative", "age", "erPositive.age")
    assert parse_formula("~ b:a + c").terms == (("c",), ("b", "a"))


def test_contrasts() -> None:
    design = design_matrix(table(), "~ er + her2")
    assert comparison(design, ("her2", "low", "high")).weights.tolist() == [0, 0, 1, 0]
    assert comparison(design, ("her2", "high", "low")).weights.tolist() == [0, 0, -1, 0]
    assert comparison(design, ("her2", "zero", "low")).weights.tolist() == [0, 0, -1, 1]
    assert comparison(design, None).name == "her2_zero_vs_high"
    both = comparison(design, ("her2", "zero", "low")).levels
    assert both is not None
    assert both.sum() == 16
    assert comparison(design_matrix(table(), "~ er * age"), "erPositive:age").weights.tolist() == [0, 0, 0, 1]
    plain = design_matrix(table(), "~ 0 + her2")
    assert comparison(plain, ("her2", "zero", "high")).weights.tolist() == [-1, 0, 1]
    other = recoded(design, "her2", "low")
    assert other.levels["her2"][0] == "low"
    assert np.linalg.matrix_rank(np.hstack([design.values, other.values])) == 4


def with_batch() -> pd.DataFrame:
    return table().assign(site=lambda t: t["her2"].map({"low": "x", "high": "y", "zero": "y"}))


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("er + her2", "does not begin with ~"),
        ("~", "names no term"),
        ("~ er +", "nothing where a variable belongs"),
        ("~ log(age)", "function log()"),
        ("~ er @ her2", "'@'"),
        ("~ (er + her2", "not closed"),
        ("~ (er + her2)^x", "whole number"),
        ("~ er her2", "where a term was to end"),
        ("~ 0", "nothing to estimate"),
        ("~ her", "no column 'her'. Did you mean 'her2'?"),
        ("~ her2 + site", "site cannot be told apart from her2: each her2 has one site only"),
        ("~ site + her2", "her2 cannot be told apart from site: each her2 has one site only"),
        ("~ patient + her2", "her2 cannot be told apart from patient: each patient has one her2 only"),
        ("~ her2 * patient", "no sample has the combination"),
        ("~ patient * time", "24 coefficients for 24 samples"),
    ],
)
def test_refuses_designs(formula: str, words: str) -> None:
    with pytest.raises(StudyError) as caught:
        design_matrix(with_batch(), formula)
    assert words in str(caught.value)
    assert len(caught.value.problems) == 1


def test_refuses_values() -> None:
    gap = table()
    gap.loc["s3", "er"] = None
    with pytest.raises(StudyError, match="sample 's3' has no value"):
        design_matrix(gap, "~ er")
    with pytest.raises(StudyError, match="every sample is 'low'"):
        design_matrix(table().iloc[:8], "~ her2")
    with pytest.raises(StudyError, match="all 24 samples have the value 4"):
        design_matrix(table().assign(age=4), "~ age")
    with pytest.raises(StudyError, match="not finite"):
        design_matrix(table().assign(age=np.r_[np.inf, np.ones(23)]), "~ age")
    with pytest.raises(StudyError, match="years cannot be told apart from age"):
        design_matrix(table().assign(years=lambda t: t["age"] * 2), "~ age + years")
    with pytest.raises(StudyError, match="no level 'hi'"):
        design_matrix(table(), "~ her2", {"her2": "hi"})
    with pytest.raises(StudyError, match="not in the design"):
        design_matrix(table(), "~ her2", {"er": "Positive"})
    with pytest.raises(StudyError, match="holds numbers"):
        design_matrix(table(), "~ plate", {"plate": "2"})


@pytest.mark.parametrize(
    ("contrast", "words"),
    [
        (("her2", "High", "low"), "no level 'High'. Did you mean 'high'?"),
        (("her", "high", "low"), "not a term"),
        (("age", "1", "2"), "holds numbers"),
        (("her2", "low", "low"), "with itself"),
        (("her2", "low"), "2 words"),
        ("her2_low", "no coefficient 'her2_low'"),
    ],
)
def test_refuses_contrasts(contrast, words: str) -> None:
    with pytest.raises(StudyError) as caught:
        comparison(design_matrix(table(), "~ age + her2"), contrast)
    assert words in str(caught.value)


def test_far_and_tiny_covariates_are_conditioned() -> None:
    frame = table().assign(year=np.tile([2011, 2014, 2019], 8), share=lambda t: t["age"] * 1e-6)
    design = design_matrix(frame, "~ year + share + her2")
    fitted, back = design.conditioned()
    assert abs(fitted[:, 1].mean()) < 1e-9
    assert 0.1 < fitted[:, 2].std() < 10
    np.testing.assert_array_equal(fitted[:, [0, 3, 4]], design.values[:, [0, 3, 4]])
    np.testing.assert_allclose(fitted, design.values @ back, atol=1e-9)  # X b = X R b'
    plain = design_matrix(frame, "~ age + her2")
    np.testing.assert_array_equal(plain.conditioned()[0], plain.values)
