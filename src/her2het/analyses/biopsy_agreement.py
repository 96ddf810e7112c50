"""Whether the change of a tumour depends on the baseline biopsy that it is measured from."""

from dataclasses import replace

import numpy as np
import pandas as pd

from her2het.analyses.parts import excluded, group_of, samples_at
from her2het.plan import analysis
from her2het.results.biopsy_agreement import BiopsyAgreement
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression
from her2het.schema import NotApplicable
from her2het.stats.correlation import spearman
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.summaries import fit_line
from her2het.stats.units import PerPatient
from her2het.tables import Patients

FIRST, SECOND = "Distance from the first biopsy", "distance from the second biopsy"
DIFFERENCE = "difference between the distances of two biopsies"
NUMBERS = {"age": "Age", "rcb": "Residual cancer burden"}
FEWEST = 5


@analysis(section="Treatment-induced change")
def biopsy_agreement(expression: Expression, groups: GroupAssignment, patients: Patients) -> BiopsyAgreement:
    """Does the distance of a tumour to its residual tumour depend on the baseline biopsy?

    Euclidean distance over all kept genes from each baseline biopsy to the residual tumour (mean of its samples), in
    patients with two baseline biopsies or more. Their absolute difference (mean over pairs of biopsies) is set against
    age and residual cancer burden, and the distance from the second biopsy against that from the first (Spearman).
    Benjamini-Hochberg over these correlations (doi:10.1172/JCI176454, Supplemental Figure 5D).
    """
    before = samples_at(groups, "baseline", expression.log_cpm.columns)
    after = samples_at(groups, "followup", expression.log_cpm.columns)
    table = _distances(expression, before, after).assign(group=lambda t: t["patient"].map(group_of(groups)))
    if len(table) < FEWEST:
        raise NotApplicable(
            f"{len(table)} patients have two baseline biopsies and a residual tumour with RNA; needed are {FEWEST}"
        )
    known = patients.set_index("patient")
    for name in NUMBERS:
        if name in known.columns:
            table[name] = table["patient"].map(known[name]).astype("float64")
    found, fits = _correlations(table.set_index("patient"))
    both = set(before["patient"]) & set(after["patient"])
    single = sorted(both - set(table["patient"]))
    return BiopsyAgreement(
        patients=table.astype({"group": "string"}),
        fits=fits,
        correlations=with_q(found, family=f"{len(found)} correlations of the distances of two biopsies"),
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(("patient", str(p), "one baseline biopsy with RNA", "biopsy_agreement") for p in single),
        notes=(),
    )


def _distances(expression: Expression, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """One row per patient with two baseline biopsies and a residual tumour."""
    at = {name: i for i, name in enumerate(expression.log_cpm.columns)}
    values = expression.log_cpm.values[expression.genes["kept"].to_numpy(dtype=bool)]
    first, last = (t.groupby("patient", sort=True)["sample"].agg(list) for t in (before, after))
    rows: list[tuple[object, ...]] = []
    for patient in sorted(set(first.index) & set(last.index)):
        biopsies = first[patient]
        if len(biopsies) < 2:
            continue
        residual = values[:, [at[s] for s in last[patient]]].mean(axis=1, keepdims=True)
        apart = np.sqrt(((values[:, [at[s] for s in biopsies]] - residual) ** 2).sum(axis=0))
        one, other = np.triu_indices(len(apart), 1)
        difference = float(np.abs(apart[one] - apart[other]).mean())
        rows.append((patient, biopsies[0], biopsies[1], float(apart[0]), float(apart[1]), difference))
    columns = ["patient", "sample_a", "sample_b", "distance_a", "distance_b", "difference"]
    frame = pd.DataFrame(rows, columns=pd.Index(columns))
    return frame.astype({"patient": "string", "sample_a": "string", "sample_b": "string"})


def _correlations(table: pd.DataFrame) -> tuple[list[Estimate], pd.DataFrame]:
    asked = [("distance_a", FIRST, "distance_b", SECOND)]
    asked += [(name, words, "difference", DIFFERENCE) for name, words in NUMBERS.items() if name in table.columns]
    found: list[Estimate] = []
    fits: list[pd.DataFrame] = []
    for x_name, words, y_name, y_words in asked:
        rows = table[[x_name, y_name]].dropna()
        if len(rows) < FEWEST or rows[x_name].nunique() < 2:
            continue
        x, y = PerPatient(rows[x_name], words), PerPatient(rows[y_name], y_words)
        found.append(replace(spearman(x, y, contrast=f"{words}, {y_words}"), quantity=words))
        fits.append(fit_line(x.array(), y.array()).assign(variable=words))
    columns = pd.Index(["variable", "x", "y", "low", "high"])
    return found, pd.concat(fits, ignore_index=True)[columns] if fits else pd.DataFrame(columns=columns, dtype=float)
