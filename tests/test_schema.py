"""Contracts of tables: what is typed, what is told, and that nothing is dropped."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2het.schema import Column, Matrix, Origin, StudyError, TableSpec, guess
from her2het.tables import TABLES

SPEC = TableSpec(
    "things",
    "For tests.",
    ("id",),
    {
        "id": Column("text", "Key.", missing=False),
        "n": Column("integer", "Whole.", "signals", 0, 10, required=False),
        "x": Column("number", "Real.", "mm", -1.5, 1.5, required=False),
        "ok": Column("flag", "Yes or no.", required=False),
        "grade": Column("category", "Ordered.", required=False, levels=("low", "high"), aliases={"1": "low"}),
    },
)


def frame(**columns: list[str]) -> pd.DataFrame:
    size = len(next(iter(columns.values())))
    return pd.DataFrame({"id": [f"a{i}" for i in range(size)], **columns})


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("n", ["1", " 2 ", "3.0", "NA", ""], [1, 2, 3, None, None]),
        ("x", ["1.5", "-1.5", "1e-3", "n/a", "."], [1.5, -1.5, 0.001, None, None]),
        ("ok", ["yes", "No", "TRUE", "0", ""], [True, False, True, False, None]),
        ("grade", ["low", "high", "1", "", "unknown"], ["low", "high", "low", None, None]),
    ],
)
def test_values_are_typed(column: str, values: list[str], expected: list[object]):
    typed = SPEC.conform(frame(**{column: values}))[column]
    assert [None if pd.isna(v) else v for v in typed.tolist()] == expected


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("n", ["1", "-2"], "things.n: row 1 is '-2' (f.tsv line 3), below 0 signals. Correct it or leave it empty."),
        ("n", ["1", "11"], "things.n: row 1 is '11' (f.tsv line 3), above 10 signals. Correct it or leave it empty."),
        (
            "n",
            ["1.5", "2"],
            "things.n: row 0 is '1.5' (f.tsv line 2), not a whole number of signals. Write a whole number.",
        ),
        (
            "x",
            ["inf", "0"],
            "things.x: row 0 is 'inf' (f.tsv line 2), which is not finite. Write a number or leave it empty.",
        ),
        ("x", ["a", "b"], "things.x: row 0 is 'a' (f.tsv line 2), and 1 more such row, which is not a number."),
        ("ok", ["ja", "yes"], "things.ok: row 0 is 'ja' (f.tsv line 2), which is neither yes nor no."),
        ("grade", ["mid", "low"], "things.grade: row 0 is 'mid' (f.tsv line 2), not one of low, high."),
    ],
)
def test_what_is_told(column: str, values: list[str], message: str):
    _, problems = SPEC.examine(frame(**{column: values}), Origin("f.tsv"))
    assert len(problems) == 1
    assert problems[0].startswith(message.rstrip("."))


def test_a_mapped_heading_is_named():
    _, problems = SPEC.examine(frame(n=["-1"]), Origin("f.tsv", headings={"n": "Signals (n)"}))
    assert problems[0].startswith("things.n (heading 'Signals (n)'): row 0")


def test_every_kind_of_problem_is_told_at_once():
    bad = frame(n=["-1", "1"], ok=["x", "yes"]).assign(id=["a", "a"])
    with pytest.raises(StudyError) as caught:
        SPEC.conform(bad)
    assert len(caught.value.problems) == 3


@given(st.lists(st.one_of(st.none(), st.integers(0, 10)), min_size=1, max_size=30))
def test_no_row_is_lost_and_numbers_survive(values: list[int | None]):
    given_ = frame(n=["" if v is None else str(v) for v in values])
    typed = SPEC.conform(given_)
    assert len(typed) == len(values)
    assert [None if pd.isna(v) else int(v) for v in typed["n"].tolist()] == values


@given(st.lists(st.floats(-1.5, 1.5), min_size=1, max_size=30))
def test_floats_survive_to_the_bit(values: list[float]):
    typed = SPEC.conform(frame(x=[repr(v) for v in values]))
    assert typed["x"].tolist() == values


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1.5", "", "2"], "float64"),
        (["yes", "no", ""], "boolean"),
        (["0", "1", "1"], "boolean"),
        (["0", "1", "2"], "float64"),
        (["IIA", "IIB"], "string"),
        (["", "NA"], "string"),
    ],
)
def test_further_columns_are_typed_by_what_they_hold(values: list[str], kind: str):
    assert str(guess(pd.Series(values)).dtype) == kind


def test_every_column_of_every_table_is_documented():
    for spec in TABLES.values():
        assert spec.doc.endswith(".")
        for name, column in spec.columns.items():
            assert column.doc.endswith("."), f"{spec.name}.{name}"
            assert column.kind != "category" or column.levels
        assert set(spec.key) <= set(spec.columns)
        assert set(spec.foreign) <= set(spec.columns)


def test_matrix_knows_its_shape_and_unit():
    matrix = Matrix(np.arange(6).reshape(2, 3), ("g", "h"), ("a", "b", "c"), "counts")
    assert matrix.pick(["c", "a"]).values.tolist() == [[2, 0], [5, 3]]
    assert matrix.row("h")["b"] == 4
    with pytest.raises(StudyError, match="no column 'z'"):
        matrix.pick(["z"])
    with pytest.raises(StudyError, match="no row 'z'"):
        matrix.row("z")
    with pytest.raises(StudyError, match="in counts, needed is log2_cpm1"):
        matrix.need(["log2_cpm1"], "GSVA")
    with pytest.raises(ValueError, match="shape"):
        Matrix(np.zeros((2, 2)), ("g",), ("a", "b"), "counts")
