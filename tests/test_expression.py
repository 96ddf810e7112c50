"""Expressions that define groups: three-valued, and nothing is executed."""

import pandas as pd
import pytest

from her2het.expression import columns, evaluate, parse
from her2het.schema import StudyError

FRAME = pd.DataFrame(
    {
        "pcr": pd.array([True, False, None], dtype="boolean"),
        "het": pd.array([False, True, None], dtype="boolean"),
        "age": [40.0, 60.0, float("nan")],
        "stage": pd.array(["II", "III", None], dtype="string"),
        "rcb_class": pd.Categorical(["0", "II", None], categories=["0", "I", "II", "III"], ordered=True),
    }
)
NA = None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pcr", [True, False, NA]),
        ("not pcr", [False, True, NA]),
        ("not pcr and het", [False, True, NA]),
        ("pcr or het", [True, True, NA]),
        ("age >= 50", [False, True, NA]),
        ("50 <= age", [False, True, NA]),
        ("30 < age < 50", [True, False, NA]),
        ("age > -1", [True, True, NA]),
        ('stage in ("II", "I")', [True, False, NA]),
        ('stage not in ("II", "I")', [False, True, NA]),
        ('stage == "III"', [False, True, NA]),
        ('"III" != stage', [True, False, NA]),
        ('rcb_class >= "I"', [False, True, NA]),
        ("pcr == True", [True, False, NA]),
        ("True", [True, True, True]),
        ("(pcr or het) and not (age < 30)", [True, True, NA]),
    ],
)
def test_values(text: str, expected: list[bool | None]):
    got = evaluate(text, FRAME, "here").tolist()
    assert [NA if pd.isna(v) else bool(v) for v in got] == expected


def test_unknown_and_false_is_false():
    frame = FRAME.assign(het=pd.array([None, None, False], dtype="boolean"))
    assert evaluate("pcr and het", frame, "here").iloc[2] == False  # noqa: E712
    assert pd.isna(evaluate("pcr and het", frame, "here").iloc[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pcr and", "cannot be read"),
        ("__import__('os').system('true')", "uses Call"),
        ("pcr.values", "uses Attribute"),
        ("[x for x in age]", "uses ListComp"),
        ("age + 1 > 3", "uses BinOp"),
        ("nonsense", "'nonsense'"),
        ("age", "is not yes or no"),
        ("age and pcr", "cannot be worked out"),
        ('age > "x"', "cannot be worked out"),
        ('age == "60"', "age holds numbers, '60' is none"),
        ('pcr == "yes"', "pcr is yes or no, never 'yes': write pcr or not pcr"),
        ('pcr in ("positive", "negative")', "pcr is yes or no"),
        ("pcr == 2", "pcr is yes or no, never 2"),
        ('stage == "IV"', "no row has 'IV' in stage, which has 'II', 'III'"),
        ('stage != "2"', "no row has '2' in stage"),
        ('stage in ("IV", "V")', "no row has 'IV' or 'V' in stage"),
        ('stage in ("II", 3)', "stage holds text, 3 is not text"),
        ('stage in "II"', "a list is needed"),
        ("age in (pcr, het)", "holds values, not columns"),
        ("age == (1, 2)", "a list goes with in"),
        ('rcb_class == "2"', "'2' is not a level of rcb_class; levels are 0, I, II, III"),
        ('rcb_class in ("I", "4")', "'4' is not a level of rcb_class"),
        ("rcb_class == 2", "2 is not a level of rcb_class"),
        ("(" * 300 + "pcr" + ")" * 300, "nested parentheses"),
        ("not " * 60 + "pcr", "nested more than 50 deep"),
        ("not " * 20000 + "pcr", "nested more than 50 deep"),
        ("pcr\0", "cannot be read"),
        ("stage > 3", "cannot be worked out"),
        ('rcb_class > "IV"', "'IV' is not a level"),
        ("1 < 2", "cannot be worked out"),
    ],
)
def test_what_is_refused(text: str, words: str):
    with pytest.raises(StudyError, match="here: ") as caught:
        evaluate(text, FRAME, "here")
    assert words in str(caught.value)


def test_columns_in_order_of_first_use():
    assert columns(parse("het and not pcr and het", "x")) == ("het", "pcr")
