"""How far a tumour's transcriptome moves under treatment, and what goes with it."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from her2het.analyses.mutation_calls import patient_flags
from her2het.analyses.parts import excluded, group_of, samples_at
from her2het.analyses.status_change import HET_WORDS, SCORES, ihc_score
from her2het.kernels.pca import pca
from her2het.plan import analysis
from her2het.results.change import StatusChange, TreatmentDistance
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import BiopsyDistance, Expression
from her2het.results.fish import FishHeterogeneity
from her2het.schema import NotApplicable, Note
from her2het.stats.correlation import spearman
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.rank_tests import rank_sum, signed_rank
from her2het.stats.several import trend
from her2het.stats.summaries import boxes, fit_line
from her2het.stats.units import PerPatient
from her2het.tables import Features, Ihc, Patients

WEAK = 0.25  # the paper's weak responders: the lowest quarter
UNIT, IHC = "distance", "HER2 IHC score"
MUTATED = ("PIK3CA", "ERBB2")
CLASSES = {
    "het_before": "HET at baseline",
    "shifted": "HET shifts",
    "hr": "hormone receptor",
    "er": "ER",
    "nodes": "nodes",
}
NUMBERS = {
    "rcb": "Residual cancer burden",
    "age": "Age",
    "fraction": "Amplified fraction",
    "ratio": "ERBB2/CEP17 ratio",
}


@dataclass(frozen=True)
class _Found:
    estimates: list[Estimate]
    boxes: list[pd.DataFrame]
    fits: list[pd.DataFrame]
    within: list[Estimate]


@analysis(section="Treatment-induced change")
def treatment_distance(
    expression: Expression,
    groups: GroupAssignment,
    patients: Patients,
    features: Features | None,
    fish: FishHeterogeneity | None,
    ihc: Ihc | None,
    status: StatusChange | None,
    biopsies: BiopsyDistance | None,
    *,
    permutations: Annotated[int, Field(ge=99, description="Random reassignments of residual tumours.")] = 1999,
    seed: Annotated[int, Field(ge=0, description="Root of the random streams.")] = 1,
) -> TreatmentDistance:
    """How far does the transcriptome of a tumour move under treatment, and what goes with it?

    Euclidean distance between the residual tumour and the mean of the patient's baseline biopsies over all kept genes
    (the paper does not say more), and beside it on the first two components of these samples. Weak responders are the
    lowest quarter. Compared by HET at baseline, HET shift, mutation, receptors and nodes (rank-sum test), over the HER2
    IHC score at baseline (Jonckheere-Terpstra trend), and with residual cancer burden, age, amplified fraction and
    ratio (Spearman, also among tumours HET and not HET). Against the distance between two baseline biopsies of the same
    tumour (signed-rank test) stands the mean distance between one baseline biopsy and the residual tumour, single
    biopsies on both sides: a mean of biopsies has less noise, and a distance to it is smaller whatever treatment does.
    The correlation with the distance between biopsies has the same biopsies on both sides: what is noise in one of them
    is in both, so that it lies above 0 without any effect.
    Null: residual tumours reassigned to other patients' baselines; p = (b + 1) / (m + 1) for the mean own distance
    being as small. Benjamini-Hochberg over all comparisons, and over those among HET and not HET
    (doi:10.1172/JCI176454).
    """
    before = samples_at(groups, "baseline", expression.log_cpm.columns)
    after = samples_at(groups, "followup", expression.log_cpm.columns)
    both = sorted(set(before["patient"]) & set(after["patient"]))
    if len(both) < 4:
        raise NotApplicable(f"{len(both)} patients have RNA before and after treatment; needed are 4")
    kept = expression.genes["kept"].to_numpy(dtype=bool)
    means = {phase: _means(expression, kept, table, both) for phase, table in (("before", before), ("after", after))}
    cross = _distances(means["after"], means["before"])
    two = pca(np.concatenate([means["before"], means["after"]], axis=1), 2).scores
    halves = two[: len(both)], two[len(both) :]
    table = pd.DataFrame({"patient": pd.Series(both, dtype="string"), "distance": np.diag(cross)})
    table["distance_single"] = _single(expression, kept, before, after, both)
    table["distance_two_components"] = np.sqrt(((halves[1] - halves[0]) ** 2).sum(axis=1))
    table = _describe(table, groups, patients, features, fish, status, biopsies)
    if ihc is not None and "score" in ihc.columns:
        table["ihc"] = table["patient"].map(ihc_score(groups, ihc, "baseline", "highest")).astype("string")
    found = _associations(table)
    lost = [
        ("patient", str(p), "RNA after but not before treatment", "rna_counts")
        for p in set(after["patient"]) - set(both)
    ]
    null, permuted = _null(cross, permutations, seed)
    estimates = with_q([permuted, *found.estimates], family=f"{1 + len(found.estimates)} associations of the distance")
    limit = float(np.quantile(table["distance"], WEAK))
    table["place"] = table["distance"].rank(method="first").astype(int)
    table["responder"] = pd.Series(np.where(table["distance"] <= limit, "weak", "strong"), dtype="string")
    tracks = [("HET at baseline", "is_het"), ("HET status shifts", "shifted"), ("PIK3CA/ERBB2 mutated", "mutated")]
    columns = pd.Index(["variable", "x", "y", "low", "high"])
    return TreatmentDistance(
        patients=table.sort_values("place").reset_index(drop=True),
        null=null,
        tracks=pd.DataFrame([t for t in tracks if t[1] in table.columns], columns=pd.Index(["name", "column"])),
        boxes=pd.concat(found.boxes, ignore_index=True) if found.boxes else boxes(_nothing(), "quantity"),
        fits=pd.concat(found.fits, ignore_index=True)[columns]
        if found.fits
        else pd.DataFrame(columns=columns, dtype=float),
        limit=limit,
        comparisons=tuple(e for e in estimates if len(e.n) > 1 or not e.method.startswith("Spearman")),
        correlations=tuple(e for e in estimates if e.method.startswith("Spearman")),
        within=with_q(found.within, family=f"{len(found.within)} correlations of the distance among HET and not HET"),
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(sorted(lost)),
        notes=(
            Note(
                "note",
                "Distance over all genes",
                f"Over {int(kept.sum()):,} genes; noise adds to every distance alike.",
            ),
        ),
    )


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(columns=pd.Index(["quantity", "group", "value"]), dtype=float)


def _means(
    expression: Expression, kept: NDArray[np.bool_], table: pd.DataFrame, patients: list[str]
) -> NDArray[np.float64]:
    """Mean profile of each patient's samples (genes x patients)."""
    at = {name: i for i, name in enumerate(expression.log_cpm.columns)}
    owned = table.groupby("patient")["sample"].agg(list)
    values = expression.log_cpm.values[kept]
    return np.stack([values[:, [at[s] for s in owned[p]]].mean(axis=1) for p in patients], axis=1)


