"""What a table is: named columns with a kind, a unit, bounds and a meaning; and what a matrix is."""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Kind = Literal["text", "integer", "number", "flag", "category"]
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "missing", "unknown", "not available"})
TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0", "positive", "pos", "+"})
FALSE = frozenset({"false", "f", "no", "n", "0", "0.0", "negative", "neg", "-"})
SHOWN = 3  # how many examples of one kind of problem a message names
LARGEST_WHOLE = 2.0**53  # beyond it a number no longer holds every whole number


class StudyError(Exception):
    """A problem that the user can fix: in the data, the configuration or the request. One sentence each."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: tuple[str, ...] = problems


def did_you_mean(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """' Did you mean 'x'?' for the closest known name, or nothing; `likeness` is at most 1."""
    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), list(folded), 1, cutoff=likeness)
    return f" Did you mean {folded[near[0]]!r}?" if near else ""


class NotApplicable(Exception):
    """An analysis cannot be done on this study; the message says why. It is skipped with that reason."""


@dataclass(frozen=True)
class Note:
    """Something a reader must know: `level` caution or note, a title, and one or two sentences."""

    level: Literal["note", "caution"]
    title: str
    text: str


@dataclass(frozen=True)
class Group:
    """A group of patients: its label and the expression over patient columns that defines it."""

    label: str
    expression: str


@dataclass(frozen=True)
class Design:
    """What study.toml says of the study as a whole: its name, its timepoints, and its groups in order."""

    name: str
    description: str = ""
    synthetic: bool = False
    baseline: tuple[str, ...] = ("baseline",)
    followup: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    control: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The groups' labels, in order."""
        return tuple(group.label for group in self.groups)

    def phase(self, timepoint: str) -> str:
        """'baseline', 'followup' or 'other'."""
        if timepoint in self.baseline:
            return "baseline"
        return "followup" if timepoint in self.followup else "other"


@dataclass(frozen=True)
class Column:
    """One column: `kind`, what it means, its unit and inclusive bounds, or the levels of a category in their order."""

    kind: Kind
    doc: str
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    required: bool = True
    missing: bool = True
    levels: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])

    def describe_bounds(self) -> str:
        """'0 to 100', 'at least 0', 'one of 0, I, II, III', or nothing."""
        if self.levels:
            return "one of " + ", ".join(self.levels)
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{self.low:g} to {self.high:g}"
        if math.isfinite(self.low):
            return f"at least {self.low:g}"
        return f"at most {self.high:g}" if math.isfinite(self.high) else ""


@dataclass(frozen=True)
class Origin:
    """Where a frame came from, so that a message can name a line. `first_line` is the line of row 0."""

    file: str = ""
    first_line: int = 2
    headings: Mapping[str, str] = field(default_factory=dict[str, str])  # our column -> the heading in the file

    def at(self, row: int) -> str:
        """' (samples.tsv line 12)', or nothing for a frame made in memory."""
        return f" ({self.file} line {row + self.first_line})" if self.file else ""

    def heading(self, column: str) -> str:
        """The heading that the file uses for our column, where it differs."""
        given = self.headings.get(column, column)
        return "" if given == column else f" (heading {given!r})"


@dataclass(frozen=True, eq=False)  # hashed by identity, as a mark in a type alias has to be
class TableSpec:
    """The contract of one table: its key, its columns, and which columns point at another table's key."""

    name: str
    doc: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    foreign: Mapping[str, str] = field(default_factory=dict[str, str])
    extra: bool = False  # whether further columns are kept as they come

    def conform(self, frame: pd.DataFrame, origin: Origin | None = None) -> pd.DataFrame:
        """The same rows with checked, typed columns.

        :raises StudyError: with one sentence per kind of problem, all of them at once
        """
        checked, problems = self.examine(frame, origin or Origin())
        if problems:
            raise StudyError(*problems)
        return checked

    def examine(self, frame: pd.DataFrame, origin: Origin) -> tuple[pd.DataFrame, list[str]]:
        """The typed frame and what is wrong with it (the frame is only to be used if nothing is)."""
        problems: list[str] = []
        missing = [name for name, column in self.columns.items() if column.required and name not in frame.columns]
        if missing:
            has = ", ".join(map(str, frame.columns)) or "none"
            names = ", ".join(missing)
            where = f" of {origin.file}" if origin.file else ""
            problems.append(
                f"{self.name}: column{'s' * (len(missing) > 1)} {names} missing; the headings{where} are {has}. "
                f"Add {'them' if len(missing) > 1 else 'it'}, or map the headings under [tables.{self.name}.columns]."
            )
        typed: dict[str, pd.Series] = {}
        for name in map(str, frame.columns):
            column = self.columns.get(name)
            if column is None:
                if self.extra:
                    typed[name] = guess(frame[name])
                continue
            series, found = _parse(frame[name], column)
            typed[name] = series
            place = f"{self.name}.{name}{origin.heading(name)}"
            problems += [f"{place}: {text}" for text in _tell(found, origin)]
        result = pd.DataFrame(typed, index=pd.RangeIndex(len(frame)))
        problems += self._check_key(result, origin)
        return result, problems

    def _check_key(self, frame: pd.DataFrame, origin: Origin) -> list[str]:
        key = [name for name in self.key if name in frame.columns]
        if not key or len(key) < len(self.key):
            return []
        problems: list[str] = []
        for name in key:
            if not self.columns[name].missing:
                continue  # told where the column was read
            empty = np.flatnonzero(frame[name].isna().to_numpy())
            if empty.size:
                row, count = int(empty[0]), f"{empty.size} such row{'s' * (empty.size > 1)}"
                problems.append(
                    f"{self.name}.{name}: row {row} has no value{origin.at(row)}, {count}; "
                    f"every row needs its {name}. Fill it in or delete the row."
                )
        if problems or frame[key].isna().any(axis=None):
            return problems
        repeated = np.flatnonzero(frame.duplicated(key, keep="first").to_numpy())
        if repeated.size:
            row = int(repeated[0])
            value = ", ".join(str(frame[name].iloc[row]) for name in key)
            first = int(np.flatnonzero((frame[key] == frame[key].iloc[row]).all(axis=1).to_numpy())[0])
            problems.append(
                f"{self.name}: {' + '.join(key)} {value!r} stands in rows {first} and {row}{origin.at(row)}, "
                f"{repeated.size} repeated row{'s' * (repeated.size > 1)}; each may stand once. Remove or rename one."
            )
        return problems


