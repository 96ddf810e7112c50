"""study.toml as typed settings: what the study is, where its tables are, and what the analyses' knobs are set to."""

import math
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from her2het.expression import parse
from her2het.plan import Analysis, Plan
from her2het.schema import Column, Design, Group, StudyError, did_you_mean
from her2het.tables import TABLES

TAKEN = ("all", "all patients", "pattern", "what", "level")  # headings that stand beside the groups' labels in tables
RESERVED = ("study", "timepoints", "groups", "tables", "features")
LONGEST_NAME = 255  # bytes of a file or folder name, on all usual file systems
IDENTIFIERS = ("sample", "patient")  # one heading may be both: one sample per patient


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StudySection(_Section):
    """[study]"""

    name: str = Field(min_length=1, description="How the report calls the study.")
    description: str = Field("", description="One or two sentences for the report's opening.")
    synthetic: bool = Field(False, description="Whether the data are simulated; shown wherever the study is.")
    control: str = Field("", description="The group that others are compared with; the first group where empty.")


class Timepoints(_Section):
    """[timepoints]"""

    baseline: tuple[str, ...] = Field(("baseline",), min_length=1, description="Timepoints before treatment.")
    followup: tuple[str, ...] = Field((), description="Timepoints under or after treatment.")


class TableSection(_Section):
    """[tables.NAME]"""

    file: str = Field(min_length=1, description="The file, relative to study.toml.")
    format: Literal["auto", "text", "parquet"] = Field(
        "auto", description="How the file is written; auto goes by name and content. Count matrices go by content."
    )
    strand: Literal["unstranded", "forward", "reverse"] = Field(
        "unstranded", description="Which column of STAR's ReadsPerGene files holds the counts."
    )
    columns: dict[str, str] = Field(default_factory=dict, description="Our column = the heading in the file.")
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="Per column: a value in the file = the value that is meant."
    )
    constant: dict[str, str] = Field(
        default_factory=dict, description="Columns that the file lacks, with the value that all rows have."
    )
    leave_out: tuple[str, ...] = Field((), description="Headings that are not to be read at all.")
    distinct: bool = Field(False, description="Take the mapped columns only and one row per key (of a longer table).")


class FeatureColumn(_Section):
    """[features.columns.NAME]"""

    kind: Literal["number", "integer", "flag", "category", "text"]
    doc: str = ""
    unit: str = ""
    low: float = float("-inf")
    high: float = float("inf")
    levels: tuple[str, ...] = ()

    def column(self) -> Column:
        """As a column of the features table."""
        return Column(self.kind, self.doc, self.unit, self.low, self.high, levels=self.levels)


class Features(_Section):
    """[features]"""

    columns: dict[str, FeatureColumn] = Field(default_factory=dict)


class StudyConfig(_Section):
    """All of study.toml but the sections of analyses."""

    study: StudySection
    timepoints: Timepoints = Timepoints()  # pyright: ignore[reportCallIssue]
    groups: dict[str, str] = Field(default_factory=dict)
    tables: dict[str, TableSection]
    features: Features = Features()

    def design(self) -> Design:
        """The part that analyses see."""
        groups = tuple(Group(label, expression) for label, expression in self.groups.items())
        control = self.study.control or (groups[0].label if groups else "")
        return Design(
            self.study.name,
            self.study.description,
            self.study.synthetic,
            self.timepoints.baseline,
            self.timepoints.followup,
            groups,
            control,
        )


def read_toml(path: Path) -> dict[str, Any]:
    """The file as TOML has it. :raises StudyError: where it is absent or not TOML"""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise StudyError(
            f"{path}: no such file. Name a study folder that has a study.toml, or make one with `her2het init`."
        ) from None
    except UnicodeDecodeError as e:
        raise StudyError(f"{path}: byte {e.start} is not UTF-8. Save the file as UTF-8.") from None
    except tomllib.TOMLDecodeError as e:
        raise StudyError(f"{path.name}: not valid TOML: {e}. Correct that line.") from None
    except OSError as e:
        raise StudyError(f"{path}: cannot be read ({e.strerror}). Name a study folder.") from None


