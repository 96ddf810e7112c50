"""How far apart two baseline biopsies of one tumour are, and what goes with it."""

from dataclasses import replace

import numpy as np
import pandas as pd

from her2het.analyses.parts import compare_groups, excluded, group_of, samples_at
from her2het.kernels.distances import component_distances, euclidean
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import BiopsyDistance, Expression
from her2het.results.fish import FishHeterogeneity
from her2het.schema import NotApplicable, Note
from her2het.stats.correlation import spearman
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.rank_tests import rank_sum
from her2het.stats.summaries import boxes, fit_line
from her2het.stats.units import PerPatient
from her2het.tables import Patients, Samples

CLASSES = ("pcr", "het", "er", "pr", "hr", "nodes")
WORDS = {
    "pcr": "pCR",
    "het": "HET",
    "er": "ER",
    "pr": "PR",
    "hr": "hormone receptor",
    "nodes": "nodes",
    "rcb": "Residual cancer burden",
    "age": "Age",
    "cellularity": "Difference of cellularity",
    "area_mm2": "Difference of tumour area",
    "fraction": "Amplified fraction",
}
NUMBERS = ("rcb", "age", "cellularity", "area_mm2", "fraction")


@analysis(section="Expression")
def biopsy_distance(
    expression: Expression,
    groups: GroupAssignment,
    patients: Patients,
    samples: Samples,
    fish: FishHeterogeneity | None,
) -> BiopsyDistance:
    """How far apart are two baseline biopsies of one tumour, and what goes with it?

    Euclidean distance between the log expression of two baseline biopsies over all kept genes (the paper does not say
    more), and beside it on the first two components; the mean over pairs where a patient has more than two. Compared
    by pCR, HET, receptors and nodes (rank-sum test), and with residual cancer burden, age, amplified fraction and the
    differences of cellularity and area (Spearman); Benjamini-Hochberg over all of them. For scale: the distances
    between biopsies of different patients.
    """
    baseline = samples_at(groups, "baseline", expression.log_cpm.columns)
    kept = expression.genes["kept"].to_numpy(dtype=bool)
    picked = expression.log_cpm.pick(list(baseline["sample"])).values[kept]
    if not baseline["patient"].duplicated().any():
        raise NotApplicable("no patient has two baseline biopsies with RNA")
    full, two = euclidean(picked), component_distances(picked)
    pairs = _pairs(baseline, full, two)
    pairs = _describe(pairs, groups, patients, samples, fish)
    found, box_parts, fits = _associations(pairs, groups)
    single = baseline[~baseline["patient"].isin(pairs["patient"])]["patient"]
    return BiopsyDistance(
        pairs=pairs,
        null=_between(baseline, full),
        boxes=pd.concat(box_parts, ignore_index=True) if box_parts else boxes(_nothing(), "quantity"),
        fits=pd.concat(fits, ignore_index=True) if fits else _nothing("variable", "x", "y", "low", "high"),
        comparisons=tuple(e for e in found if e.groups),
        correlations=tuple(e for e in found if not e.groups),
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(("patient", str(p), "one baseline biopsy with RNA", "biopsy_distance") for p in single),
        notes=(
            Note(
                "note",
                "Distance over all genes",
                f"Over {int(kept.sum()):,} genes of {expression.log_cpm.unit}; genes of low expression add noise "
                "to every distance alike.",
            ),
        ),
    )


def _nothing(*columns: str) -> pd.DataFrame:
    return pd.DataFrame(columns=pd.Index(columns or ("quantity", "group", "value")), dtype=float)


def _pairs(baseline: pd.DataFrame, full: np.ndarray, two: np.ndarray) -> pd.DataFrame:
    rows = []
    for patient, part in baseline.groupby("patient", sort=True):
        at = part.index.to_numpy()
        if len(at) < 2:
            continue
        first, second = np.triu_indices(len(at), 1)
        names = baseline["sample"].to_numpy()
        distances = full[at[first], at[second]], two[at[first], at[second]]
        rows.append((patient, names[at[0]], names[at[1]], *(float(d.mean()) for d in distances)))
    columns = ["patient", "sample_a", "sample_b", "distance", "distance_two_components"]
    frame = pd.DataFrame(rows, columns=pd.Index(columns))
    return frame.astype({"patient": "string", "sample_a": "string", "sample_b": "string"})


