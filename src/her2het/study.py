"""A study: frozen, checked tables with the design that joins them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from her2het.schema import Design, Matrix, Note, StudyError
from her2het.tables import TABLES

Table = pd.DataFrame | Matrix


@dataclass(frozen=True)
class InputFile:
    """A file that was read: which table it became ('' for study.toml), its size, and its digest."""

    table: str
    file: str
    rows: int
    columns: int
    sha256: str


@dataclass(frozen=True, eq=False)
class Study:
    """The tables of a study, its design, and what study.toml sets for the analyses."""

    design: Design
    tables: Mapping[str, Table]
    knobs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    inputs: tuple[InputFile, ...] = ()
    notes: tuple[Note, ...] = ()
    folder: Path | None = None
    settings: InputFile | None = None  # study.toml

    def frame(self, name: str) -> pd.DataFrame | None:
        """A table that is a frame, or None where the study lacks it."""
        table = self.tables.get(name)
        return table if isinstance(table, pd.DataFrame) else None


def check_links(tables: Mapping[str, Table]) -> list[str]:
    """One sentence for each way in which a table points at something that is not there."""
    problems: list[str] = []
    for name, table in tables.items():
        if isinstance(table, Matrix):
            if name != "rna_counts":
                continue
            problems += _unknown("rna_counts", "sample", pd.Series(table.columns, dtype="string"), tables, "samples")
            continue
        for column, target in TABLES[name].foreign.items():
            if column in table.columns and target in tables:
                problems += _unknown(name, column, table[column], tables, target)
    return problems


def _unknown(name: str, column: str, values: pd.Series, tables: Mapping[str, Table], target: str) -> list[str]:
    other = tables.get(target)
    if not isinstance(other, pd.DataFrame):
        return []
    known = other[TABLES[target].key[0]]
    absent = values.dropna()[~values.dropna().isin(known)].unique()
    if not len(absent):
        return []
    shown = ", ".join(repr(str(v)) for v in absent[:3])
    none = " None of them matches: are the two files of the same study?" if len(absent) == values.nunique() else ""
    return [
        f"{name}.{column}: {shown}{' …' * (len(absent) > 3)} ({len(absent)} of {values.nunique()}) "
        f"not in {target}. Add to {target}, or remove from {name}.{none}"
    ]


def check_timepoints(samples: pd.DataFrame, design: Design) -> list[str]:
    """One sentence where no sample is at baseline, or a timepoint stands in neither list."""
    given = set(samples["timepoint"].dropna())
    problems: list[str] = []
    if not given & set(design.baseline):
        problems.append(
            f"samples.timepoint: none of {', '.join(sorted(given)) or 'no values'} is a baseline timepoint "
            f"({', '.join(design.baseline)}). Name the words that the table uses under [timepoints] baseline."
        )
    unknown = sorted(given - set(design.baseline) - set(design.followup))
    if unknown and not problems:
        problems.append(
            f"samples.timepoint: {', '.join(map(repr, unknown))} stands in neither baseline nor followup. "
            "Name it under [timepoints], in one of the two lists."
        )
    return problems


def require(study: Study, name: str, who: str) -> Table:
    """A table of the study. :raises StudyError: where the study lacks it"""
    if name not in study.tables:
        raise StudyError(f"{who}: the study has no table {name}. Name its file under [tables.{name}].")
    return study.tables[name]
