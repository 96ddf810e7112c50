"""The thirteen worked cases A-M: status, group, comment and stratum under every version, and their traces."""

import json
from pathlib import Path

import pytest

from her2het.reference.guidelines import VERSIONS
from her2het.rules.case import case_from
from her2het.rules.render import text_of, texts_of
from her2het.rules.status import Policy, verdict, verdicts

GIVEN = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
CASES = {record["case"]: record for record in GIVEN["cases"]}
EXPECTED = GIVEN["expected"]


@pytest.mark.parametrize("name", list("ABCDEFGHIJKLM"))
def test_expected_verdicts(name):
    found, expected = verdicts(case_from(CASES[name])), EXPECTED[name]
    assert [found[v].status for v in ("2007", "2013", "2018")] == expected["status"]
    assert found["2007"].ish is not None
    assert found["2013"].ish is not None
    assert found["2007"].ish.category == expected["ish_2007"]
    assert found["2013"].ish.category == expected["ish_2013"]
    for version in ("2018", "2023"):
        one = found[version]
        assert one.ish is not None
        assert one.status == expected["status"][2]
        assert one.ish.group == expected["group"]
        assert one.comment_code == expected["comment"]
        assert one.stratum == expected["stratum"]
    assert found["2018"].has("DISCORDANT") == (name == "L")


@pytest.mark.parametrize("name", list("ABCDEFGHIJKLM"))
@pytest.mark.parametrize("version", VERSIONS)
def test_a_trace_a_pathologist_can_follow(name, version):
    found = verdict(case_from(CASES[name]), version)
    assert len(found.steps) >= 3  # IHC, ISH, both together (and the recount)
    assert found.steps[-1].outcome.startswith(found.status)
    for step in found.steps:
        assert step.observed
        assert step.rule
        assert step.outcome
        assert step.reference.startswith("Wolff 20")
    if found.status not in {"POSITIVE", "NEGATIVE"}:
        assert found.next_actions
    text = text_of(found)
    assert f"Case {name}" in text
    assert found.reason in text
    assert "doi 10.1200/JCO." in text
    assert found.inputs_sha256 in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_adjudication_shows_both_counts_and_chooses_nothing():
    found = verdict(case_from(CASES["D"]), "2018")
    assert (found.ish and found.ish.group, found.recount and found.recount.group) == (2, 1)
    assert found.recount_state == "accepted"
    text = text_of(found)
    assert "ratio 2.10, 3.5" in text
    assert "ratio 2.05, 4.1" in text
    assert found.stratum == "unresolved"


def test_adjudication_shows_the_pooled_counts_for_information():
    record = {
        "ihc": {"score": "2+"},
        "ish": {"her2": 70, "cep17": 33, "n": 20, "observer": "a"},
        "recount": {"her2": 82, "cep17": 40, "n": 20, "observer": "b", "blinded": True},
    }
    found = verdict(case_from(record), "2018")
    assert found.status == "ADJUDICATION_REQUIRED"
    assert "for information: ratio 152/73, copies 152/40" in " ".join(text_of(found).split())


def test_comments_are_in_the_text_of_their_cases():
    for name, code in (("C", "C2"), ("G", "C3"), ("H", "C4")):
        assert f"Comment {code}:" in text_of(verdict(case_from(CASES[name]), "2023"))


def test_all_versions_start_with_a_summary_and_end_with_the_notice():
    text = texts_of(verdicts(case_from(CASES["G"])))
    assert text.index("2013 to 2018: ISH positive to workup; status POSITIVE to NEGATIVE.") < text.index("Trace")
    assert text.rstrip().endswith("endorsed by them.")
    assert "Research use only" in text
    assert "Every step as under 2018" in text


@pytest.mark.parametrize(("name", "reference"), [("A", "fig. 3"), ("D", "fig. 4"), ("G", "fig. 5"), ("M", "fig. 2")])
def test_the_status_names_the_figure_it_stands_in(name, reference):
    assert verdict(case_from(CASES[name]), "2018").steps[-1].reference == f"Wolff 2018, {reference}"


def test_advice_is_given_once_and_where_it_matters():
    again = "Advice: count at least 20 more cells, preferably by a second observer."
    assert verdict(case_from(CASES["A"]), "2018").next_actions == (again,)
    assert verdict(case_from(CASES["A"]), "2007").next_actions == ("Count more cells, or repeat ISH.",)
    assert verdict(case_from(CASES["E"]), "2018").next_actions == ()  # IHC 3+ settles it


def test_whether_the_2_plus_area_was_recounted_is_asked():
    found = verdict(case_from(CASES["C"]), "2018")
    assert "whether the IHC 2+ area was included" in next(
        f.text for f in found.flags if f.code == "RECOUNT_UNDOCUMENTED"
    )
    told = {**CASES["C"], "recount": {**CASES["C"]["recount"], "includes_2plus_area": True}}
    assert not verdict(case_from(told), "2018").has("RECOUNT_UNDOCUMENTED")


def test_strict_reading_of_the_older_versions():
    """Read test by test, IHC 2+ with negative ISH stays equivocal in 2013; the default settles it and says so."""
    case = case_from(CASES["I"])
    assert verdict(case, "2013").status == "NEGATIVE"
    assert verdict(case, "2013").has("REFLEX_SETTLED")
    assert verdict(case, "2013", Policy(combination="all_tests")).status == "EQUIVOCAL"
    assert verdict(case, "2018", Policy(combination="all_tests")).status == "NEGATIVE"


def test_json_round_trip_has_the_fields_of_a_final_status():
    found = json.loads(json.dumps(verdict(case_from(CASES["C"]), "2018").as_dict()))
    assert found["intended_use"] == "research_use_only"
    assert found["ruleset_version"] == "asco-cap-2018/1"
    assert (found["guideline"], found["ihc_score"], found["ish_group"]) == ("2018", "2+", 2)
    assert (found["status"], found["comment_code"], found["stratum"]) == ("NEGATIVE", "C2", "low")
    assert found["recount"]["group"] == 2
    assert {flag["code"] for flag in found["warnings"]} >= {"LEGACY_SCORE", "RECOUNT_ADVISED"}
    assert len(found["inputs_sha256"]) == 64


def test_the_digest_is_of_the_inputs_alone():
    one, other = CASES["A"], {**CASES["A"], "case": "another name"}
    assert case_from(one).inputs_sha256 == case_from(other).inputs_sha256
    assert case_from(one).inputs_sha256 != case_from({**one, "ihc": {"score": "1+"}}).inputs_sha256


def test_the_record_in_the_manual_is_read():
    manual = (Path(__file__).parents[2] / "docs" / "her2_rules.md").read_text(encoding="utf-8")
    record = json.loads(manual.split("```json\n")[1].split("```")[0])
    found = verdict(case_from(record), "2018")
    assert found.status == "INSUFFICIENT"  # two nuclei
    assert found.has("SECOND_POPULATION")