@dataclass(frozen=True, eq=False)
class Matrix:
    """Numbers with named rows (genes, proteins, sets) and columns (samples), and the unit that travels with them.

    `values` has shape (rows, columns); `unit` is such as `counts`, `log2_cpm1`, `log2_cpm_prior2`, `score`.
    """

    values: NDArray[Any]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    unit: str

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.rows), len(self.columns)):
            raise ValueError(
                f"a matrix of shape {self.values.shape} has {len(self.rows)} row and {len(self.columns)} column names"
            )

    def frame(self) -> pd.DataFrame:
        """As a frame with rows and columns named."""
        return pd.DataFrame(self.values, index=pd.Index(self.rows), columns=pd.Index(self.columns))

    def pick(self, columns: Sequence[str]) -> "Matrix":
        """The same rows for these columns, in this order. :raises StudyError: where a column is not there"""
        at = {name: i for i, name in enumerate(self.columns)}
        absent = [name for name in columns if name not in at]
        if absent:
            raise StudyError(f"matrix: no column {absent[0]!r} among {len(at)} columns. Name one that it has.")
        return Matrix(self.values[:, [at[name] for name in columns]], self.rows, tuple(columns), self.unit)

    def keep_rows(self, mask: NDArray[np.bool_]) -> "Matrix":
        """The rows where `mask` holds."""
        return Matrix(
            self.values[mask], tuple(r for r, m in zip(self.rows, mask, strict=True) if m), self.columns, self.unit
        )

    def row(self, name: str) -> pd.Series:
        """One row by name, indexed by column. :raises StudyError: where no row has that name"""
        try:
            at = self.rows.index(name)
        except ValueError:
            raise StudyError(f"matrix: no row {name!r} among {len(self.rows)} rows. Check the identifier.") from None
        return pd.Series(self.values[at], index=pd.Index(self.columns), name=name)

    def need(self, units: Iterable[str], who: str) -> None:
        """:raises StudyError: where this matrix is in none of `units`"""
        wanted = tuple(units)
        if self.unit not in wanted:
            raise StudyError(
                f"{who}: the matrix is in {self.unit}, needed is {' or '.join(wanted)}. Give such a matrix."
            )


@dataclass(frozen=True)
class _Found:
    """Rows of a column that break one rule: `values` as given, and the words that follow them."""

    rows: NDArray[np.intp]
    values: tuple[str, ...]
    breach: str
    remedy: str


def _tell(found: list[_Found], origin: Origin) -> list[str]:
    texts: list[str] = []
    for f in found:
        row = int(f.rows[0])
        more = f", and {len(f.rows) - 1} more such row{'s' * (len(f.rows) > 2)}" if len(f.rows) > 1 else ""
        texts.append(f"row {row} is {f.values[0]!r}{origin.at(row)}{more}, {f.breach}. {f.remedy}")
    return texts


def _text(series: pd.Series) -> pd.Series:
    """Stripped text, with the words for 'missing' as missing; ids that came as numbers without a trailing '.0'."""
    if pd.api.types.is_bool_dtype(series.dtype) or pd.api.types.is_integer_dtype(series.dtype):
        return series.astype("string")
    if pd.api.types.is_float_dtype(series.dtype):
        return series.map(lambda v: pd.NA if pd.isna(v) else f"{v:.15g}").astype("string")
    text = series.astype("string").str.strip()
    return text.mask(text.str.lower().isin(MISSING))


