"""Characteristics of the patients by group."""

from dataclasses import replace
from typing import Annotated

import pandas as pd
from pydantic import Field

from her2het.analyses.parts import excluded, group_of
from her2het.expression import columns, parse
from her2het.plan import analysis
from her2het.results.cohort import CohortTable, GroupAssignment
from her2het.schema import Design, NotApplicable
from her2het.stats.cohort import CohortRow, VariableKind, cohort_row
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.units import PerPatient
from her2het.tables import PATIENTS, Features, Patients

ALL = "All patients"


@analysis(section="Patients and samples")
def cohort_table(
    patients: Patients,
    groups: GroupAssignment,
    features: Features | None,
    design: Design,
    *,
    most_classes: Annotated[
        int, Field(ge=2, description="Text columns with more different values are left out, and said so.")
    ] = 12,
    seed: Annotated[int, Field(ge=0, description="Root of the draws where Fisher's test cannot be counted.")] = 1,
) -> CohortTable:
    """Who are the patients, and do the groups differ in what is known of them?

    Numbers: median and quartiles; Kruskal-Wallis test (rank-sum for two groups). Classes: counts and per cent of those
    known; Fisher's exact test for tables of any size. Missing values are counted, never imputed. Benjamini-Hochberg
    over all variables. Variables by which groups are defined differ by construction.
    """
    label = group_of(groups)
    labels = tuple(name for name in groups.labels if (label == name).any())
    if not labels:
        raise NotApplicable("no patient is in a group")
    table, units = _variables(patients, groups, features)
    rows: list[dict[str, object]] = []
    tests: list[Estimate] = []
    lost: list[tuple[str, str, str, str]] = []
    fixed = _by_construction(design)
    for name in table.columns:
        kind, values = _typed(table[name])
        known = values.dropna()
        if known.empty:
            lost.append(("variable", name, "no value in any patient", "patients"))
            continue
        if kind == "classes" and known.nunique() > most_classes:
            why = f"text with {known.nunique()} different values"
            lost.append(("variable", name, why, "cohort_table.most_classes"))
            continue
        per_patient = PerPatient(values, name, units.get(name, ""))
        row = cohort_row(per_patient, label, labels, kind, seed=seed)
        if name not in fixed:
            tests.append(replace(row.estimate, contrast=f"{name} by group", quantity=name, groups=labels))
        everyone = cohort_row(per_patient, pd.Series(ALL, index=label.index), (ALL,), kind, seed=seed)
        rows += _rows(name, kind, row, (*labels,)) + _rows(name, kind, everyone, (ALL,))
    frame = pd.DataFrame(rows)
    text = ["variable", "level", "kind", "group", "text"]
    return CohortTable(
        rows=frame.astype(dict.fromkeys(text, "string")),
        tests=with_q(tests, family=f"{len(tests)} characteristics"),
        labels=labels,
        control=groups.control,
        excluded=excluded(lost),
        notes=(),
    )


def _variables(
    patients: pd.DataFrame, groups: GroupAssignment, features: pd.DataFrame | None
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The patients' columns, HET at baseline, and features measured per patient; and their units."""
    table = patients.set_index("patient")
    table["het"] = groups.patients.set_index("patient")["het"]
    units = {name: column.unit for name, column in PATIENTS.columns.items()}
    if features is not None and "patient" in features.columns:
        own = features.dropna(subset=["patient"]).set_index("patient").drop(columns=["sample"], errors="ignore")
        table = table.join(own[[c for c in own.columns if c not in table.columns]].dropna(axis=1, how="all"))
    return table, units


def _by_construction(design: Design) -> set[str]:
    """The variables that groups are made of."""
    used = {c for g in design.groups for c in columns(parse(g.expression, g.label))}
    return used | ({"rcb", "rcb_class"} if "pcr" in used else set())


def _typed(values: pd.Series) -> tuple[VariableKind, pd.Series]:
    if pd.api.types.is_bool_dtype(values.dtype):
        words = values.astype("boolean").map({True: "yes", False: "no"}).astype("string")
        return "classes", pd.Series(pd.Categorical(words, ["no", "yes"], ordered=True), index=values.index)
    if pd.api.types.is_numeric_dtype(values.dtype):
        return "continuous", values.astype("float64")
    return "classes", values


def _rows(name: str, kind: VariableKind, row: CohortRow, labels: tuple[str, ...]) -> list[dict[str, object]]:
    result: list[dict[str, object]] = []
    for i, group in enumerate(labels):
        common = {"variable": name, "kind": kind, "group": group, "n": row.n[i], "missing": row.missing[i]}
        if kind == "continuous":
            middle, low, high = row.summary[i]
            text = f"{middle:.3g} ({low:.3g}–{high:.3g})" if row.n[i] else "–"
            result.append(common | {"level": "", "text": text, "value": middle, "low": low, "high": high})
            continue
        for j, level in enumerate(row.classes):
            count = row.summary[i][j]
            share = 100 * count / row.n[i] if row.n[i] else float("nan")
            text = f"{count:.0f} ({share:.0f} %)" if row.n[i] else "–"
            nothing = float("nan")
            result.append(common | {"level": level, "text": text, "value": count, "low": nothing, "high": nothing})
    return result
