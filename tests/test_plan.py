"""What can and cannot be declared, and what is read off a declaration."""

from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
import pytest
from pydantic import Field

from her2het.engine import Engine
from her2het.plan import Plan, analysis
from her2het.schema import Design, StudyError
from her2het.stats.estimate import Estimate
from her2het.tables import Ihc, Patients


@dataclass(frozen=True)
class First:
    values: pd.DataFrame
    n: int


@dataclass(frozen=True)
class Second:
    estimates: tuple[Estimate, ...]


@analysis(section="One")
def first(
    patients: Patients,
    ihc: Ihc | None,
    design: Design,
    *,
    smallest: Annotated[int, Field(ge=1, description="Fewest patients.")] = 3,
) -> First:
    """How many patients are there?

    Counts rows.
    """
    return First(patients, len(patients))


@analysis(section="Two")
def second(one: First, engine: Engine) -> Second:
    """What comes after?"""
    return Second(())


def test_the_signature_is_the_declaration():
    declared: Any = first.__analysis__  # type: ignore[attr-defined]
    assert [n.source.name for n in declared.tables] == ["patients", "ihc"]
    assert [n.optional for n in declared.tables] == [False, True]
    assert declared.design == "design"
    assert declared.engine is None
    assert declared.title == "How many patients are there?"
    assert declared.description == "Counts rows."
    assert list(declared.knob_fields()) == ["smallest"]


def test_it_stays_a_plain_function():
    frame = pd.DataFrame({"patient": ["a"]})
    assert first(frame, None, Design("x"), smallest=1).n == 1


def test_order_and_upstream():
    plan = Plan((second, first))
    assert [a.name for a in plan.listed] == ["second", "first"]
    assert [a.name for a in plan.order] == ["first", "second"]
    assert plan.upstream(["second"]) == {"first", "second"}


def test_unknown_analysis_is_asked_back():
    with pytest.raises(StudyError, match="Did you mean 'second'"):
        Plan((first, second))["secnd"]


def test_missing_producer():
    with pytest.raises(TypeError, match="needs \\['First'\\], which no analysis"):
        Plan((second,))


def test_two_producers():
    @analysis(section="One")
    def other(patients: Patients) -> First:
        """Again."""
        return First(patients, 0)

    with pytest.raises(TypeError, match="both produce First"):
        Plan((first, other))


def test_cycle():
    @dataclass(frozen=True)
    class A:
        n: int

    @dataclass(frozen=True)
    class B:
        n: int

    def make_a(b: B) -> A:
        """A."""
        return A(b.n)

    def make_b(a: A) -> B:
        """B."""
        return B(a.n)

    make_a.__annotations__ = {"b": B, "return": A}
    make_b.__annotations__ = {"a": A, "return": B}
    with pytest.raises(TypeError, match="cycle"):
        Plan((analysis(section="x")(make_a), analysis(section="x")(make_b)))


def bad_no_docstring(patients: Patients) -> First:
    return First(patients, 0)


def bad_positional_knob(patients: Patients, n: int = 3) -> First:
    """Knobs are keyword-only."""
    return First(patients, n)


def bad_undescribed_knob(patients: Patients, *, n: int = 3) -> First:
    """Knobs are described."""
    return First(patients, n)


def bad_no_default(patients: Patients, *, n: Annotated[int, Field(description="x")]) -> First:
    """Knobs have defaults."""
    return First(patients, n)


def bad_return(patients: Patients) -> int:
    """Results are records."""
    return len(patients)


@dataclass(frozen=True)
class Unstorable:
    anything: dict


def bad_field(patients: Patients) -> Unstorable:
    """Results are storable."""
    return Unstorable({})


@pytest.mark.parametrize(
    ("fn", "words"),
    [
        (bad_no_docstring, "no docstring"),
        (bad_positional_knob, "keyword-only knob"),
        (bad_undescribed_knob, "description"),
        (bad_no_default, "keyword-only knob with a default"),
        (bad_return, "must return a result dataclass"),
        (bad_field, "cannot be stored"),
    ],
)
def test_what_cannot_be_declared(fn: Any, words: str):
    with pytest.raises(TypeError, match=words):
        analysis(section="x")(fn)