def parse_config(raw: Mapping[str, Any], plan: Plan) -> tuple[StudyConfig | None, dict[str, dict[str, Any]], list[str]]:
    """The settings, the knobs per analysis, and one sentence for each thing that is wrong."""
    problems: list[str] = []
    knobs: dict[str, dict[str, Any]] = {}
    for name in raw:
        if name in RESERVED:
            continue
        if name not in plan.by_name:
            hint = did_you_mean(name, [*RESERVED, *plan.by_name])
            problems.append(
                f"study.toml [{name}]: no such section or analysis.{hint} `her2het list` names the analyses."
            )
            continue
        section = raw[name]
        if not isinstance(section, Mapping):
            problems.append(
                f"study.toml {name}: a section [{name}] is needed, not a value. Write [{name}] and knobs below."
            )
            continue
        knobs[name] = dict(section)
        problems += check_knobs(plan[name], knobs[name], f"study.toml [{name}]")
    try:
        config = StudyConfig.model_validate({k: raw[k] for k in RESERVED if k in raw})
    except ValidationError as e:
        return None, knobs, problems + [explain(error, StudyConfig, "study.toml") for error in e.errors()]
    problems += [*_strange({k: raw[k] for k in RESERVED if k in raw}), *_check(config)]
    return config, knobs, problems


def _strange(raw: Mapping[str, Any]) -> Iterator[str]:
    """Values that TOML knows and a setting cannot mean: nan anywhere, yes/no where a bound is wanted."""
    for place, value in _leaves(raw):
        if isinstance(value, float) and math.isnan(value):
            yield f"study.toml {place}: nan is not a number. Give a number, or leave the line out."
        if isinstance(value, bool) and place.startswith("features.columns.") and place.endswith((".low", ".high")):
            yield f"study.toml {place}: {str(value).lower()} is not a number. Give a number, or leave the line out."


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner, place)
    else:
        yield place, value


def _check(config: StudyConfig) -> list[str]:
    problems: list[str] = []
    for name, section in config.tables.items():
        if name not in TABLES:
            problems.append(
                f"study.toml [tables.{name}]: no such table.{did_you_mean(name, TABLES)} "
                f"Tables are {', '.join(TABLES)}."
            )
            continue
        problems += _check_table(f"study.toml [tables.{name}]", section)
        known = TABLES[name].columns
        if not TABLES[name].extra:
            problems += [
                f"study.toml [tables.{name}.columns] {column}: no such column."
                f"{did_you_mean(column, known)} Columns are {', '.join(known)}."
                for column in [*section.columns, *section.values, *section.constant]
                if column not in known
            ]
    problems += [
        f"study.toml: no [tables.{name}]; every study needs one. Add it with its file."
        for name in ("patients", "samples")
        if name not in config.tables
    ]
    for name, column in config.features.columns.items():
        problems += _check_feature(f"study.toml [features.columns.{name}]", column)
    for label, expression in config.groups.items():
        if not label.strip():
            problems.append("study.toml [groups]: a group has an empty label. Name it.")
        if label.strip().lower() in TAKEN:
            problems.append(
                f"study.toml [groups]: {label!r} is a heading of tables that also have a column for each group. Give "
                "the group another label."
            )
        try:
            parse(expression, f"study.toml [groups] {label}")
        except StudyError as e:
            problems += e.problems
    control = config.study.control
    if control and control not in config.groups:
        hint = did_you_mean(control, config.groups)
        problems.append(
            f"study.toml [study] control: {control!r} is not a group.{hint} Groups are "
            f"{', '.join(map(repr, config.groups)) or 'none'}."
        )
    both = set(config.timepoints.baseline) & set(config.timepoints.followup)
    if both:
        problems.append(
            f"study.toml [timepoints]: {', '.join(sorted(both))} is both baseline and followup. Keep it in one."
        )
    return problems


def file_problem(file: str) -> str:
    """Why no file can have this name, or nothing."""
    control = [c for c in file if not c.isprintable()]
    if control:
        return f"{file!r} holds the character {control[0]!r}. Correct the file's name."
    long = max((len(part.encode()) for part in Path(file).parts), default=0)
    if long > LONGEST_NAME:
        return f"a name of {long} characters ({file[:30]!r} …), more than {LONGEST_NAME}. Correct the file's name."
    return ""


def _check_table(place: str, section: TableSection) -> list[str]:
    told = file_problem(section.file)
    problems = [f"{place} file: {told}"] if told else []
    for heading, n in Counter(section.columns.values()).items():
        ours = [column for column, theirs in section.columns.items() if theirs == heading]
        if n > 1 and not set(ours) <= set(IDENTIFIERS):
            problems.append(
                f"{place} columns: heading {heading!r} is mapped to {' and '.join(ours)}; a heading means one column. "
                "Remove one of the lines."
            )
    return problems


