"""The cited records: each version complete, limits as published, decided without division."""

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.reference.guidelines import COMMENTS, GUIDELINES, RCB, VERSIONS, Bound

LIMITS = [
    ("2007", "ihc", "score_3", ">", "0.3"),
    ("2007", "ihc", "score_2", ">=", "0.1"),
    ("2007", "ihc", "score_1", ">", "0"),
    ("2013", "ihc", "score_3", ">", "0.1"),
    ("2013", "ihc", "score_2", ">", "0.1"),
    ("2013", "ihc", "score_1", ">", "0.1"),
    ("2018", "ihc", "score_3", ">", "0.1"),
    ("2018", "ihc", "score_2", ">", "0.1"),
    ("2007", "ish", "ratio", ">", "2.2"),
    ("2007", "ish", "ratio_equivocal", ">=", "1.8"),
    ("2007", "ish", "copies_high", ">", "6"),
    ("2007", "ish", "copies_low", ">=", "4"),
    ("2013", "ish", "ratio", ">=", "2"),
    ("2013", "ish", "copies_high", ">=", "6"),
    ("2018", "ish", "ratio", ">=", "2"),
    ("2018", "ish", "copies_high", ">=", "6"),
    ("2018", "ish", "copies_low", ">=", "4"),
]


@pytest.mark.parametrize(("version", "assay", "name", "relation", "value"), LIMITS)
def test_published_limits(version, assay, name, relation, value):
    bound = getattr(getattr(GUIDELINES[version], assay), name)
    assert (bound.relation, bound.value) == (relation, Fraction(value))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_cited(version):
    guideline = GUIDELINES[version]
    assert guideline.version == version
    assert guideline.citation.doi.startswith("10.1200/JCO.")
    assert guideline.published.startswith(version)
    assert guideline.ruleset == f"asco-cap-{version}"
    assert guideline.ihc.reference
    assert guideline.ish.reference
    assert guideline.ish.min_cells == 20


def test_2023_affirms_2018():
    for assay in ("ihc", "ish"):
        old, new = (dataclasses.asdict(getattr(GUIDELINES[v], assay)) for v in ("2018", "2023"))
        assert {k: v for k, v in old.items() if "reference" not in k} == {
            k: v for k, v in new.items() if "reference" not in k
        }


def test_records_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        GUIDELINES["2018"].ish.min_cells = 10  # type: ignore[misc]
    with pytest.raises(TypeError):
        GUIDELINES["2018"] = GUIDELINES["2007"]  # type: ignore[index]
    with pytest.raises(TypeError):
        COMMENTS["C2"] = COMMENTS["C3"]  # type: ignore[index]


def test_comments_and_rcb():
    assert list(COMMENTS) == ["C2", "C3", "C4"]
    assert (RCB.class_1_up_to, RCB.class_2_up_to, RCB.power) == (1.36, 3.28, 0.17)


@settings(deadline=None)
@given(
    st.sampled_from([">", ">=", "<", "<="]),
    st.integers(0, 60),
    st.integers(1, 20),
    st.integers(0, 10**6),
    st.integers(1, 10**6),
)
def test_a_bound_compares_exact_quotients(relation, numerator, denominator, total, per):
    bound, quotient = Bound(relation, numerator, denominator), Fraction(total, per)
    limit = Fraction(numerator, denominator)
    expected = {">": quotient > limit, ">=": quotient >= limit, "<": quotient < limit, "<=": quotient <= limit}[
        relation
    ]
    assert bound.met_by(total, per) == bound.met_by(quotient) == expected


def test_how_a_limit_is_written():
    assert str(Bound(">=", 2)) == "≥ 2.0"
    assert str(Bound(">", 22, 10)) == "> 2.2"
    assert Bound(">", 10, 100).percent() == "> 10 %"
