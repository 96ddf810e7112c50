"""The study's own measurements: by group, against residual cancer burden, and before against after treatment."""

from dataclasses import dataclass, fields, replace
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from her2het.analyses.parts import compare_pairs, excluded, group_of, samples_at
from her2het.analyses.scores import score_study
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.features import FeatureComparisons
from her2het.results.scores import ScoreStudy
from her2het.schema import NotApplicable, Note
from her2het.stats.changes import discordance, mcnemar_of_counts
from her2het.stats.correlation import spearman
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.summaries import boxes, fit_line
from her2het.stats.tables import association, compare_shares
from her2het.stats.units import PerPatient
from her2het.tables import Features, Patients

NUMBER, FLAG, CLASS = "number", "flag", "class"
YES_NO = {True: "yes", False: "no"}
Lost = tuple[str, str, str, str]


@dataclass(frozen=True, eq=False)
class _Own:
    """A feature: what it is, of what it was measured, and its values by sample or patient."""

    name: str
    kind: str
    of: str
    values: pd.Series


@analysis(section="Before treatment")
def feature_comparisons(
    features: Features,
    groups: GroupAssignment,
    patients: Patients,
    *,
    most_levels: Annotated[
        int, Field(ge=2, description="Classes with more different values are left out, and said so.")
    ] = 12,
    seed: Annotated[int, Field(ge=0, description="Root of the draws where Fisher's test cannot be counted.")] = 1,
) -> FeatureComparisons:
    """Do the study's own measurements differ between groups, go with residual cancer burden, or change under treatment?

    Columns of the features table as they are declared. Numbers as every score: mean of a patient's samples of a phase
    (or the patient's one value), rank-sum tests between groups and by hormone receptor, Spearman correlation with
    residual cancer burden, signed-rank test before against after among all, non-HET and HET. Flags and classes: of a
    patient's baseline samples the commonest (the larger for a tie), Fisher's exact test between groups with Cramer's V,
    flags by pCR as difference of shares with Newcombe's interval, before against after by McNemar's exact or Bowker's
    test. Benjamini-Hochberg within each of these questions.
    """
    known, lost = _read(features, most_levels)
    label = group_of(groups)
    numbers = pd.DataFrame({f.name: f.values for f in known if f.kind == NUMBER and f.of == "sample"})
    common, missed = _scored(numbers, groups, patients)
    common = _with_patients(common, [f for f in known if f.kind == NUMBER and f.of == "patient"], groups, patients)
    classes = [f for f in known if f.kind != NUMBER]
    before = {f.name: _majority(f, groups, "baseline") for f in classes}
    after = {f.name: _majority(f, groups, "followup") for f in classes if f.of == "sample"}
    shares, associations = _by_group(classes, before, label, groups, seed)
    if common["values"].empty and shares.empty:
        raise NotApplicable("no feature has a value at baseline in a patient of a group")
    return FeatureComparisons(
        **common,
        excluded=excluded(lost + missed),
        notes=_notes(known),
        features=_overview(known, groups),
        shares=shares,
        associations=associations,
        pcr=_by_response(classes, before, patients),
        class_changes=_changes(before, after),
    )


def _read(features: pd.DataFrame, most_levels: int) -> tuple[list[_Own], list[Lost]]:
    known: list[_Own] = []
    lost: list[Lost] = []
    for name in features.columns.drop(["sample", "patient"], errors="ignore"):
        for of in ("sample", "patient"):
            if of not in features.columns:
                continue
            rows = features[features[of].notna()]
            if of == "patient" and "sample" in features.columns:
                rows = rows[rows["sample"].isna()]
            values = rows.set_index(of)[name].dropna()
            if values.empty:
                continue
            kind = _kind(values)
            if kind == CLASS and values.nunique() > most_levels:
                why = f"text with {values.nunique()} different values"
                lost.append(("feature", str(name), why, "feature_comparisons.most_levels"))
            elif values.nunique() < 2:
                lost.append(("feature", str(name), f"the same in all {of}s", "features"))
            else:
                twice = any(f.name == str(name) for f in known)
                known.append(_Own(f"{name} (of the patient)" if twice else str(name), kind, of, _typed(values, kind)))
    return known, lost


