"""Patients whose HER2 by RNA, FISH and IHC (and by a protein feature of the study) disagree."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import chdtri

from her2het.analyses import measured
from her2het.analyses.parts import compare_pairs, excluded, group_of, of_het_nuclei, samples_at
from her2het.kernels.disagreement import Disagreement, disagreement, normal_scores, rank_correlations
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.discordance import Discordance
from her2het.results.expression import Expression
from her2het.results.fish import FishHeterogeneity
from her2het.schema import NotApplicable, Note
from her2het.stats.correlation import spearman
from her2het.stats.estimate import Estimate
from her2het.stats.families import adjusted, with_q
from her2het.stats.units import PerPatient
from her2het.tables import Features, Ihc

FishMeasure = Literal["ratio", "copies", "fraction"]
STAINED = {"score3": 3, "score2": 2, "score1": 1}  # of the H-score, 0 to 300
LABELS = {"rna": "ERBB2 mRNA", "ihc": "HER2 IHC", "dsp": "HER2 by DSP"}
FEWEST = 10


@dataclass(frozen=True, eq=False)
class _Measure:
    key: str
    values: PerPatient
    order: pd.Series  # what patients are ranked by, where it is finer than the values


@analysis(section="HER2 status and heterogeneity")
def discordance(
    groups: GroupAssignment,
    expression: Expression | None,
    fish: FishHeterogeneity | None,
    ihc: Ihc | None,
    features: Features | None,
    *,
    fish_measure: Annotated[FishMeasure, Field(description="Which measure stands for FISH.")] = "ratio",
    protein_feature: Annotated[
        str, Field(description="Column of features with HER2 protein by DSP or the like, where the study has one.")
    ] = "her2_dsp",
    share: Annotated[
        float, Field(gt=0, lt=0.5, description="Share of tumours that would be listed by chance alone.")
    ] = 0.025,
) -> Discordance:
    """In which tumours do HER2 by RNA, FISH and IHC disagree?

    Baseline, one value per patient: mean ERBB2 log expression; ERBB2/CEP17 of the pooled nuclei; mean IHC score, ties
    ordered by the H-score where the study has percentages of stained cells; and HER2 protein by DSP where a feature
    holds it. Each becomes normal scores of its ranks (so no single value and no scale decides), their correlation is
    taken from Spearman's r (2 sin(pi r / 6)). A tumour's distance is Mahalanobis' squared distance of its scores
    without the part along which all measurements rise together: a tumour that is high, or low, in all of them does not
    disagree. p by chi-square (measurements less one), which assumes jointly normal scores and is approximate for a
    score with few levels; Benjamini-Hochberg over tumours. Listed are tumours beyond the stated quantile, of which some
    are expected by chance; the measurement that the others predict worst is named. Specimens of one tumour differ
    between assays, which alone makes some disagree. Whether groups differ in the distance: rank-sum tests, one family
    (doi:10.1172/JCI176454 names discordant cases as a limitation). A group of HET tumours has a low ratio by
    definition, at whatever RNA and IHC: its comparisons are marked as descriptions.
    """
    found = _measures(groups, expression, fish, ihc, features, fish_measure, protein_feature)
    if len(found) < 2:
        raise NotApplicable(f"{len(found)} of RNA, FISH and IHC known in {FEWEST} patients or more; needed are 2")
    patients = pd.Index(sorted(set().union(*(m.values.known().index for m in found))))
    scores = np.column_stack([normal_scores(m.order.reindex(patients).to_numpy(dtype=float)) for m in found])
    r, normal = rank_correlations(scores)
    told = disagreement(scores, normal)
    label = group_of(groups)
    limits = np.array([chdtri(k - 1, share) if k > 1 else np.nan for k in told.measured])
    table = _table(patients, found, scores, told, told.distance > limits, label)
    if fish is not None:
        pooled = fish.patients[fish.patients["phase"] == "baseline"].set_index("patient")
        for name in ("copies", "fraction", "het"):
            table[name] = table["patient"].map(pooled[name])
    alone = patients[told.measured < 2]
    distance = PerPatient(table.set_index("patient")["distance"], "Disagreement of HER2 measurements")
    compared = [
        replace(e, contrast=f"Disagreement: {e.contrast}")
        for e in compare_pairs(distance, label, groups, distance.quantity)
    ]
    names = pd.DataFrame(
        {
            "measure": [m.key for m in found],
            "label": [m.values.quantity for m in found],
            "unit": [m.values.unit for m in found],
            "n": [m.values.n for m in found],
        }
    ).astype({"measure": "string", "label": "string", "unit": "string"})
    absent = [w for k, w in (LABELS | {"fish": "FISH"}).items() if k != "dsp" and k not in {m.key for m in found}]
    lost = [("measurement", w, f"known in fewer than {FEWEST} patients", "discordance") for w in absent]
    lost += [("patient", str(p), "one measurement of HER2 only", "discordance") for p in alone]
    table = table.sort_values("distance", ascending=False, na_position="last").reset_index(drop=True)
    return Discordance(
        measures=names,
        patients=table,
        listed=_listed(table, found),
        spearman=_pairs_of(found, r),
        correlations=_correlations(found),
        comparisons=_described(
            with_q(compared, family=f"disagreement: {len(compared)} comparisons of groups"), groups, fish is not None
        ),
        limit=float(chdtri(len(found) - 1, share)),
        expected=share * int((told.measured > 1).sum()),
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(lost),
        notes=_notes(table, share, found),
    )


def _described(compared: tuple[Estimate, ...], groups: GroupAssignment, by_fish: bool) -> tuple[Estimate, ...]:
    """HET tumours have a low ratio by definition of HET, so that FISH disagrees with the rest more often."""
    return of_het_nuclei(compared, groups) if by_fish else compared


def _measures(
    groups: GroupAssignment,
    expression: Expression | None,
    fish: FishHeterogeneity | None,
    ihc: pd.DataFrame | None,
    features: pd.DataFrame | None,
    fish_measure: FishMeasure,
    protein_feature: str,
) -> list[_Measure]:
    found: list[_Measure] = []
    if expression is not None:
        genes, _ = measured.genes(expression, groups, ("ERBB2",))
        found += [_plain("rna", m.values) for m in genes]
    if fish is not None:
        wanted = measured.FISH[fish_measure][0]
        found += [_plain("fish", m.values) for m in measured.fish_measures(fish) if m.name == wanted]
    if ihc is not None and "score" in ihc.columns:
        found += [_stained(groups, ihc, m.values) for m in measured.staining(groups, ihc) if "HER2" in m.name]
    if features is not None and protein_feature in features.columns:
        own, _ = measured.own_features(groups, features)
        found += [
            _plain("dsp", PerPatient(m.values.values, LABELS["dsp"], m.values.unit))
            for m in own
            if m.name == protein_feature
        ]
    return [m for m in found if m.values.n >= FEWEST and m.values.known().unique().size > 1]


def _plain(key: str, values: PerPatient) -> _Measure:
    return _Measure(key, values, values.known())


def _stained(groups: GroupAssignment, ihc: pd.DataFrame, score: PerPatient) -> _Measure:
    """IHC score; patients with the same score in the order of the H-score, where percentages are known."""
    order = score.known()
    if set(STAINED) <= set(ihc.columns):
        stained = samples_at(groups, "baseline", ihc["sample"])
        weights = pd.Series(STAINED, dtype=float)
        by_sample = (ihc.set_index("sample")[list(STAINED)].astype("float64") * weights).sum(axis=1, skipna=False)
        mean = by_sample.reindex(stained["sample"]).groupby(stained["patient"].to_numpy()).mean()
        order = order + mean.reindex(order.index).fillna(float(mean.median()) if mean.notna().any() else 0.0) / 1000
    return _Measure("ihc", score, order)


def _table(
    patients: pd.Index,
    found: list[_Measure],
    scores: NDArray[np.float64],
    told: Disagreement,
    beyond: NDArray[np.bool_],
    label: pd.Series,
) -> pd.DataFrame:
    table = pd.DataFrame({"patient": patients.astype("string"), "group": label.reindex(patients).to_numpy()})
    for j, m in enumerate(found):
        table[m.key] = m.values.values.reindex(patients).to_numpy(dtype=float)
        table[f"place_{m.key}"] = m.order.reindex(patients).rank(pct=True).to_numpy(dtype=float)
        table[f"z_{m.key}"] = scores[:, j]
    table["measured"] = told.measured
    table["distance"], table["p"], table["q"] = told.distance, told.p, adjusted(told.p)
    table["discordant"] = beyond
    known = ~np.isnan(told.gap).all(axis=1)
    worst = np.where(known, np.nan_to_num(np.abs(told.gap), nan=-1.0).argmax(axis=1), -1)
    gap = np.array([told.gap[i, j] if j >= 0 else np.nan for i, j in enumerate(worst)])
    table["apart"] = [found[j].key if j >= 0 else None for j in worst]
    table["gap"] = gap
    names = [m.values.quantity for m in found]
    table["words"] = [
        f"{names[j]} {'higher' if g > 0 else 'lower'} than {_others(names, found, scores[i], j)} let expect"
        if j >= 0
        else None
        for i, (j, g) in enumerate(zip(worst, gap, strict=True))
    ]
    return table.astype({"group": "string", "apart": "string", "words": "string"})


def _others(names: list[str], found: list[_Measure], scores: NDArray[np.float64], j: int) -> str:
    have = [names[k] for k in range(len(found)) if k != j and not np.isnan(scores[k])]
    return " and ".join(have)


def _listed(table: pd.DataFrame, found: list[_Measure]) -> pd.DataFrame:
    rows = table[table["discordant"]].reset_index(drop=True)
    shown = pd.DataFrame({"patient": rows["patient"], "group": rows["group"]})
    for m in found:
        shown[m.values.quantity] = rows[m.key]
    places = rows[[f"place_{m.key}" for m in found]].to_numpy(dtype=float)
    shown["places, %"] = [", ".join("–" if np.isnan(v) else f"{100 * v:.0f}" for v in row) for row in places]
    names = {m.key: m.values.quantity for m in found}
    way = np.where(rows["gap"] > 0, "higher", "lower")
    shown["stands apart"] = [f"{names[str(k)]}, {w}" for k, w in zip(rows["apart"], way, strict=True)]
    shown["distance"], shown["p"], shown["q"] = rows["distance"], rows["p"], rows["q"]
    return shown


def _pairs_of(found: list[_Measure], r: NDArray[np.float64]) -> pd.DataFrame:
    rows = [(found[b].key, found[a].key, float(r[a, b])) for a in range(len(found)) for b in range(a)]
    return pd.DataFrame(rows, columns=pd.Index(["first", "second", "r"])).astype(
        {"first": "string", "second": "string"}
    )


def _correlations(found: list[_Measure]) -> tuple[Estimate, ...]:
    """Spearman's r of each pair, on the order that the scores use."""
    told = []
    for a in range(len(found)):
        for b in range(a):
            names = found[b].values.quantity, found[a].values.quantity
            x, y = (PerPatient(found[k].order, n) for k, n in zip((b, a), names, strict=True))
            told.append(replace(spearman(x, y, contrast=", ".join(names)), quantity=f"{found[b].key}, {found[a].key}"))
    return with_q(told, family=f"{len(told)} correlations of HER2 measurements")


def _notes(table: pd.DataFrame, share: float, found: list[_Measure]) -> tuple[Note, ...]:
    n, listed = int((table["measured"] > 1).sum()), int(table["discordant"].sum())
    sure = int((table["q"] < 0.05).sum())
    text = (
        f"{listed} of {n} tumours are listed; {share * n:.1f} would be if all measurements were of one quantity with "
        f"this scatter. Beyond chance (q < .05): {sure}."
    )
    notes = [Note("note", "How many disagree by chance", text)]
    for m in found:
        top = float(m.order.value_counts(normalize=True).iloc[0])
        if top > 0.5:
            text = (
                f"{100 * top:.0f} % of patients share one value of {m.values.quantity}: ranks hardly tell them apart, "
                "and few of them can be listed for it."
            )
            notes.append(Note("note", f"{m.values.quantity} has few levels", text))
    return tuple(notes)
