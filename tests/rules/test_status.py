"""Combined status: every cell of the combination tables, the recount's conditions, partial and failed tests."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.reference.guidelines import VERSIONS
from her2het.rules.case import case_from
from her2het.rules.status import verdict
from her2het.schema import StudyError

ISH = {1: ("2.5", "6"), 2: ("2.5", "3"), 3: ("1.5", "7"), 4: ("1.5", "5"), 5: ("1.1", "2"), None: None}
IHC = {"3+": {"score": "3+"}, "2+": {"score": "2+"}, "1+": {"score": "1+"}, "0": {"ic": 0}, None: None}
R, A = "RECOUNT_REQUIRED", "ADJUDICATION_REQUIRED"
# IHC, group -> status, comment, stratum
COMBINED = {
    ("3+", None): ("POSITIVE", None, "positive"),
    **{("3+", g): ("POSITIVE", None, "positive") for g in (1, 2, 3, 4, 5)},
    ("2+", None): ("EQUIVOCAL", None, "unresolved"),
    ("2+", 1): ("POSITIVE", None, "positive"),
    ("2+", 2): (R, None, "unresolved"),
    ("2+", 3): (R, None, "unresolved"),
    ("2+", 4): (R, None, "unresolved"),
    ("2+", 5): ("NEGATIVE", None, "low"),
    ("1+", None): ("NEGATIVE", None, "low"),
    ("1+", 1): ("POSITIVE", None, "positive"),
    ("1+", 2): ("NEGATIVE", "C2", "low"),
    ("1+", 3): ("NEGATIVE", "C3", "low"),
    ("1+", 4): ("NEGATIVE", "C4", "low"),
    ("1+", 5): ("NEGATIVE", None, "low"),
    ("0", None): ("NEGATIVE", None, "null"),
    ("0", 1): ("POSITIVE", None, "positive"),
    ("0", 2): ("NEGATIVE", "C2", "null"),
    ("0", 3): ("NEGATIVE", "C3", "null"),
    ("0", 4): ("NEGATIVE", "C4", "null"),
    ("0", 5): ("NEGATIVE", None, "null"),
    (None, 1): ("POSITIVE", None, "positive"),
    (None, 2): ("INCOMPLETE", None, "unknown"),
    (None, 3): ("INCOMPLETE", None, "unknown"),
    (None, 4): ("INCOMPLETE", None, "unknown"),
    (None, 5): ("NEGATIVE", None, "unknown"),
    (None, None): ("INCOMPLETE", None, "unknown"),
}


def record(ihc, group, **more):
    ish = ISH[group]
    parts = {
        "ihc": IHC[ihc],
        "ish": None if ish is None else {"ratio": ish[0], "copies": ish[1], "n": 40, "observer": "a"},
    }
    return {**parts, **more}


@pytest.mark.parametrize("version", ["2018", "2023"])
@pytest.mark.parametrize(("key", "expected"), COMBINED.items())
def test_combination_of_2018(version, key, expected):
    found = verdict(case_from(record(*key)), version)
    assert (found.status, found.comment_code, found.stratum) == expected
    assert found.has("DISCORDANT") == (key in {("3+", 5), ("1+", 1), ("0", 1)})
    if found.status == "INCOMPLETE":
        assert found.missing


@pytest.mark.parametrize("first", [2, 3, 4])
@pytest.mark.parametrize("second", [1, 2, 3, 4, 5])
def test_recount_with_ihc_2(first, second):
    ratio, copies = ISH[second]
    recount = {"ratio": ratio, "copies": copies, "n": 20, "observer": "b", "blinded": True, "includes_2plus_area": True}
    found = verdict(case_from(record("2+", first, recount=recount)), "2018")
    if first != second:
        assert (found.status, found.comment_code) == (A, None)
    elif first == 3:
        assert (found.status, found.comment_code, found.stratum) == ("POSITIVE", None, "positive")
    else:
        assert (found.status, found.comment_code, found.stratum) == ("NEGATIVE", f"C{first}", "low")


GOOD = {"ratio": "1.5", "copies": "5", "n": 20, "observer": "b", "blinded": True}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"observer": "a"}, "same observer"),
        ({"observer": " A "}, "same observer"),
        ({"n": 19}, "19 cells"),
        ({"blinded": False}, "knew the first result"),
        ({"includes_2plus_area": False}, "2+ area was left out"),
        ({"copies": None}, "missing"),
        ({"controls_ok": False}, "no result"),
    ],
)
def test_invalid_recounts_are_not_used(change, why):
    found = verdict(case_from(record("2+", 4, recount={**GOOD, **change})), "2018")
    assert found.status == R
    assert found.recount_state == "invalid"
    assert why in next(flag.text for flag in found.flags if flag.code == "RECOUNT_INVALID")


def test_an_observer_without_a_name_is_not_stated():
    for nobody in ("", "  "):
        found = verdict(case_from(record("2+", 4, recount={**GOOD, "observer": nobody})), "2018")
        assert "who counted" in next(flag.text for flag in found.flags if flag.code == "RECOUNT_UNDOCUMENTED")


def test_implausible_numbers_ask_for_a_look():
    found = verdict(case_from({"ihc": {"score": "2+"}, "ish": {"ratio": "2.1", "copies": "88"}}), "2018")
    assert found.has("IMPLAUSIBLE")
    assert "Check the ISH numbers as they were entered." in found.next_actions


def test_an_undocumented_recount_is_used_and_flagged():
    found = verdict(case_from(record("2+", 4, recount={"ratio": "1.5", "copies": "5"})), "2018")
    assert found.status == "NEGATIVE"
    assert "who counted" in next(flag.text for flag in found.flags if flag.code == "RECOUNT_UNDOCUMENTED")


@pytest.mark.parametrize(
    ("ihc", "group", "version"),
    [("1+", 4, "2018"), ("3+", 4, "2018"), ("2+", 1, "2018"), ("2+", 5, "2023"), ("2+", 4, "2013")],
)
def test_a_recount_that_nobody_asked_for_changes_nothing(ihc, group, version):
    other = {"ratio": "3", "copies": "9", "n": 20, "observer": "b", "blinded": True}
    with_, without = (verdict(case_from(record(ihc, group, **more)), version) for more in ({"recount": other}, {}))
    assert (with_.status, with_.comment_code, with_.stratum) == (without.status, without.comment_code, without.stratum)
    assert with_.has("RECOUNT_NOT_CALLED_FOR")
    assert with_.recount_state == "not used"


OLDER = [
    # IHC, ratio, copies -> 2007, 2013
    ("3+", "1.0", "2", "POSITIVE", "POSITIVE"),
    ("2+", None, None, "EQUIVOCAL", "EQUIVOCAL"),
    ("1+", None, None, "NEGATIVE", "NEGATIVE"),
    ("1+", "2.3", "5", "POSITIVE", "POSITIVE"),
    ("1+", "2.1", "5", "EQUIVOCAL", "POSITIVE"),
    ("1+", "1.5", "5", "NEGATIVE", "EQUIVOCAL"),
    ("2+", "1.5", "3", "NEGATIVE", "NEGATIVE"),
    ("2+", "1.5", "5", "NEGATIVE", "EQUIVOCAL"),
    (None, "2.0", "3", "EQUIVOCAL", "POSITIVE"),
    (None, "1.0", "2", "NEGATIVE", "NEGATIVE"),
    (None, None, None, "INCOMPLETE", "INCOMPLETE"),
]


@pytest.mark.parametrize(("ihc", "ratio", "copies", "in_2007", "in_2013"), OLDER)
def test_combination_of_2007_and_2013(ihc, ratio, copies, in_2007, in_2013):
    case = case_from({"ihc": IHC[ihc], "ish": {"ratio": ratio, "copies": copies} if ratio else None})
    assert verdict(case, "2007").status == in_2007
    assert verdict(case, "2013").status == in_2013
    assert verdict(case, "2007").stratum is None


SINGLE = [
    # copies, IHC, dual-probe group -> status
    ("6.0", None, None, "POSITIVE"),
    ("6.0", "1+", None, "POSITIVE"),
    ("5.0", "3+", None, "POSITIVE"),
    ("5.0", None, 1, "POSITIVE"),
    ("5.0", "2+", None, "DUAL_PROBE_REQUIRED"),
    ("5.0", "1+", None, "NEGATIVE"),
    ("5.0", "0", None, "NEGATIVE"),
    ("5.0", None, 5, "NEGATIVE"),
    ("5.0", "2+", 5, "NEGATIVE"),
    ("5.0", "2+", 4, "RECOUNT_REQUIRED"),
    ("5.0", "1+", 4, "NEGATIVE"),
    ("5.0", None, 3, "INCOMPLETE"),
    ("5.0", None, None, "INCOMPLETE"),
    ("3.9", None, None, "NEGATIVE"),
    ("3.9", "2+", None, "NEGATIVE"),
    ("3.9", "3+", None, "POSITIVE"),
]


@pytest.mark.parametrize("version", ["2018", "2023"])
@pytest.mark.parametrize(("copies", "ihc", "group", "status"), SINGLE)
def test_single_probe_flow(version, copies, ihc, group, status):
    found = verdict(case_from(record(ihc, group, single_probe={"copies": copies, "n": 40})), version)
    assert found.status == status


def test_single_probe_details():
    assert verdict(case_from(record("1+", None, single_probe={"copies": "6.5"})), "2018").has("DISCORDANT")
    assert verdict(case_from(record("3+", None, single_probe={"copies": "3"})), "2018").has("DISCORDANT")
    both = verdict(case_from(record("2+", 5, single_probe={"copies": "6.5"})), "2018")
    assert both.has("SINGLE_DUAL_DISCORDANT")
    assert both.status == "NEGATIVE"


def test_failed_and_insufficient_tests():
    failed = {"ratio": "1.1", "copies": "2", "controls_ok": False}
    few = {"her2": 90, "cep17": 20, "n": 10}
    for version in VERSIONS:
        both = {"ihc": {"score": "2+", "controls_ok": False}, "ish": failed}
        assert verdict(case_from(both), version).status == "INDETERMINATE"
        assert verdict(case_from({"ish": failed}), version).status == "INDETERMINATE"
        assert verdict(case_from({"ihc": {"score": "2+"}, "ish": failed}), version).status == "EQUIVOCAL"
        assert verdict(case_from({"ihc": {"score": "2+"}, "ish": few}), version).status == "INSUFFICIENT"
        assert verdict(case_from({"ish": few}), version).status == "INSUFFICIENT"
        alone = verdict(case_from({"ihc": {"score": "1+"}, "ish": few}), version)
        assert (alone.status, alone.has("ISH_SET_ASIDE"), alone.basis) == ("NEGATIVE", True, "IHC")
        by_ish = verdict(
            case_from({"ihc": {"score": "2+", "controls_ok": False}, "ish": {"ratio": "3", "copies": "9"}}), version
        )
        assert (by_ish.status, by_ish.has("IHC_SET_ASIDE"), by_ish.ihc_score) == ("POSITIVE", True, None)


PARTIAL = [
    # IHC, ISH as given -> status, basis, flag
    ("1+", {"ratio": "1.1"}, "NEGATIVE", "IHC and ISH", "SAME_WHICHEVER"),
    ("3+", {"ratio": "1.1"}, "POSITIVE", "IHC and ISH", "SAME_WHICHEVER"),
    ("2+", {"ratio": "1.1"}, "INCOMPLETE", "IHC and ISH", "COPIES_MISSING"),
    ("2+", {"ratio": "1.1", "reported": "negative"}, "NEGATIVE", "IHC and reported ISH", "ISH_AS_REPORTED"),
    ("2+", {"ratio": "3.1", "reported": "positive"}, "POSITIVE", "IHC and reported ISH", "ISH_AS_REPORTED"),
    ("1+", {"ratio": "3.1"}, "INCOMPLETE", "IHC and ISH", "COPIES_MISSING"),
    (None, {"reported": "positive"}, "POSITIVE", "reported ISH", "ISH_AS_REPORTED"),
    ("2+", {"reported": "equivocal"}, "EQUIVOCAL", "IHC and reported ISH", "ISH_AS_REPORTED"),
    ("3+", {"reported": "negative"}, "POSITIVE", "IHC and reported ISH", "DISCORDANT"),
    ("2+", {"ratio": "1.1", "copies": "2", "reported": "positive"}, "NEGATIVE", "IHC and ISH", "REPORTED_DISAGREES"),
    ("1+", {"ratio": "1.9", "reported": "positive"}, "NEGATIVE", "IHC and ISH", "REPORTED_DISAGREES"),
    ("1+", {"ratio": "2.9", "copies": "3", "reported": "positive"}, "NEGATIVE", "IHC and ISH", "REPORTED_DISAGREES"),
    ("2+", {"copies": "2"}, "NEGATIVE", "IHC and ISH", "COPIES_ONLY"),
]


@pytest.mark.parametrize(("ihc", "ish", "status", "basis", "flag"), PARTIAL)
def test_what_is_missing(ihc, ish, status, basis, flag):
    found = verdict(case_from({"ihc": IHC[ihc], "ish": ish}), "2018")
    assert (found.status, found.basis) == (status, basis)
    assert found.has(flag)
    if status == "INCOMPLETE":
        assert "HER2 copies per cell" in found.missing


def test_uncovered_staining_with_ish():
    ihc = {"mc": 10}
    expected = {1: "POSITIVE", 2: "INDETERMINATE", 3: "INDETERMINATE", 4: "INDETERMINATE", 5: "NEGATIVE"}
    for group, status in expected.items():
        ratio, copies = ISH[group]
        found = verdict(case_from({"ihc": ihc, "ish": {"ratio": ratio, "copies": copies}}), "2018")
        assert found.status == status
        assert found.stratum == ("positive" if status == "POSITIVE" else "review")
        assert any("second reading" in action for action in found.next_actions)


def test_second_population_is_reported_beside_the_first():
    second = {"ratio": "3", "copies": "8", "n": 20, "share_percent": 20}
    found = verdict(case_from(record("2+", 5, second_population=second)), "2013")
    assert found.status == "NEGATIVE"
    assert "ISH positive" in next(flag.text for flag in found.flags if flag.code == "SECOND_POPULATION")
    assert "Report both populations." in found.next_actions
    with pytest.raises(StudyError, match="share_percent"):
        case_from(record("2+", 5, second_population={"ratio": "3", "copies": "8"}))


@pytest.mark.parametrize(
    ("context", "ihc", "version", "advised"),
    [
        ({"specimen": "core_biopsy"}, "1+", "2013", True),
        ({"specimen": "core_biopsy"}, "1+", "2018", True),
        ({"specimen": "core_biopsy"}, "1+", "2007", False),
        ({"specimen": "excision"}, "1+", "2018", False),
        ({"histology": "tubular"}, "3+", "2018", True),
        ({"histology": "nst", "grade": 1, "er": True, "pr": True}, "3+", "2018", True),
        ({"histology": "nst", "grade": 1, "er": True}, "3+", "2018", False),
        ({"grade": 3}, "0", "2018", True),
        ({"grade": 3}, "3+", "2018", False),
    ],
)
def test_retest_is_advice_only(context, ihc, version, advised):
    with_, without = (verdict(case_from({"ihc": IHC[ihc], **more}), version) for more in ({"context": context}, {}))
    assert with_.has("CONSIDER_RETEST") == advised
    assert with_.status == without.status


def test_advice_does_not_contradict_the_comment():
    """Group 4 without 3+ asks for no further test of the specimen, even where the ratio lies between 1.8 and 2.2."""
    found = verdict(case_from({"ihc": {"score": "1+"}, "ish": {"ratio": "1.9", "copies": "5"}}), "2018")
    assert found.has("RECOUNT_ADVISED")
    assert not found.next_actions


REFUSED = [
    ({"recount": {"ratio": "2", "copies": "4"}}, "there is no first count"),
    ({"ihc": "2+"}, "is not a record"),
    ({"isch": {}}, "Did you mean 'ish'?"),
    ({"case": ["P7"]}, "is not a name"),
    ({"case": {"name": "P7"}, "ihc": {"score": "2+"}}, "is not a name"),
    ({"context": {"grade": 4}}, "outside 1 to 3"),
    ({"context": {"histology": "ductal"}}, "is none of nst"),
    ({"ish": {"copies": "5"}, "single_probe": {"copies": "5"}}, "Give the ratio"),
]


@pytest.mark.parametrize(("given_", "words"), REFUSED)
def test_refusals(given_, words):
    with pytest.raises(StudyError) as caught:
        case_from(given_)
    assert words in str(caught.value)


def test_a_name_stays_on_one_line():
    assert case_from({"case": " P7\n2018  POSITIVE\x0b"}).name == "P7 2018 POSITIVE"
    assert len(case_from({"case": "x" * 500}).name) == 80
    assert case_from({"case": ""}).name == "unnamed"


def test_problems_name_the_case():
    with pytest.raises(StudyError, match=r"^P7\.ish\.ratio: -1"):
        case_from({"case": "P7", "ish": {"ratio": -1}})


ORDER = {"NEGATIVE": 0, "POSITIVE": 1}
tenth = st.integers(0, 120).map(lambda k: f"{k // 10}.{k % 10}")


@settings(deadline=None)
@given(
    tenth,
    tenth,
    tenth,
    st.sampled_from(["0", "1+", "2+", "3+", None]),
    st.sampled_from(["2018", "2023"]),
    st.booleans(),
)
def test_more_copies_never_turn_positive_into_negative(ratio, fewer, more, ihc, version, recounted):
    """At equal ratio and IHC under 2018; with a recount that confirms the first count, and without one."""
    if float(fewer) > float(more):
        fewer, more = more, fewer

    def status(copies):
        ish = {"ratio": ratio, "copies": copies, "n": 20, "observer": "a"}
        recount = {**ish, "observer": "b", "blinded": True} if recounted else None
        return verdict(case_from({"ihc": IHC[ihc], "ish": ish, "recount": recount}), version).status

    before, after = status(fewer), status(more)
    if before in ORDER and after in ORDER:
        assert ORDER[after] >= ORDER[before]
    if before == "POSITIVE":
        assert after != "NEGATIVE"


@settings(deadline=None)
@given(tenth, tenth, st.sampled_from(["0", "1+", "2+", "3+", None]), st.sampled_from(VERSIONS))
def test_every_case_has_a_status_a_reason_and_a_trace(ratio, copies, ihc, version):
    found = verdict(case_from({"ihc": IHC[ihc], "ish": {"ratio": ratio, "copies": copies, "n": 20}}), version)
    assert found.reason.endswith(".")
    assert found.steps[-1].outcome.startswith(found.status)
    assert found.status in {"POSITIVE", "NEGATIVE"} or found.next_actions
