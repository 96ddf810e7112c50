"""Numbers and titles say what the estimates say, and no more."""

import math
from dataclasses import replace

import pytest

from her2het.figures import words
from her2het.stats.estimate import Estimate

SHIFT = Estimate(
    "B − A", "shift", "log₂ CPM", -1.463, -2.021, -0.902, (14, 64), "rank-sum", 6.5e-6, 1.3e-5, groups=("B", "A")
)
NONE = replace(SHIFT, value=0.1, low=-0.3, high=0.5, p=0.23, q=0.4)


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.2345, "0.23"),
        (0.041, "0.041"),
        (0.02, "0.020"),
        (0.0996, "0.100"),
        (0.05, "0.050"),
        (0.001, "0.0010"),
        (0.00123, "0.0012"),
        (1.34e-5, "1.3 × 10⁻⁵"),
        (0.0, "< 10⁻³⁰⁰"),
        (math.nan, "–"),
        (1.0, "1.00"),
    ],
)
def test_p_is_exact(p: float, text: str) -> None:
    assert words.p_text(p) == text


def test_numbers_have_a_true_minus_and_no_minus_zero() -> None:
    assert words.number(-1.5, 1) == "−1.5"
    assert words.number(-0.004, 2) == "0.00"
    assert words.number(math.inf) == "∞"
    assert words.number(math.nan) == "–"


def test_precision_follows_the_interval() -> None:
    assert words.interval(SHIFT) == "−1.46 (−2.02 to −0.90)"
    assert words.interval(replace(SHIFT, value=-18.3, low=-29.1, high=-7.2)) == "−18 (−29 to −7)"
    assert words.interval(replace(SHIFT, value=0.81, low=0.727, high=0.868, standard=0.81)) == "0.81 (0.73 to 0.87)"
    assert words.interval(replace(SHIFT, low=math.nan, high=math.nan)).startswith("−1.46")


def test_a_title_claims_only_what_was_found() -> None:
    assert words.title_of_groups("ERBB2 mRNA", [SHIFT]) == "ERBB2 mRNA lower in B than in A"
    assert words.title_of_groups("ERBB2 mRNA", [NONE]) == (
        "ERBB2 mRNA: no difference found (shift 0.10 log₂ CPM, 95 % CI −0.30 to 0.50)"
    )
    assert words.title_of_groups("ERBB2 mRNA", []) == "ERBB2 mRNA by group"
    untested = replace(SHIFT, p=math.nan, q=math.nan)
    assert words.title_of_groups("ERBB2 mRNA", [untested]) == "ERBB2 mRNA by group"
    several = [SHIFT, replace(SHIFT, groups=("C", "A")), replace(SHIFT, groups=("C", "B"), value=1.0)]
    assert words.title_of_groups("x", several) == "X lower in B and C than in A; higher in C than in B"


def test_q_decides_where_there_is_one() -> None:
    assert words.found(SHIFT)
    assert not words.found(replace(SHIFT, q=0.06))
    assert words.found(replace(SHIFT, p=0.01, q=math.nan))


def test_a_shift_of_0_has_no_direction() -> None:
    """A rank test can find that groups differ whose median difference is 0; which is higher the effect does not say."""
    none = replace(SHIFT, value=0.0, standard=-0.4, low=-1.0, high=0.0)
    assert words.compared(none, "age") == "Age differs between B and A"
    assert words.title_of_groups("age", [none]) == "Age differs between B and A"
    assert words.moves(none) == "changes"
    assert words.related(none, "x", "y") == "Y changes as x does"


@pytest.mark.parametrize(
    ("effect", "value", "sign"),
    [
        ("AUC", 0.4, -1),
        ("AUC", 0.5, 0),
        ("odds ratio", 0.5, -1),
        ("odds ratio", math.inf, 1),
        ("probability of a rise", 0.6, 1),
        ("shift", -0.1, -1),
        ("general association", math.nan, 0),
    ],
)
def test_the_direction_is_away_from_no_effect(effect: str, value: float, sign: int) -> None:
    assert words.direction(replace(SHIFT, effect=effect, value=value)) == sign


def test_each_estimate_says_what_it_is_and_at_which_level() -> None:
    assert words.estimand(SHIFT) == "Hodges–Lehmann shift, log₂ CPM"
    assert words.estimand(replace(SHIFT, effect="odds ratio", unit="")) == "odds ratio"
    assert words.level(SHIFT) == "95 % CI"
    assert words.level(replace(SHIFT, level=0.940857)) == "94.1 % CI"
    assert words.level(replace(SHIFT, low=math.nan)) == ""


def test_no_interval_below_90_percent() -> None:
    assert words.level(replace(SHIFT, level=0.8997)) == "90 % CI"
    few = replace(SHIFT, level=0.8186)
    assert words.interval(few) == "−1.46"
    assert words.level(few) == "too few for an interval"
    assert words.effect(few) == "shift −1.46 log₂ CPM, too few for an interval"


def test_n_is_what_the_test_used() -> None:
    assert SHIFT.units == "14, 64"
    pairs = replace(SHIFT, n=(5,), of=(7,))
    assert pairs.units == "5 (of 7)"
    assert words.p_of_pairs(pairs) == "p = 6.5 × 10⁻⁶, n = 5 (of 7)"
    assert words.p_of_pairs(SHIFT) == "p = 6.5 × 10⁻⁶"


def test_findings_in_words() -> None:
    assert words.compared(SHIFT, "ERBB2 mRNA") == "ERBB2 mRNA is lower in B than in A"
    assert words.compared(NONE, "ERBB2 mRNA") == "No difference in ERBB2 mRNA found between B and A"
    assert words.compared(replace(SHIFT, value=0.0), "age") == "Age differs between B and A"
    assert words.compared(replace(SHIFT, p=math.nan, q=math.nan), "age") == "Age could not be compared between B and A"
    r = replace(SHIFT, groups=(), value=-0.6)
    assert (
        words.related(r, "ERBB2 mRNA", "residual cancer burden") == "Residual cancer burden falls as ERBB2 mRNA rises"
    )
    assert words.related(replace(r, q=0.3), "age", "rcb") == "No correlation found between age and rcb"


def test_a_variable_leads_to_its_column() -> None:
    columns = ("rcb", "pcr", "distance")
    assert words.column_of("Residual cancer burden", columns) == "rcb"
    assert words.column_of("pCR", columns) == "pcr"
    with pytest.raises(ValueError, match="no column"):
        words.column_of("stage", columns)
    assert words.inline("Age") == "age"
    assert words.inline("ERBB2/CEP17 ratio") == "ERBB2/CEP17 ratio"
    assert words.inline("age") == "age"


@pytest.mark.parametrize("name", ["Her2", "Basal", "Erbb2", "LumA", "Macrophages", "Signaling, by X", "HLA_A", "p53"])
def test_names_in_the_data_stay_as_they_are(name: str) -> None:
    assert words.inline(name) == name
    assert words.variable(name) == name


def test_a_name_does_not_get_a_capital() -> None:
    assert words.capital("p53 mRNA") == "p53 mRNA"
    assert words.capital("mTOR signalling") == "mTOR signalling"
    assert words.capital("log₂ CPM") == "log₂ CPM"
    assert words.capital("before-after change") == "Before-after change"
    assert words.capital("age, years") == "Age, years"
