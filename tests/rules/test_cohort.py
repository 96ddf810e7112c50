"""Many cases at once: the table, the matrix and agreement with a hospital's own status, on cases made here."""

import pandas as pd
import pytest

from her2het.rules.agreement import agreement, hospital_status
from her2het.rules.cohort import classify, reclassification, status_table
from her2het.schema import StudyError

RECORDS = [
    {"case": "a", "ihc": {"score": "2+"}, "ish": {"ratio": "2.1", "copies": "3.5"}},
    {"case": "b", "ihc": {"score": "1+"}, "ish": {"ratio": "1.5", "copies": "7"}},
    {"case": "c", "ihc": {"score": "2+"}},
    {"case": "d", "ihc": {"fi": 5}},
    {"case": "e", "ihc": {"ic": 20}},
    {"case": "f"},
    {"case": "g", "ish": {"reported": "positive"}},
    {"case": "h", "ihc": {"score": "2+"}, "ish": {"ratio": "2.05", "reported": "positive"}},
]
HOSPITAL = {
    "a": ("Equivocal", "Positive"),
    "b": ("Negative", "Negative"),
    "c": ("Positive", None),
    "d": ("Negative", None),
    "e": ("Equivocal", "Negative"),
    "f": ("Positive", None),
    "g": (None, "Positive"),
    "h": ("Equivocal", "Positive"),
}


def test_status_table():
    frame = status_table(classify(RECORDS, notes={"g": ("as written",)})).set_index("case")
    assert frame.loc["a", ["status_2007", "status_2013", "status_2018"]].tolist() == [
        "EQUIVOCAL",
        "POSITIVE",
        "RECOUNT_REQUIRED",
    ]
    assert frame.loc["b", ["status_2007", "status_2013", "status_2018"]].tolist() == [
        "NEGATIVE",
        "POSITIVE",
        "NEGATIVE",
    ]
    assert frame.loc["b", "comment_2018"] == "C3"
    assert frame.loc["e", ["status_2007", "status_2023"]].tolist() == ["EQUIVOCAL", "POSITIVE"]
    assert frame.loc["f", "reason_2023"] == "Neither an IHC score nor an ISH result is given."
    assert frame.loc["g", "read_as"] == "as written"
    assert set(frame["intended_use"]) == {"research_use_only"}
    assert frame["reason_2007"].str.len().min() > 5


def test_reclassification():
    found = reclassification(classify(RECORDS))
    assert found.table.to_numpy().sum() == found.n == len(RECORDS)
    assert set(found.moved["case"]) == {"a", "e", "h"}
    assert found.moved.set_index("case")["basis_changes"].to_dict() == {"a": False, "e": False, "h": True}
    assert (found.carried_ihc, found.rescored_ihc, found.ish_numbers, found.ish_reported) == (4, 2, 3, 1)
    assert found.by_numbers.to_numpy().sum() == 4  # a, b, d, e
    assert "reflects ISH alone" not in found.note
    assert "In 1 of the cases that move" in found.note


def test_with_bare_scores_the_matrix_reflects_ish_alone():
    bare = [r for r in RECORDS if "score" in r.get("ihc", {"score": 1})]
    assert "this matrix reflects ISH alone" in reclassification(classify(bare)).note


@pytest.mark.parametrize(
    ("ihc", "ish", "status"),
    [
        ("Positive", "Positive", "Positive"),
        ("Positive", "Negative", "Tests conflict"),
        ("Equivocal", "Negative", "Negative"),
        ("Indeterminate", "Positive", "Positive"),
        ("Negative", None, "Negative"),
        (None, "positive", "Positive"),
        ("Equivocal", None, "Equivocal"),
        ("Indeterminate", None, "Indeterminate"),
        (None, None, "None"),
    ],
)
def test_hospital_status(ihc, ish, status):
    assert hospital_status(ihc, ish) == status


def test_agreement_and_causes():
    found = agreement(classify(RECORDS), HOSPITAL, "2018")
    assert found.table.to_numpy().sum() == len(RECORDS)
    assert (found.comparable, found.agree) == (5, 4)  # b, d, e, g, h; not e
    causes = found.discordant.set_index("case")["cause"].to_dict()
    assert causes == {
        "a": "an ISH group that needs a work-up which is not documented",
        "c": "IHC 2+ without ISH",
        "e": "IHC 3+ makes the case positive",
        "f": "no score, count or ISH category behind the hospital's status",
    }
    assert found.causes["cases"].sum() == len(found.discordant)


def test_agreement_of_nothing_to_compare():
    found = agreement(classify([{"case": "f"}]), {}, "2018")
    assert isinstance(found.causes, pd.DataFrame)
    assert found.causes.empty


def test_all_problems_at_once():
    with pytest.raises(StudyError) as caught:
        classify([{"case": "x", "ihc": {"score": "9"}}, {"case": "y", "ish": {"ratio": -1}}, {"case": "z"}])
    assert len(caught.value.problems) == 2
    assert "x.ihc.score" in caught.value.problems[0]
    with pytest.raises(StudyError) as caught:
        classify({"case": str(i), "ish": {"ratio": -1}} for i in range(50))
    assert caught.value.problems[-1] == "and 30 more problems like these."