def _single(
    expression: Expression, kept: NDArray[np.bool_], before: pd.DataFrame, after: pd.DataFrame, patients: list[str]
) -> NDArray[np.float64]:
    """Mean distance between one of a patient's baseline biopsies and one of the samples after treatment."""
    at = {name: i for i, name in enumerate(expression.log_cpm.columns)}
    values = expression.log_cpm.values[kept]
    one, two = (table.groupby("patient")["sample"].agg(list) for table in (before, after))
    pairs = [([at[s] for s in one[p]], [at[s] for s in two[p]]) for p in patients]
    return np.array([float(_distances(values[:, i], values[:, j]).mean()) for i, j in pairs])


def _distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean distance of each column of `a` (rows of the answer) to each column of `b`."""
    return np.stack([np.sqrt(((b - a[:, [i]]) ** 2).sum(axis=0)) for i in range(a.shape[1])])


def _null(cross: NDArray[np.float64], permutations: int, seed: int) -> tuple[pd.DataFrame, Estimate]:
    n = len(cross)
    own = float(np.diag(cross).mean())
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    rows = np.arange(n)
    drawn = np.array([cross[rows, rng.permutation(n)].mean() for _ in range(permutations)])
    p = float(((drawn <= own).sum() + 1) / (permutations + 1))
    other = cross[~np.eye(n, dtype=bool)]
    at = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    low, high = np.quantile(own - drawn, [0.025, 0.975])
    estimate = Estimate(
        contrast="own baseline − reassigned baselines",
        effect="difference of means",
        unit=UNIT,
        value=own - float(drawn.mean()),
        low=float(low),
        high=float(high),
        n=(n,),
        method=f"permutation of patients, {permutations} draws",
        p=p,
        remark="the interval is the 95 % range over reassignments",
        quantity="Distance to own baseline",
    )
    return pd.DataFrame({"quantile": at, "distance": np.quantile(other, at)}), estimate


def _describe(
    table: pd.DataFrame,
    groups: GroupAssignment,
    patients: pd.DataFrame,
    features: pd.DataFrame | None,
    fish: FishHeterogeneity | None,
    status: StatusChange | None,
    biopsies: BiopsyDistance | None,
) -> pd.DataFrame:
    """The variables that a distance may go with."""
    result = table.assign(group=table["patient"].map(group_of(groups)).astype("string"))
    het = groups.patients.set_index("patient")["het"].astype("boolean")
    result["is_het"] = table["patient"].map(het).astype("boolean")
    result["het_before"] = result["is_het"].map({True: "HET", False: "non-HET"}).astype("string")
    changed = groups.shifts.set_index("patient")["after"].astype("boolean")
    result["shift"] = (
        table["patient"].map(changed).map({True: "to HET", False: "from HET"}).fillna("none").astype("string")
    )
    result["shifted"] = (result["shift"] != "none").astype("boolean")
    if status is not None:
        known = set(status.pairs.loc[status.pairs["what"] == "HET", "patient"])
        result["shifted"] = result["shifted"].mask(~table["patient"].isin(known))
    by_patient = patients.set_index("patient")
    for name in ("hr", "er", "nodes", "rcb", "age"):
        if name in by_patient.columns:
            result[name] = table["patient"].map(by_patient[name])
    mutated = _mutated(patients, features)
    if mutated is not None:
        result["mutated"] = table["patient"].map(mutated).astype("boolean")
    if fish is not None:
        pooled = fish.patients[fish.patients["phase"] == "baseline"].set_index("patient")
        for name in ("fraction", "ratio"):
            result[name] = table["patient"].map(pooled[name]).astype("float64")
    if biopsies is not None:
        result["between_biopsies"] = (
            table["patient"].map(biopsies.pairs.set_index("patient")["distance"]).astype("float64")
        )
    return result


def _mutated(patients: pd.DataFrame, features: pd.DataFrame | None) -> pd.Series | None:
    """PIK3CA or ERBB2 mutated; missing where neither could be evaluated."""
    flags = patient_flags(patients, features)
    flags = flags[[gene for gene in MUTATED if gene in flags.columns]]
    if flags.empty:
        return None
    return flags.any(axis=1, skipna=True).astype("boolean").mask(flags.isna().all(axis=1))


def _associations(table: pd.DataFrame) -> _Found:
    distance = PerPatient(table.set_index("patient")["distance"], "Transcriptomic distance", UNIT)
    found = _Found([], [], [], [])
    flags = {
        name: words for name, words in (CLASSES | {"mutated": "PIK3CA/ERBB2 mutated"}).items() if name in table.columns
    }
    for name, words in flags.items():
        _by_class(table.set_index("patient")[name], words, distance, found)
    if "ihc" in table.columns:
        _by_score(table.set_index("patient")["ihc"].dropna(), distance, found)
    het = table.set_index("patient")["het_before"]
    for name, words in NUMBERS.items():
        if name in table.columns:
            values = table.set_index("patient")[name].astype("float64")
            _with_number(values, words, distance, found)
            for part in HET_WORDS:
                _within(PerPatient(values[(het == part).fillna(False)], words), part, distance, found)
    if "between_biopsies" in table.columns and table["between_biopsies"].notna().sum() >= 5:
        within = PerPatient(table.set_index("patient")["between_biopsies"], "Distance between biopsies", UNIT)
        single = PerPatient(table.set_index("patient")["distance_single"], "Distance of single biopsies", UNIT)
        contrast = "single biopsies: before-after − between two baseline biopsies"
        found.estimates.append(
            replace(signed_rank(single, within, contrast=contrast), quantity="Before-after against between biopsies")
        )
        _with_number(within.values, "Distance between biopsies", distance, found)
    return found


def _by_class(values: pd.Series, words: str, distance: PerPatient, found: _Found) -> None:
    if values.dtype == "boolean":
        yes, no = f"{words} yes", f"{words} no"
        classes = values.dropna().map({True: yes, False: no})
    else:
        yes, no = "HET", "non-HET"
        classes = values.dropna()
    if classes.nunique() < 2 or classes.value_counts().min() < 2:
        return
    found.estimates.append(replace(rank_sum(distance, classes, yes, no), quantity=words, groups=(yes, no)))
    frame = pd.DataFrame({"quantity": words, "group": classes, "value": distance.values.reindex(classes.index)})
    found.boxes.append(boxes(frame.sort_values("group", kind="stable"), "quantity"))


def _by_score(scores: pd.Series, distance: PerPatient, found: _Found) -> None:
    """Trend over the HER2 IHC scores that two patients or more have."""
    sizes = scores.value_counts()
    present = tuple(s for s in SCORES if sizes.get(s, 0) >= 2)
    frame = pd.DataFrame({"quantity": IHC, "group": scores, "value": distance.values.reindex(scores.index)})
    if len(present) > 1:
        told = trend(distance, scores[scores.isin(present)], present, contrast="distance over the HER2 IHC score")
        found.estimates.append(replace(told, quantity=IHC, groups=present))
        found.boxes.append(boxes(frame.sort_values("group", kind="stable"), "quantity"))


def _within(variable: PerPatient, part: str, distance: PerPatient, found: _Found) -> None:
    """The correlation among the tumours of one HET status."""
    if variable.n >= 5 and len(set(variable.known())) > 1:
        told = spearman(
            variable, distance.pick(variable.known().index), contrast=f"{variable.quantity}, distance, {part}"
        )
        found.within.append(replace(told, quantity=variable.quantity, groups=(part,)))


def _with_number(values: pd.Series, words: str, distance: PerPatient, found: _Found) -> None:
    variable = PerPatient(values.astype("float64"), words)
    if variable.n < 5 or variable.known().nunique() < 2:
        return
    both = variable.known().index
    x, y = variable.pick(both), distance.pick(both)
    found.estimates.append(replace(spearman(x, y, contrast=f"{words}, distance"), quantity=words))
    found.fits.append(fit_line(x.array(), y.array()).assign(variable=words))