def _describe(
    pairs: pd.DataFrame,
    groups: GroupAssignment,
    patients: pd.DataFrame,
    samples: pd.DataFrame,
    fish: FishHeterogeneity | None,
) -> pd.DataFrame:
    """The variables that a distance may go with, beside each pair."""
    known = patients.set_index("patient")
    result = pairs.assign(group=pairs["patient"].map(group_of(groups)).astype("string"))
    for name in ("pcr", "er", "pr", "hr", "nodes", "rcb", "age"):
        if name in known.columns:
            result[name] = pairs["patient"].map(known[name])
    result["het"] = pairs["patient"].map(groups.patients.set_index("patient")["het"]).astype("boolean")
    by_sample = samples.set_index("sample")
    for name in ("cellularity", "area_mm2"):
        if name in by_sample.columns:
            one, other = (by_sample[name].reindex(pairs[c]).to_numpy(float) for c in ("sample_a", "sample_b"))
            result[name] = np.abs(one - other)
    if fish is not None:
        pooled = fish.patients[fish.patients["phase"] == "baseline"].set_index("patient")["fraction"]
        result["fraction"] = pairs["patient"].map(pooled).astype("float64")
    return result


def _associations(
    pairs: pd.DataFrame, groups: GroupAssignment
) -> tuple[list[Estimate], list[pd.DataFrame], list[pd.DataFrame]]:
    distance = PerPatient(pairs.set_index("patient")["distance"], "Distance between biopsies")
    found: list[Estimate] = compare_groups(distance, group_of(groups), groups.labels, "distance by group")
    parts: list[pd.DataFrame] = []
    fits: list[pd.DataFrame] = []
    for name in CLASSES:
        if name not in pairs.columns:
            continue
        flag = pairs.set_index("patient")[name].astype("boolean").dropna()
        yes, no = f"{WORDS[name]} yes", f"{WORDS[name]} no"
        classes = flag.map({True: yes, False: no})
        if classes.nunique() == 2 and classes.value_counts().min() >= 2:
            estimate = rank_sum(distance, classes, yes, no)
            found.append(replace(estimate, quantity=WORDS[name], groups=(yes, no)))
            values = pd.DataFrame({"quantity": WORDS[name], "group": classes, "value": distance.values})
            parts.append(boxes(values.sort_values("group", kind="stable"), "quantity"))
    for name in NUMBERS:
        if name not in pairs.columns or pairs[name].notna().sum() < 5 or pairs[name].nunique() < 2:
            continue
        variable = PerPatient(pairs.set_index("patient")[name].astype("float64"), WORDS[name])
        both = variable.known().index
        x, y = variable.pick(both), distance.pick(both)
        found.append(replace(spearman(x, y, contrast=f"{WORDS[name]}, distance"), quantity=WORDS[name]))
        fits.append(fit_line(x.array(), y.array()).assign(variable=WORDS[name]))
    columns = ["variable", "x", "y", "low", "high"]
    return (
        list(with_q(found, family=f"{len(found)} associations of the distance between biopsies")),
        parts,
        [f[columns] for f in fits],
    )


def _between(baseline: pd.DataFrame, full: np.ndarray) -> pd.DataFrame:
    """Quantiles of the distances between biopsies of different patients."""
    codes = pd.factorize(baseline["patient"])[0]
    first, second = np.triu_indices(len(codes), 1)
    different = full[first, second][codes[first] != codes[second]]
    at = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    values = np.quantile(different, at) if len(different) else np.full(len(at), np.nan)
    return pd.DataFrame({"quantile": at, "distance": values})
