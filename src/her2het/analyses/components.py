"""What separates samples: principal components of all kept samples and of the baseline samples."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.analyses.expression import COMPONENTS
from her2het.analyses.parts import compare_groups, excluded, group_of
from her2het.kernels.pca import pca
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression, SampleComponents
from her2het.schema import NotApplicable, Note
from her2het.stats.correlation import spearman
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.summaries import ellipse
from her2het.stats.units import PerPatient, PerSample
from her2het.tables import Patients, Samples

PATIENT_VARIABLES = ("er", "pr", "hr", "nodes", "age")
SAMPLE_VARIABLES = ("cellularity", "batch")
ASSOCIATED = 2  # components that are tested against variables


@analysis(section="Expression")
def sample_components(
    expression: Expression, groups: GroupAssignment, patients: Patients, samples: Samples
) -> SampleComponents:
    """What separates the samples, before treatment and overall?

    Principal components (genes centred, not scaled) of all kept samples, and of the baseline samples alone. Ellipses
    hold 68 % of a bivariate normal fitted to each group's samples. Whether the first two baseline components go with
    group, receptors, nodes, age, cellularity or batch is tested at patient level (mean of a patient's biopsies):
    Spearman correlation for numbers, rank-sum or Kruskal-Wallis test for classes; Benjamini-Hochberg over all of them.
    """
    kept = expression.genes["kept"].to_numpy(dtype=bool)
    values = expression.log_cpm.values[kept]
    label = group_of(groups)
    table = expression.factors[["sample", "patient", "phase"]].copy()
    table["group"] = table["patient"].map(label).astype("string")
    by_patient, by_sample = patients.set_index("patient"), samples.set_index("sample")
    for name in PATIENT_VARIABLES:
        if name in by_patient.columns:
            table[name] = table["patient"].map(by_patient[name])
    for name in SAMPLE_VARIABLES:
        if name in by_sample.columns:
            table[name] = table["sample"].map(by_sample[name])
    baseline = (table["phase"] == "baseline").to_numpy()
    if baseline.sum() < 3:
        raise NotApplicable(f"{int(baseline.sum())} baseline samples with RNA; components need at least 3")
    parts, explained = [], []
    for which, mask in (("all", np.ones(len(table), bool)), ("baseline", baseline)):
        scores, shares = _components(values[:, mask])
        part = table[mask].reset_index(drop=True)
        part.insert(0, "which", which)
        parts.append(pd.concat([part, scores], axis=1))
        explained += [(which, k + 1, s) for k, s in enumerate(shares)]
    scores = pd.concat(parts, ignore_index=True).astype({"which": "string"})
    return SampleComponents(
        scores=scores,
        explained=pd.DataFrame(explained, columns=pd.Index(["which", "component", "share"])),
        ellipses=_ellipses(scores, groups.labels),
        associations=_associations(scores[scores["which"] == "baseline"], label, groups),
        labels=groups.labels,
        control=groups.control,
        n_genes=int(kept.sum()),
        excluded=excluded(),
        notes=(
            Note(
                "note",
                "Biopsies of one patient are not independent",
                "Each point is a sample; the tests use one value per patient.",
            ),
        ),
    )


def _components(values: NDArray[np.float64]) -> tuple[pd.DataFrame, list[float]]:
    found = pca(values, COMPONENTS)
    scores = np.full((values.shape[1], COMPONENTS), np.nan)
    scores[:, : found.scores.shape[1]] = found.scores
    names = pd.Index([f"pc{k + 1}" for k in range(COMPONENTS)])
    return pd.DataFrame(scores, columns=names), [float(s) for s in found.share[:COMPONENTS]]


def _ellipses(scores: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    rows = []
    for which in ("all", "baseline"):
        for label in labels:
            part = scores[(scores["which"] == which) & (scores["group"] == label)]
            if len(part) >= 3:
                rows.append((which, label, *ellipse(part["pc1"].to_numpy(float), part["pc2"].to_numpy(float))))
    return pd.DataFrame(rows, columns=pd.Index(["which", "group", "x", "y", "width", "height", "angle"]))


def _associations(baseline: pd.DataFrame, label: pd.Series, groups: GroupAssignment) -> tuple[Estimate, ...]:
    owner = baseline.set_index("sample")["patient"]
    found: list[Estimate] = []
    for k in range(1, ASSOCIATED + 1):
        scores = PerSample(baseline.set_index("sample")[f"pc{k}"], f"PC{k}").per_patient(owner)
        found += compare_groups(scores, label, groups.labels, f"PC{k} by group")
        for name in (*PATIENT_VARIABLES, *SAMPLE_VARIABLES):
            if name not in baseline.columns:
                continue
            found += _one_association(baseline, owner, scores, name, k)
    return tuple(with_q(found, family=f"{len(found)} associations of components"))


def _one_association(baseline: pd.DataFrame, owner: pd.Series, scores: PerPatient, name: str, k: int) -> list[Estimate]:
    if pd.api.types.is_float_dtype(baseline[name].dtype):
        values = PerSample(baseline.set_index("sample")[name], name).per_patient(owner)
        if values.n < 4 or values.known().nunique() < 2:
            return []
        return [replace(spearman(scores, values, contrast=f"PC{k} with {name}"), quantity=f"PC{k}")]
    first = baseline.dropna(subset=[name]).groupby("patient")[name].agg(["first", "nunique"])
    by_patient = first[first["nunique"] == 1]["first"]
    words = by_patient.map({True: f"{name} yes", False: f"{name} no"}) if by_patient.dtype == "boolean" else by_patient
    classes = words.astype("string")
    levels = tuple(sorted(classes.dropna().unique()))
    if len(levels) < 2 or len(levels) > 12:
        return []
    return compare_groups(scores, classes, levels, f"PC{k} by {name}")
