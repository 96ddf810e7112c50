"""Whatever a record holds: a verdict that can be read, or one sentence that says what is wrong. Never anything else."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.rules.case import case_from
from her2het.rules.render import texts_of
from her2het.rules.status import Policy, verdicts
from her2het.schema import StudyError

IHC = (
    "ic",
    "ii",
    "mc",
    "wi",
    "fi",
    "none",
    "score",
    "cell_scores",
    "n",
    "controls_ok",
    "zero_staining",
    "scored_under",
)
ISH = (
    *("cells", "n", "her2", "cep17", "ratio", "copies", "cep17_copies", "copies_relation", "ratio_relation", "probe"),
    *("exclude_zero_signal", "reported", "observer", "blinded", "areas", "controls_ok", "share_percent"),
)
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["1e-999999999", "1e999999999", "0e-9999999", "x" * 9000, "2,1", "> 20", "٣", "", {}, [], [[4]]]),
    st.lists(st.lists(st.integers(-1, 9), max_size=3), max_size=25),
    st.dictionaries(st.sampled_from("01234"), st.integers(0, 100), max_size=4),
)
number = st.sampled_from(["0", "1.79", "1.8", "2.0", "2.2", "3.99", "4", "5.99", "6.0", "12", "88", "1000"])
fair = {
    **dict.fromkeys(("ratio", "copies", "cep17_copies"), number),
    **dict.fromkeys(("ic", "ii", "mc", "wi", "fi"), st.sampled_from(["0", "0.5", "10", "10.1", "30"])),
    **dict.fromkeys(("copies_relation", "ratio_relation"), st.sampled_from(["<", "<=", ">", ">=", "="])),
    "score": st.sampled_from(["0", "0+", "1+", "2+", "3+"]),
    "cells": st.lists(st.tuples(st.integers(0, 20), st.integers(0, 4)), min_size=1, max_size=25),
    "her2": st.integers(0, 200),
    "cep17": st.integers(0, 90),
    "n": st.integers(0, 60),
    "observer": st.sampled_from(["a", "A", "b"]),
    "reported": st.sampled_from(["positive", "equivocal", "negative"]),
    "probe": st.sampled_from(["dual", "single"]),
}


@st.composite
def part(draw, keys):
    chosen = draw(st.lists(st.sampled_from(keys), unique=True, max_size=4))
    return {key: draw(fair[key] if key in fair and draw(st.integers(0, 9)) else odd) for key in chosen}


records = st.fixed_dictionaries(
    {},
    optional={
        "case": odd,
        "ihc": st.one_of(part(IHC), odd),
        "ish": st.one_of(part(ISH), odd),
        "single_probe": part(ISH),
        "recount": part(ISH),
        "second_population": part(ISH),
        "context": st.fixed_dictionaries({}, optional={"grade": odd, "specimen": st.just("core_biopsy")}),
    },
)


@settings(deadline=None, max_examples=600)
@given(records, st.sampled_from(["review", "conventional"]), st.booleans(), st.sampled_from(["reflex", "all_tests"]))
def test_a_verdict_or_one_sentence(record, uncovered, cumulative, combination):
    found, problems = {}, ()
    try:
        found = verdicts(case_from(record), Policy(uncovered, cumulative, combination))
    except StudyError as e:
        problems = e.problems
    assert len(problems) == (0 if found else 1)
    assert all("\n" not in problem and len(problem) < 600 for problem in problems)
    if problems:
        return
    assert max(map(len, texts_of(found).splitlines())) <= 100
    for verdict in found.values():
        json.dumps(verdict.as_dict(), allow_nan=False)
        assert verdict.reason.endswith(".")
        assert verdict.status in {"POSITIVE", "NEGATIVE"} or verdict.next_actions or verdict.missing
