"""An analysis in words, read off its declaration."""

import textwrap
from dataclasses import fields
from typing import Any

from pydantic.fields import FieldInfo

from her2het.plan import Analysis, Plan


def needs(plan: Plan, a: Analysis) -> list[str]:
    """The tables and analyses that an analysis reads; those that it can do without in parentheses."""
    tables = [(n.source.name, n.optional) for n in a.tables]
    results = [(plan.maker[n.source], n.optional) for n in a.results]
    return [f"({name})" if optional else name for name, optional in tables + results]


def bounds(info: FieldInfo) -> str:
    """'1 or more; below 5', as the declaration of a knob has it, or its choices."""
    words = {"ge": "{} or more", "gt": "above {}", "le": "{} or less", "lt": "below {}"}
    said = [
        words[name].format(getattr(m, name))
        for m in info.metadata
        for name in words
        if getattr(m, name, None) is not None
    ]
    choices = choices_of(info.annotation)
    if choices:
        said.append("one of " + ", ".join(choices))
    return "; ".join(said)


def choices_of(annotation: Any) -> list[str]:
    """The values of a Literal or an enumeration."""
    members = getattr(annotation, "__members__", None)
    if members:
        return [str(m.value) for m in members.values()]
    if getattr(annotation, "__origin__", None) is not None and str(annotation).startswith("typing.Literal"):
        return [str(v) for v in annotation.__args__]
    return []


def explain(plan: Plan, a: Analysis) -> str:
    """Question, method, inputs, knobs and result of an analysis as text."""
    out = [f"{a.name}: {a.title}", "", a.description, ""]
    for need in a.tables:
        optional = " (optional)" if need.optional else ""
        out.append(f"  needs    table {need.source.name}{optional}: {need.source.doc}")
    for need in a.results:
        optional = " (optional)" if need.optional else ""
        out.append(f"  needs    analysis {plan.maker[need.source]}{optional}")
    for name, info in a.knob_fields().items():
        limit = bounds(info)
        text = f"{info.description} Default {show(info.default)}{f'; {limit}' if limit else ''}."
        out += textwrap.wrap(text, 96, initial_indent=f"  knob     {name}: ", subsequent_indent=" " * 11)
    out.append(f"  returns  {a.produces.__name__}: {', '.join(f.name for f in fields(a.produces))}")
    if a.knob_fields():
        name, info = next(iter(a.knob_fields().items()))
        out += ["", f"  set a knob: [{a.name}] {name} = {show(info.default)} in study.toml, or --set {a.name}.{name}=…"]
    return "\n".join(out)


def show(value: Any) -> str:
    """A default as TOML has it."""
    value = getattr(value, "value", value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(show(v) for v in value) + "]"
    return f'"{value}"' if isinstance(value, str) else f"{value}"