def _check_feature(place: str, column: FeatureColumn) -> list[str]:
    problems: list[str] = []
    if column.low > column.high:
        problems.append(f"{place}: low {column.low:g} is above high {column.high:g}. Swap or correct them.")
    if column.kind == "category" and not column.levels:
        problems.append(
            f'{place}: a category without levels. Add levels = ["…", "…"] in their order, or kind = "text".'
        )
    if column.kind != "category" and column.levels:
        problems.append(f'{place}: levels are for a category, the kind is {column.kind}. Write kind = "category".')
    twice = [level for level, n in Counter(column.levels).items() if n > 1]
    if twice:
        problems.append(f"{place} levels: {twice[0]!r} stands twice. Remove one.")
    return problems


def check_knobs(analysis: Analysis, given: Mapping[str, Any], place: str) -> list[str]:
    """One sentence for each knob that is unknown, out of bounds, not finite, or yes/no where a number is wanted."""
    strange = [
        f"{place} {name}: {str(value).lower()} is not {'finite' if isinstance(value, float) else 'a number'}. "
        "Give a number."
        for knob in given
        for name, value in _leaves(given[knob], knob)
        if (isinstance(value, float) and not math.isfinite(value))
        or (isinstance(value, bool) and knob in analysis.knobs.model_fields and _wants_number(analysis, knob))
    ]
    if strange:
        return strange
    try:
        analysis.knobs.model_validate(dict(given))
    except ValidationError as e:
        return [explain(error, analysis.knobs, place) for error in e.errors()]
    return []


def _wants_number(analysis: Analysis, knob: str) -> bool:
    """Whether a knob is a number and not yes or no; pydantic would take true for 1."""
    kinds: set[Any] = set()
    stack: list[Any] = [analysis.knobs.model_fields[knob].annotation]
    while stack:
        hint = stack.pop()
        if isinstance(hint, type):
            kinds.add(hint)
        else:
            stack += get_args(hint)
    return bool(kinds & {int, float}) and bool not in kinds


def knob_values(analysis: Analysis, given: Mapping[str, Any]) -> dict[str, Any]:
    """All knobs of an analysis, defaults filled in. :raises StudyError: where one is wrong"""
    problems = check_knobs(analysis, given, f"[{analysis.name}]")
    if problems:
        raise StudyError(*problems)
    model = analysis.knobs.model_validate(dict(given))
    return {name: getattr(model, name) for name in analysis.knob_fields()}


def explain(error: Any, model: type[BaseModel], place: str) -> str:
    """A pydantic error as one sentence: place, value, bound, remedy."""
    loc: Sequence[Any] = error["loc"]
    where = ".".join(map(str, loc))
    if error["type"] == "extra_forbidden":
        known = _fields_at(model, loc[:-1])
        return f"{place} {where}: no such key.{did_you_mean(str(loc[-1]), known)} Keys are {', '.join(known)}."
    if error["type"] == "missing":
        return f"{place} {where}: missing. Add it."
    given = error.get("input")
    message = str(error["msg"])
    return f"{place} {where}: {given!r}; {message[0].lower()}{message[1:]}. Correct the value."


def _fields_at(model: type[BaseModel], path: Sequence[Any]) -> list[str]:
    at: Any = model
    for step in path:
        if isinstance(at, type) and issubclass(at, BaseModel):
            if step not in at.model_fields:
                return list(at.model_fields)
            at = at.model_fields[str(step)].annotation
        args = getattr(at, "__args__", ())
        nested = [a for a in args if isinstance(a, type) and issubclass(a, BaseModel)]
        if nested and not (isinstance(at, type) and issubclass(at, BaseModel)):
            at = nested[0]
    return list(at.model_fields) if isinstance(at, type) and issubclass(at, BaseModel) else []


def parse_set(text: str) -> tuple[str, str, Any]:
    """'fish_heterogeneity.min_cells=30' as analysis, knob, value. :raises StudyError: where it is not of that form"""
    name, eq, value = text.partition("=")
    analysis, dot, knob = name.strip().partition(".")
    if not (eq and dot and analysis and knob):
        raise StudyError(
            f"--set {text!r}: not of the form analysis.knob=value. Write such as fish_heterogeneity.min_cells=30."
        )
    try:
        parsed = tomllib.loads(f"x = {value.strip()}")["x"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    return analysis, knob, parsed