def _kind(values: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(values.dtype):
        return FLAG
    return NUMBER if pd.api.types.is_numeric_dtype(values.dtype) else CLASS


def _typed(values: pd.Series, kind: str) -> pd.Series:
    if kind == NUMBER:
        return values.astype("Float64").astype("float64")
    words = values.astype("boolean").map(YES_NO) if kind == FLAG else values
    return words.astype("string").astype(object)


def _scored(
    numbers: pd.DataFrame, groups: GroupAssignment, patients: pd.DataFrame
) -> tuple[dict[str, Any], list[Lost]]:
    """The common fields of a `ScoreStudy`; empty ones where no number of samples can be compared."""
    baseline = samples_at(groups, "baseline", numbers.index)
    label = group_of(groups)
    mine = baseline[baseline["patient"].isin(label.index)]["sample"]
    usable = [name for name in numbers.columns if numbers[name].reindex(mine).notna().any()]
    lost = [("feature", str(n), "no value before treatment in a group", "features") for n in numbers if n not in usable]
    if usable:
        return score_study(numbers[usable], groups, patients, "", "Own measurements"), lost
    own = {"excluded", "notes"}
    empty = {f.name: _nothing(str(f.type)) for f in fields(ScoreStudy) if f.name not in own}
    frames = {
        "values": ["score", "patient", "group", "hr", "rcb", "value"],
        "pairs": ["score", "patient", "het_before", "before", "after"],
        "fits": ["score", "x", "y", "low", "high"],
        "boxes": ["quantity", "group", "n", "q1", "median", "q3", "low", "high"],
    }
    empty |= {name: pd.DataFrame(columns=pd.Index(columns)) for name, columns in frames.items()}
    return empty | {"labels": groups.labels, "control": groups.control}, lost


def _nothing(kind: str) -> Any:
    if "DataFrame" in kind:
        return pd.DataFrame()
    return "" if kind.endswith("str'>") or kind == "str" else ()


def _with_patients(
    common: dict[str, Any], found: list[_Own], groups: GroupAssignment, patients: pd.DataFrame
) -> dict[str, Any]:
    """Numbers that were measured once per patient, added to those of samples."""
    if not found:
        return common
    label = group_of(groups)
    table = patients.set_index("patient")
    hr = table["hr"].map({True: "HR+", False: "HR−"}) if "hr" in table.columns else pd.Series(dtype=object)
    rcb = PerPatient(table["rcb"], "RCB") if "rcb" in table.columns else None
    frames, fits = [], []
    comparisons: list[Estimate] = []
    correlations: list[Estimate] = []
    for f in found:
        values = PerPatient(f.values, f.name)
        frame = values.known().rename("value").rename_axis("patient").reset_index()
        frame.insert(0, "score", f.name)
        frame["group"] = frame["patient"].map(label)
        frame["hr"] = frame["patient"].map(hr)
        frame["rcb"] = frame["patient"].map(rcb.values) if rcb is not None else float("nan")
        frames.append(frame)
        comparisons += compare_pairs(values, label, groups, f.name)
        if rcb is not None:
            both = values.known().index.intersection(rcb.known().index)
            if len(both) >= 5 and values.known().reindex(both).unique().size > 1:
                x, y = values.pick(both), rcb.pick(both)
                correlations.append(replace(spearman(x, y, contrast=f"{f.name}, RCB"), quantity=f.name))
                fits.append(fit_line(x.array(), y.array()).assign(score=f.name))
    words = "Own measurements of patients"
    text = {"score": "string", "patient": "string", "group": "string", "hr": "string"}
    added = pd.concat(frames, ignore_index=True).astype(text)
    return common | {
        "values": _joined(common["values"], added),
        "boxes": _joined(common["boxes"], boxes(added.dropna(subset=["group"]), "score")),
        "fits": _joined(common["fits"], pd.concat(fits, ignore_index=True)) if fits else common["fits"],
        "comparisons": (
            *common["comparisons"],
            *with_q(comparisons, family=f"{words}: {len(comparisons)} comparisons of groups"),
        ),
        "correlations": (
            *common["correlations"],
            *with_q(correlations, family=f"{words}: {len(correlations)} correlations with RCB"),
        ),
    }


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    parts = [part for part in (first, second) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else first


def _majority(f: _Own, groups: GroupAssignment, phase: str) -> pd.Series:
    """A class per patient: the commonest of the samples of a phase, the later in order for a tie; or the patient's."""
    if f.of == "patient":
        return f.values
    samples = samples_at(groups, phase, f.values.index)
    table = pd.DataFrame({"patient": samples["patient"], "value": samples["sample"].map(f.values)})
    counted = table.groupby(["patient", "value"]).size().rename("n").reset_index()
    best = counted.sort_values(["patient", "n", "value"]).drop_duplicates("patient", keep="last")
    return best.set_index("patient")["value"].astype(object)


def _by_group(
    found: list[_Own], before: dict[str, pd.Series], label: pd.Series, groups: GroupAssignment, seed: int
) -> tuple[pd.DataFrame, tuple[Estimate, ...]]:
    rows: list[tuple[str, str, str, int, int]] = []
    tests: list[Estimate] = []
    for f in found:
        values = before[f.name].dropna()
        inside = values[values.index.isin(label.index)]
        present = tuple(g for g in groups.labels if (label.reindex(inside.index) == g).any())
        for group in present:
            mine = inside[label.reindex(inside.index) == group]
            rows += [(f.name, str(v), group, int((mine == v).sum()), len(mine)) for v in sorted(inside.unique())]
        if len(present) > 1 and inside.unique().size > 1:
            told = association(PerPatient(inside, f.name), label, present, seed=seed, contrast=f"{f.name} by group")
            tests.append(replace(told, quantity=f.name, groups=present))
    columns = pd.Index(["feature", "level", "group", "n", "of"])
    frame = pd.DataFrame(rows, columns=columns).astype({"feature": "string", "level": "string", "group": "string"})
    return frame, with_q(tests, family=f"{len(tests)} own classes by group") if tests else ()


def _by_response(found: list[_Own], before: dict[str, pd.Series], patients: pd.DataFrame) -> tuple[Estimate, ...]:
    if "pcr" not in patients.columns or patients["pcr"].nunique() < 2:
        return ()
    words = patients.set_index("patient")["pcr"].dropna().map({True: "pCR", False: "no pCR"})
    tests = []
    for f in found:
        values = before[f.name]
        if f.kind == FLAG and values.nunique() == 2:
            flags = PerPatient((values == "yes").astype("float64"), f.name)
            tests.append(compare_shares(flags, words, "pCR", "no pCR", contrast=f"{f.name}: pCR − no pCR"))
    return with_q(tests, family=f"{len(tests)} own flags and pCR") if tests else ()


def _changes(before: dict[str, pd.Series], after: dict[str, pd.Series]) -> tuple[Estimate, ...]:
    """Flags by McNemar's test, classes by Bowker's; where five patients or more have both."""
    tests: list[Estimate] = []
    for name, later in after.items():
        both = before[name].index.intersection(later.index)
        if len(both) < 5:
            continue
        levels = sorted(set(before[name][both]) | set(later[both]))
        counts = pd.crosstab(before[name][both], later[both]).reindex(index=levels, columns=levels, fill_value=0)
        table = counts.to_numpy().tolist()
        contrast = f"{name}, after against before"
        if len(levels) == 2:
            told = mcnemar_of_counts(table, contrast=f"{name} {levels[1]}, after − before")
        elif len(levels) > 2:
            told = discordance(table, contrast=contrast)
        else:
            continue
        tests.append(replace(told, quantity=name))
    return with_q(tests, family=f"{len(tests)} changes of own classes") if tests else ()


def _overview(known: list[_Own], groups: GroupAssignment) -> pd.DataFrame:
    rows = []
    for f in known:
        if f.of == "patient":
            counts = (len(f.values), 0)
        else:
            counts = tuple(
                samples_at(groups, phase, f.values.index)["patient"].nunique() for phase in ("baseline", "followup")
            )
        rows.append((f.name, f.kind, f.of, *counts, f.values.nunique() if f.kind != NUMBER else pd.NA))
    columns = pd.Index(["feature", "kind", "of", "baseline", "followup", "levels"])
    return pd.DataFrame(rows, columns=columns).astype(
        {"feature": "string", "kind": "string", "of": "string", "levels": "Int64"}
    )


def _notes(known: list[_Own]) -> tuple[Note, ...]:
    text = (
        f"{len(known)} measurements were brought by the study; how they were made is not known here. What was measured "
        "per patient may come from after treatment."
    )
    return (Note("note", "The study's own measurements", text),)
