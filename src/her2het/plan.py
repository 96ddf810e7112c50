"""An analysis is a function. Its signature is the declaration; everything else is read off it."""

import dataclasses
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import pandas as pd
from pydantic import BaseModel, ConfigDict, create_model
from pydantic.fields import FieldInfo

from her2het.engine import Engine
from her2het.schema import Design, Matrix, StudyError, TableSpec, did_you_mean

F = TypeVar("F", bound=Callable[..., Any])
STORABLE: tuple[type, ...] = (pd.DataFrame, Matrix, int, float, str, bool, type(None))


@dataclass(frozen=True)
class Need:
    """Something an analysis reads: a table or another analysis's result, and whether it can do without."""

    parameter: str
    source: Any  # TableSpec or result type
    optional: bool


@dataclass(frozen=True)
class Analysis:
    """What is known of an analysis from its signature and docstring."""

    name: str
    fn: Callable[..., Any]
    section: str
    tables: tuple[Need, ...]
    results: tuple[Need, ...]
    knobs: type[BaseModel]
    design: str | None
    engine: str | None
    produces: type

    @property
    def title(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.fn) or "").splitlines()[0].rstrip(".")

    @property
    def description(self) -> str:
        """What follows the first line of the docstring."""
        return (inspect.getdoc(self.fn) or "").partition("\n")[2].strip()

    def knob_fields(self) -> dict[str, FieldInfo]:
        """The knobs with their defaults, bounds and descriptions."""
        return dict(self.knobs.model_fields)


def analysis(*, section: str) -> Callable[[F], F]:
    """Mark a function as an analysis of the plan. The function itself is returned unchanged.

    :raises TypeError: where the signature has something that is not a table, a result, a knob with a default, the
        design or the engine; where nothing storable is returned; where there is no docstring
    """

    def mark(fn: F) -> F:
        fn.__analysis__ = declare(fn, section)  # type: ignore[attr-defined]
        return fn

    return mark


def declare(fn: Callable[..., Any], section: str) -> Analysis:
    """Read the declaration off a signature."""
    hints = get_type_hints(fn, include_extras=True)
    name = fn.__name__
    if not (inspect.getdoc(fn) or "").strip():
        raise TypeError(f"{name} has no docstring.")
    produces = hints.pop("return", None)
    if not (isinstance(produces, type) and is_dataclass(produces)):
        raise TypeError(f"{name} must return a result dataclass, not {produces}.")
    check_storable(produces)
    tables: list[Need] = []
    results: list[Need] = []
    knobs: dict[str, Any] = {}
    design = engine = None
    parameters = inspect.signature(fn).parameters
    for parameter, hint in hints.items():
        bare, optional = _optional(hint)
        spec = _table(bare)
        given = parameters[parameter]
        if bare is Engine:
            engine = parameter
        elif bare is Design:
            design = parameter
        elif spec is not None:
            tables.append(Need(parameter, spec, optional))
        elif isinstance(bare, type) and is_dataclass(bare):
            results.append(Need(parameter, bare, optional))
        elif given.kind is given.KEYWORD_ONLY and given.default is not given.empty:
            knobs[parameter] = (hint, given.default)
        else:
            raise TypeError(
                f"{name}({parameter}): not a table, a result, the design, the engine, "
                "or a keyword-only knob with a default."
            )
    for parameter, (hint, _) in knobs.items():
        if not any(isinstance(m, FieldInfo) and m.description for m in getattr(hint, "__metadata__", ())):
            raise TypeError(f"{name}({parameter}): a knob needs Annotated[type, Field(description=...)].")
    model = create_model(name, __config__=ConfigDict(extra="forbid", frozen=True, strict=False), **knobs)
    return Analysis(name, fn, section, tuple(tables), tuple(results), model, design, engine, produces)


def _optional(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        rest = [h for h in get_args(hint) if h is not type(None)]
        if len(rest) == 1 and len(rest) < len(get_args(hint)):
            return rest[0], True
    return hint, False


def _table(hint: Any) -> TableSpec | None:
    if get_origin(hint) is Annotated:
        for mark in hint.__metadata__:
            if isinstance(mark, TableSpec):
                return mark
    return None


def check_storable(produces: type) -> None:
    """:raises TypeError: where a field of a result is of a type that the store cannot keep without pickling"""
    for field, hint in get_type_hints(produces).items():
        if not _storable(hint):
            raise TypeError(
                f"{produces.__name__}.{field}: {hint} cannot be stored; use a frame, Matrix, Per…, "
                "Estimate, Note, a plain value, or a tuple of these."
            )


def _storable(hint: Any) -> bool:
    if get_origin(hint) is tuple:
        return all(arg is Ellipsis or _storable(arg) for arg in get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return all(_storable(arg) for arg in get_args(hint))
    if hint in STORABLE:
        return True
    if not (isinstance(hint, type) and is_dataclass(hint)):
        return False
    if any(base.__name__ == "PerUnit" for base in hint.__mro__):
        return True
    plain = get_type_hints(hint)
    return all(
        plain[f.name] in STORABLE or get_origin(plain[f.name]) in (tuple, Literal) for f in dataclasses.fields(hint)
    )


class Plan:
    """The ordered, closed set of analyses: every input has exactly one producer, and there is no cycle.

    `listed` is the order in which a reader should meet them, `order` one in which they can run.
    """

    def __init__(self, functions: Sequence[Callable[..., Any]]) -> None:
        self.listed: list[Analysis] = [fn.__analysis__ for fn in functions]  # type: ignore[attr-defined]
        self.by_name: Mapping[str, Analysis] = {a.name: a for a in self.listed}
        if len(self.by_name) < len(self.listed):
            raise TypeError("Two analyses of the plan have the same name.")
        self.maker: dict[type, str] = {}
        for a in self.listed:
            if a.produces in self.maker:
                raise TypeError(f"{a.name} and {self.maker[a.produces]} both produce {a.produces.__name__}.")
            self.maker[a.produces] = a.name
        self.needs: dict[str, list[str]] = {}
        for a in self.listed:
            missing = [n.source.__name__ for n in a.results if n.source not in self.maker]
            if missing:
                raise TypeError(f"{a.name} needs {missing}, which no analysis of the plan produces.")
            self.needs[a.name] = [self.maker[n.source] for n in a.results]
        try:
            self.order: list[Analysis] = [self.by_name[n] for n in TopologicalSorter(self.needs).static_order()]
        except CycleError as e:
            raise TypeError(f"The plan has a cycle: {' -> '.join(e.args[1])}.") from None

    def __getitem__(self, name: str) -> Analysis:
        """:raises StudyError: where no analysis has that name"""
        if name not in self.by_name:
            raise StudyError(
                f"analysis {name!r} does not exist.{did_you_mean(name, self.by_name)} `her2het list` names all."
            )
        return self.by_name[name]

    def upstream(self, names: Sequence[str]) -> set[str]:
        """These analyses and all that they need."""
        wanted: set[str] = set()
        stack = [self[name].name for name in names]
        while stack:
            name = stack.pop()
            if name not in wanted:
                wanted.add(name)
                stack += self.needs[name]
        return wanted
