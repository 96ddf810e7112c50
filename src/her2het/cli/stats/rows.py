"""How this group reads a table: the columns that are asked for, whose each row is, and one value per patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

if TYPE_CHECKING:
    import pandas as pd

    from her2het.stats.units import Combine, PerPatient, PerSample

Command = TypeVar("Command", bound=Callable[..., Any])
Holds = Literal["number", "text", "flag", "either"]

TABLE = click.argument("table", type=click.Path(path_type=Path))
PATIENT = click.option("--patient", metavar="COL", help="Column that says whose a row is. Without it a row is one.")
COMBINE = click.option(
    "--combine",
    type=click.Choice(["mean", "median", "max", "min", "first"]),
    help="How several rows of one patient become one value.",
)
OWNERS = ("patient", "patientid", "subject", "subjectid", "caseid", "participant", "participantid")


@dataclass(frozen=True, eq=False)
class Rows:
    """A table whose asked columns are typed; `owner` maps a row's label to its patient."""

    name: str
    frame: pd.DataFrame
    owner: pd.Series
    patient: str | None
    asked: tuple[str, ...] = ()

    def sample(self, column: str, unit: str = "") -> PerSample:
        """The numbers of a column, one per row."""
        from her2het.stats.units import PerSample

        return PerSample(self.frame[column].astype("Float64").astype("float64"), column, unit)

    def numbers(self, column: str, combine: Combine | None = None, unit: str = "") -> PerPatient:
        """One number per patient. :raises StudyError: where a patient has several and nothing says how to combine"""
        self.need_one(column, combine)
        return self.sample(column, unit).per_patient(self.owner, combine or "mean")

    def need_one(self, column: str, combine: Combine | None = None, or_else: str = "") -> None:
        """:raises StudyError: where a patient has several values in a column and nothing says how to combine them"""
        from her2het.schema import StudyError

        known = self.owner[self.frame[column].notna()]
        twice = known[known.duplicated()]
        many = len(set(twice))
        if combine is None and len(twice):
            who = twice.iloc[0]
            raise StudyError(
                f"{self.name}: {self.patient} {who!r} has {int((known == who).sum())} values of {column}, "
                f"{many} such patient{'s' * (many > 1)}; rows of one patient are not patients. "
                f"Say how they become one: --combine mean (or median, max, min, first){or_else}."
            )

    def words(self, column: str) -> pd.Series:
        """Patient -> what a column says, which may differ in no row of a patient; missing where no row says anything.

        :raises StudyError: where rows of one patient differ
        """
        from her2het.schema import StudyError

        said = self.frame[column]
        known = said.dropna()
        owner = self.owner.reindex(known.index)
        spread = known.groupby(owner.to_numpy()).nunique()
        if (spread > 1).any():
            who = spread.index[spread > 1][0]
            values = ", ".join(str(v) for v in known[owner == who].unique()[:3])
            raise StudyError(
                f"{self.name}: {self.patient} {who!r} has several values of {column} ({values}). "
                "Give each patient one, or leave rows out."
            )
        first = known.groupby(owner.to_numpy()).first()
        return first.reindex(self.owner.unique()).rename(column)

    def term(self, column: str, combine: Combine | None = None) -> PerPatient:
        """A covariate: numbers (combined where a patient has several), flags as 1 and 0, text as classes."""
        import pandas as pd

        from her2het.stats.units import PerPatient

        kind = self.frame[column].dtype
        if pd.api.types.is_bool_dtype(kind):
            return PerPatient(self.words(column).astype("boolean").astype("Float64").astype("float64"), column)
        if pd.api.types.is_numeric_dtype(kind):
            return self.numbers(column, combine)
        return PerPatient(self.words(column).astype(object), column)

    def say_lost(self) -> None:
        """How many rows lack a value of an asked column, on standard error."""
        for column in self.asked:
            lost = int(self.frame[column].isna().sum())
            if lost:
                click.echo(
                    f"her2het: {self.name}: {lost} of {len(self.frame)} rows have no {column} and are left out.",
                    err=True,
                )