def _parse(series: pd.Series, column: Column) -> tuple[pd.Series, list[_Found]]:
    series = series.reset_index(drop=True)
    text = _text(series)
    found: list[_Found] = []
    if not column.missing:
        empty = np.flatnonzero(text.isna().to_numpy())
        if empty.size:
            found.append(_found(empty, series, "but a value is needed", "Fill it in or delete the row."))
    if column.kind == "text":
        return text, found
    if column.kind == "flag":
        return _flags(text, found)
    if column.kind == "category":
        return _levels(text, column, found)
    return _numbers(series, text, column, found)


def _found(rows: NDArray[np.intp], series: pd.Series, breach: str, remedy: str) -> _Found:
    values = tuple("" if pd.isna(v) else str(v) for v in series.iloc[rows[:SHOWN]])
    return _Found(rows, values, breach, remedy)


def _flags(text: pd.Series, found: list[_Found]) -> tuple[pd.Series, list[_Found]]:
    lower = text.str.lower()
    true, false = lower.isin(TRUE).to_numpy(), lower.isin(FALSE).to_numpy()
    known = text.isna().to_numpy() | true | false
    values = pd.Series(true).astype("boolean").mask(~(true | false))
    if not known.all():
        breach = "which is neither yes nor no"
        found.append(_found(np.flatnonzero(~known), text, breach, "Write yes, no, or leave it empty."))
    return values, found


def _levels(text: pd.Series, column: Column, found: list[_Found]) -> tuple[pd.Series, list[_Found]]:
    renamed = text.replace(dict(column.aliases)) if column.aliases else text
    unknown = (~renamed.isin(column.levels) & renamed.notna()).to_numpy()
    if unknown.any():
        breach = f"not {column.describe_bounds()}"
        found.append(_found(np.flatnonzero(unknown), text, breach, "Correct it or leave it empty."))
    levels = list(dict.fromkeys(column.levels))
    typed = pd.Categorical(renamed.astype(object).where(~unknown), categories=levels, ordered=True)
    return pd.Series(typed), found


def _numbers(series: pd.Series, text: pd.Series, column: Column, found: list[_Found]) -> tuple[pd.Series, list[_Found]]:
    values = _exact(text)
    words = np.flatnonzero((values.isna() & text.notna()).to_numpy())
    if words.size:
        remedy = number_remedy(str(text.iloc[words[0]]))
        found.append(_found(words, series, "which is not a number", remedy or "Write a number or leave it empty."))
    infinite = np.flatnonzero(np.isinf(values.to_numpy()))
    if infinite.size:
        found.append(_found(infinite, series, "which is not finite", "Write a number or leave it empty."))
    unit = f" {column.unit}" if column.unit else ""
    for outside, word, bound in (
        (values < column.low, "below", column.low),
        (values > column.high, "above", column.high),
    ):
        rows = np.flatnonzero((outside & np.isfinite(values)).to_numpy())
        if rows.size:
            found.append(_found(rows, series, f"{word} {bound:g}{unit}", "Correct it or leave it empty."))
    if column.kind == "integer":
        whole = values.isna() | (values == values.round())
        rows = np.flatnonzero(~whole.to_numpy())
        if rows.size:
            found.append(_found(rows, series, f"not a whole number{unit and ' of' + unit}", "Write a whole number."))
        rows = np.flatnonzero((values.abs() > LARGEST_WHOLE).to_numpy())
        if rows.size:
            found.append(_found(rows, series, "beyond 2^53, too large to be exact", "Correct it or leave it empty."))
        if not found:
            return values.astype("Int64") if values.isna().any() else values.astype("int64"), found
    return values, found


def number_remedy(word: str) -> str:
    """What to do about a word with a comma that could be a number: '1,234' or '1.234,5' or '3,5'; '' for others."""
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", word):
        return "Write thousands without a comma, and decimals with a point."
    return "Write decimals with a point, not a comma." if re.fullmatch(r"[+-]?[\d.]*,\d+", word) else ""


def _exact(text: pd.Series) -> pd.Series:
    """Numbers to the last bit, NaN for words and for missing; pandas' own parser rounds the last digit."""
    numeric = pd.to_numeric(text, errors="coerce").notna().to_numpy()
    values = np.full(len(text), np.nan)
    values[numeric] = np.array(text[numeric].tolist(), dtype=str).astype(np.float64)
    return pd.Series(values)


def guess(series: pd.Series) -> pd.Series:
    """A further column, typed by what it holds: numbers, yes/no, else text."""
    if not (pd.api.types.is_object_dtype(series.dtype) or pd.api.types.is_string_dtype(series.dtype)):
        return series.reset_index(drop=True)
    text = _text(series.reset_index(drop=True))
    given = text.dropna()
    if given.empty:
        return text
    numbers = pd.to_numeric(given, errors="coerce")
    if numbers.notna().all() and np.isfinite(numbers.to_numpy(dtype=float)).all():
        if set(given) <= {"0", "1"}:
            return text.map({"0": False, "1": True}).astype("boolean")
        return _exact(text)
    lower = given.str.lower()
    if lower.isin({"yes", "no", "true", "false"}).all():
        return text.str.lower().isin({"yes", "true"}).astype("boolean").mask(text.isna())
    return text
