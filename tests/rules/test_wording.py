"""No verdict claims eligibility, treatment or diagnosis; every output says that it is for research only."""

import itertools
import re

import pytest

from her2het.notice import OF_RULES
from her2het.reference.guidelines import COMMENTS, VERSIONS
from her2het.rules import outcome
from her2het.rules.case import case_from
from her2het.rules.rcb import rcb
from her2het.rules.render import notice, text_of, texts_of
from her2het.rules.status import Policy, verdict, verdicts
from her2het.rules.strata import FOOTNOTE
from her2het.rules.trace import FLAGS, STATUSES

CLAIMS = re.compile(
    r"eligib|therap|treat|trastuzumab|pertuzumab|deruxtecan|t-dxd|t-dm1|emtansine|\bdrug|diagnos|benefit|prescri|"
    r"\bpatient should|candidate|responds? to|approved for|companion",
    re.IGNORECASE,
)
IHC = [
    None,
    {"score": "0"},
    {"score": "1+"},
    {"score": "2+"},
    {"score": "3+"},
    {"mc": 10},
    {"fi": 8, "mc": 4},
    {"ii": 60},
    {"ic": 5},
]
IHC += [{"score": "2+", "controls_ok": False}, {"wi": 6}, {"fi": 4}, {"ic": 0}]
ISH = [None, *({"ratio": r, "copies": c} for r in ("2.3", "2.0", "1.9", "1.1") for c in ("3.0", "5.0", "7.0", "3.96"))]
ISH += [{"ratio": "1.1"}, {"ratio": "3"}, {"copies": "5"}, {"reported": "positive"}, {"reported": "equivocal"}]
ISH += [{"her2": 50, "cep17": 20, "n": 10}, {"ratio": "3", "copies": "8", "controls_ok": False}]
ISH += [{"cells": [(4, 2)] * 18 + [(9, 2), (3, 0)], "observer": "a"}]
RECOUNT = [
    None,
    {"ratio": "1.5", "copies": "5", "n": 20, "observer": "b", "blinded": True},
    {"ratio": "3", "copies": "7", "n": 5},
]
CONTEXT = [None, {"specimen": "core_biopsy", "grade": 3, "histology": "tubular"}]


def all_verdicts():
    for ihc, ish, recount, context in itertools.product(IHC, ISH, RECOUNT, CONTEXT):
        if recount and not ish:
            continue
        case = case_from({"ihc": ihc, "ish": ish, "recount": recount, "context": context})
        for version in VERSIONS:
            yield verdict(case, version, Policy(combination="all_tests" if context else "reflex"))


def texts_in(value):
    if isinstance(value, dict):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)
    elif isinstance(value, str):
        yield value


def test_no_text_of_any_verdict_claims_anything():
    statuses: set[str] = set()
    said: set[str] = set()
    for count, found in enumerate(all_verdicts()):
        statuses.add(found.status)
        answer = found.as_dict()
        assert answer["intended_use"] == "research_use_only"
        assert answer.pop("research_use") == list(OF_RULES)
        said.update(texts_in(answer))
        if count % 23 == 0:
            said.add(text_of(found))
    assert count > 3000
    assert len(said) > 500
    assert statuses >= set(STATUSES) - {"DUAL_PROBE_REQUIRED", "ADJUDICATION_REQUIRED"}
    for text in said:
        assert not CLAIMS.search(text), text


def test_no_fixed_text_claims_anything():
    fixed = [*FLAGS.values(), FOOTNOTE, *(comment.text for comment in COMMENTS.values())]
    fixed += [value for name, value in vars(outcome).items() if name.isupper() and isinstance(value, str)]
    for text in fixed:
        assert not CLAIMS.search(text), text


def test_every_flag_has_its_own_words():
    flags = {flag.code: flag.text for found in all_verdicts() for flag in found.flags}
    assert len(flags) > 20
    assert all(text.endswith(".") for text in flags.values())


@pytest.mark.parametrize(
    "words",
    ["not a medical device", "not for diagnosis or treatment decisions", "not validated for clinical use", "CE-marked"],
)
def test_the_notice_says_what_it_must(words):
    text = texts_of(verdicts(case_from({"ihc": {"score": "2+"}})))
    assert words in " ".join(text.split())
    assert words in " ".join(notice().split())


def test_a_step_between_two_open_results_says_what_each_leaves_possible():
    text = texts_of(verdicts(case_from({"ihc": {"score": "2+"}, "ish": {"ratio": "1.8"}})))
    assert "2007 to 2013: ISH equivocal to open;" in text
    assert "2013 to 2018: ISH negative or equivocal or positive to workup or negative." in text


def test_the_notice_names_what_a_person_must_resolve():
    assert "ADJUDICATION_REQUIRED and INDETERMINATE must be resolved by a qualified person" in " ".join(
        notice().split()
    )
    assert "not affiliated with the issuing bodies" in " ".join(notice().split())


def test_rcb_texts():
    answer = rcb(d1=20, d2=15, cellularity=20, in_situ=5, nodes=2, largest_met=8).as_dict()
    assert answer.pop("research_use") == list(OF_RULES)
    assert not CLAIMS.search(str(answer))