def read_rows(
    path: Path, wanted: Sequence[tuple[str, Holds]], patient: str | None = None, *, of_patients: bool = True
) -> Rows:
    """Read a table with its asked columns as numbers, text or flags (`either`: as it comes).

    :raises StudyError: where a column is missing, or holds something else; where a patient is missing; where no
        patient column is named and one that looks like it repeats
    """
    import pandas as pd

    from her2het.io.text_table import read_text_table
    from her2het.schema import Column, StudyError, TableSpec

    text = read_text_table(path)
    asked = tuple(column for column, _ in wanted)
    named = [*asked, *([patient] if patient else [])]
    for column in named:
        _present(path.name, column, list(text.frame.columns))
        if named.count(column) > 1:
            raise StudyError(f"{path.name}: column {column} is asked for twice. Name different columns.")
    typed: dict[str, Column] = {
        c: Column("number" if k == "number" else "flag" if k == "flag" else "text", c)
        for c, k in wanted
        if k != "either"
    }
    if patient:
        typed[patient] = Column("text", patient, missing=False)
    spec = TableSpec(path.name, "", (), typed, extra=True)
    frame = spec.conform(text.frame, text.origin)
    frame.index = pd.Index([f"line {at + text.origin.first_line}" for at in range(len(frame))])
    click.echo(f"her2het: {path.name}: sha256 {text.sha256}", err=True)
    owner = pd.Series(frame.index, index=frame.index, dtype=object) if patient is None else frame[patient]
    if patient is None and of_patients:
        _no_patient_repeats(path.name, frame, set(asked))
    return Rows(path.name, frame, owner.astype(object), patient, asked)


def _present(name: str, column: str, has: list[str]) -> None:
    from her2het.schema import StudyError, did_you_mean

    if column not in has:
        raise StudyError(
            f"{name}: column {column!r} missing; the headings are {', '.join(has)}.{did_you_mean(column, has)} "
            "Name one of them."
        )


def _no_patient_repeats(name: str, frame: pd.DataFrame, wanted: set[str]) -> None:
    """A column that by its name says whose a row is, and repeats, must not be passed over."""
    from her2het.schema import StudyError

    for column in frame.columns:
        plain = "".join(c for c in str(column).lower() if c.isalnum())
        known = frame[column].dropna()
        if plain in OWNERS and column not in wanted and 1 < len(set(known)) < len(known):
            who = known[known.duplicated()].iloc[0]
            raise StudyError(
                f"{name}: {column} {str(who)!r} stands in {int((known == who).sum())} rows, and rows of one patient "
                f"are not patients. Say whose they are with --patient {column}."
            )


def level_of(name: str, column: str, level: str, present: list[str]) -> str:
    """A level that a column has. :raises StudyError: where it has not"""
    from her2het.schema import StudyError, did_you_mean

    if level not in present:
        raise StudyError(
            f"{name}: {column} is never {level!r}; it is {', '.join(present) or 'empty'}."
            f"{did_you_mean(level, present)} Name one of them."
        )
    return level


def outcome_of(rows: Rows, column: str, yes: str | None) -> PerPatient:
    """A yes or no per patient as 1 and 0: yes/no, true/false, 1/0, or the level that counts as yes."""
    from her2het.schema import StudyError
    from her2het.stats.units import PerPatient

    said = rows.words(column).dropna()
    if yes is not None:
        level_of(rows.name, column, yes, sorted({str(v) for v in said}))
        flags = (said.astype(str) == yes).astype("float64")
    else:
        flags = said.astype("boolean").astype("Float64").astype("float64")
    if flags.nunique() < 2:
        what = "no patient has" if flags.empty or flags.iloc[0] == 0 else "all patients have"
        raise StudyError(f"{rows.name}: {what} {column}. A comparison needs patients with and without.")
    return PerPatient(flags, column)
