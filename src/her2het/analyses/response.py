"""What separates patients with pathological complete response: one measurement at a time, and models of several."""

from dataclasses import replace
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from her2het.analyses import measured
from her2het.analyses.measured import FLAG, Lost, Measured
from her2het.analyses.parts import excluded, group_of
from her2het.kernels.pair_auc import pair_wins, resample_counts, resampled_shares
from her2het.kernels.superiority import hanley_mcneil
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression
from her2het.results.fish import FishHeterogeneity
from her2het.results.response import ResponseFeatures
from her2het.results.scores import CellFractions, ErbbSignatures, ImmuneScores, Subtypes
from her2het.schema import NotApplicable, Note
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.response import auc, logistic
from her2het.stats.strata import stratified_rank_sum
from her2het.stats.units import PerPatient
from her2het.tables import Features, Ihc, Patients

YES, NO = "pCR", "no pCR"
TYPICAL = 0.7  # the area whose precision the note states
MAIN = ("ERBB2 mRNA", "Amplified fraction", "Immune score", "HET")


@analysis(section="Response and next trial")
def response_features(
    groups: GroupAssignment,
    patients: Patients,
    expression: Expression | None,
    fish: FishHeterogeneity | None,
    ihc: Ihc | None,
    signatures: ErbbSignatures | None,
    subtypes: Subtypes | None,
    immune: ImmuneScores | None,
    cells: CellFractions | None,
    features: Features | None,
    *,
    genes: Annotated[tuple[str, ...], Field(description="Genes whose expression is a measurement, by symbol.")] = (
        "ERBB2",
        "ESR1",
        "PGR",
        "MKI67",
    ),
    also: Annotated[
        tuple[str, ...],
        Field(description="Further columns of the patients table that were known before treatment."),
    ] = (),
    leave_out: Annotated[
        tuple[str, ...], Field(description="Measurements to leave out, such as those made after treatment.")
    ] = (),
    main: Annotated[
        tuple[str, ...], Field(description="Measurements named beforehand, for odds ratios adjusted for receptors.")
    ] = MAIN,
    fewest: Annotated[int, Field(ge=2, description="Fewest patients with a value, with pCR and without.")] = 5,
    draws: Annotated[int, Field(ge=100, description="Resamples of patients for the bootstrap interval.")] = 2000,
    seed: Annotated[int, Field(ge=0, description="Root of the random streams.")] = 1,
) -> ResponseFeatures:
    """What separates patients with pathological complete response from those without, before treatment?

    Every number and flag known at baseline, one value per patient (mean of a patient's baseline samples): clinic, IHC,
    FISH, RNA (genes, ERBB/PI3K signatures, PAM50 probabilities, ESTIMATE, cell fractions) and the study's own
    features. The area under the ROC curve says how surely a patient with pCR has the higher value; below .5 the lower
    one. Interval: the outer limits of DeLong's (logit scale, doi:10.2307/2531595) and Newcombe's, and, beside it, from
    resampled patients (with and without pCR apart, percentiles). p of the rank-sum test; Benjamini-Hochberg over all
    measurements. The same within hormone receptor strata (van Elteren), a family of its own. Odds ratios by Firth's
    penalised logistic regression (doi:10.1093/biomet/80.1.27), finite where pCR never occurs: of measurements named
    beforehand and flags with an empty cell, adjusted for hormone receptor; one family. The measurements are related:
    one finding may appear under several names. All are judged in the patients in whom they were looked at.
    """
    outcome = _outcome(groups, patients)
    found, lost = measured.clinic(patients, also)
    if ihc is not None:
        found += measured.staining(groups, ihc)
    if fish is not None:
        found += measured.fish_measures(fish)
    found += measured.heterogeneous(groups)
    if expression is not None:
        more, absent = measured.genes(expression, groups, genes)
        found, lost = found + more, lost + absent
    for study, prefix in ((signatures, ""), (subtypes, "PAM50 "), (immune, ""), (cells, "")):
        if study is not None:
            found += measured.scores(study, prefix)
    if features is not None:
        more, absent = measured.own_features(groups, features)
        found, lost = found + more, lost + absent
    kept, dropped = _usable(_distinct(found), outcome, fewest, leave_out)
    if not kept:
        raise NotApplicable(f"no measurement has values in {fewest} patients with pCR and {fewest} without")
    words = outcome.known().map({1.0: YES, 0.0: NO})
    family = f"{len(kept)} measurements and pCR"
    aucs = with_q([replace(auc(m.values, outcome), groups=(YES, NO)) for m in kept], family=family)
    known = patients.set_index("patient")
    receptor = known["hr"].dropna().map({True: "HR+", False: "HR−"}) if "hr" in known.columns else None
    return ResponseFeatures(
        features=_table(kept, outcome, aucs, draws, seed),
        values=_values(kept, outcome, group_of(groups)),
        aucs=aucs,
        within=_within(kept, words, receptor),
        odds=_odds(kept, outcome, known, main),
        draws=draws,
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(lost + dropped),
        notes=_notes(outcome, len(kept)),
    )


def _outcome(groups: GroupAssignment, patients: pd.DataFrame) -> PerPatient:
    """pCR of the patients in a group, as 0 and 1."""
    if "pcr" not in patients.columns or patients["pcr"].nunique() < 2:
        raise NotApplicable("pCR is not known, or the same in all patients")
    inside = patients[patients["patient"].isin(group_of(groups).index) & patients["pcr"].notna()]
    flags = inside.set_index("patient")["pcr"].astype("boolean").astype("Float64").astype("float64")
    if flags.nunique() < 2:
        raise NotApplicable("pCR is the same in all patients that are in a group")
    return PerPatient(flags, "pCR")


def _distinct(found: list[Measured]) -> list[Measured]:
    """Names made distinct: a name that is taken goes with its source."""
    seen: set[str] = set()
    result: list[Measured] = []
    for m in found:
        name = m.name if m.name not in seen else f"{m.name} ({m.source})"
        seen.add(name)
        result.append(replace(m, values=PerPatient(m.values.values, name, m.values.unit)))
    return result


def _usable(
    found: list[Measured], outcome: PerPatient, fewest: int, leave_out: tuple[str, ...]
) -> tuple[list[Measured], list[Lost]]:
    yes = outcome.known()
    kept: list[Measured] = []
    lost: list[Lost] = []
    for m in found:
        values = m.values.known()
        values = values[values.index.isin(yes.index)]
        n = yes.reindex(values.index)
        if m.name in leave_out:
            lost.append(("measurement", m.name, "left out on request", "response_features.leave_out"))
        elif min(int(n.sum()), int((1 - n).sum())) < fewest:
            why = f"known in {int(n.sum())} patients with pCR and {int((1 - n).sum())} without"
            lost.append(("measurement", m.name, why, "response_features.fewest"))
        elif values.nunique() < 2:
            lost.append(("measurement", m.name, "the same in all patients", "response_features"))
        else:
            kept.append(m)
    return kept, lost


def _table(
    kept: list[Measured], outcome: PerPatient, aucs: tuple[Estimate, ...], draws: int, seed: int
) -> pd.DataFrame:
    """One row per measurement; the same resamples of patients serve all of them."""
    yes = outcome.known()
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    names = {flag: yes.index[yes == flag] for flag in (1.0, 0.0)}
    counts = {flag: resample_counts(len(who), draws, rng) for flag, who in names.items()}
    rows = []
    for m, e in zip(kept, aucs, strict=True):
        values = m.values.values.astype("float64")
        parts = [np.asarray(values.reindex(names[flag]), dtype=np.float64) for flag in (1.0, 0.0)]
        one, none = parts
        here, there = ~np.isnan(one), ~np.isnan(none)
        wins = pair_wins(one[here], none[there])
        drawn = resampled_shares(wins, np.ones_like(wins), counts[1.0][:, here], counts[0.0][:, there])
        low, high = np.nanquantile(drawn, [0.025, 0.975])
        middle = [float(np.mean(v) if m.kind == FLAG else np.median(v)) for v in (one[here], none[there])]
        missing = len(yes) - int(here.sum()) - int(there.sum())
        row = (m.name, m.source, m.kind, m.values.unit, int(here.sum()), int(there.sum()), missing)
        rows.append((*row, e.value, e.low, e.high, float(low), float(high), e.p, e.q, *middle))
    columns = ["feature", "source", "kind", "unit", "n_pcr", "n_rest", "missing", "auc", "low", "high"]
    columns += ["boot_low", "boot_high", "p", "q", "median_pcr", "median_rest"]
    text = dict.fromkeys(["feature", "source", "kind", "unit"], "string")
    return pd.DataFrame(rows, columns=pd.Index(columns)).astype(text)


def _values(kept: list[Measured], outcome: PerPatient, label: pd.Series) -> pd.DataFrame:
    yes = outcome.known()
    parts = []
    for m in kept:
        values = m.values.known()
        values = values[values.index.isin(yes.index)]
        part = pd.DataFrame({"feature": m.name, "patient": values.index.astype("string")})
        part["group"] = label.reindex(values.index).to_numpy()
        part["pcr"] = yes.reindex(values.index).to_numpy() == 1
        part["value"] = values.to_numpy()
        parts.append(part)
    text = {"feature": "string", "patient": "string", "group": "string"}
    return pd.concat(parts, ignore_index=True).astype(text)


def _within(kept: list[Measured], words: pd.Series, receptor: pd.Series | None) -> tuple[Estimate, ...]:
    if receptor is None or receptor.nunique() < 2:
        return ()
    strata = receptor.rename("hormone receptor")
    found = []
    for m in kept:
        if m.name in ("HR positive", "ER positive", "PR positive"):
            continue
        told = stratified_rank_sum(m.values, words, strata, YES, NO, contrast=f"{m.name}, within receptor strata")
        found.append(replace(told, quantity=m.name))
    return with_q(found, family=f"{len(found)} measurements and pCR within hormone receptor strata")


def _odds(
    kept: list[Measured], outcome: PerPatient, known: pd.DataFrame, main: tuple[str, ...]
) -> tuple[Estimate, ...]:
    """Firth odds ratios; numbers per standard deviation."""
    yes = outcome.known()
    adjust: tuple[PerPatient, ...] = ()
    if "hr" in known.columns and known["hr"].reindex(yes.index).nunique() == 2:
        adjust = (PerPatient(known["hr"].astype("boolean").astype("Float64").astype("float64"), "HR positive"),)
    found = []
    for m in kept:
        values = m.values.known()
        values = values[values.index.isin(yes.index)]
        empty = m.kind == FLAG and 0 in pd.crosstab(values, yes.reindex(values.index)).to_numpy()
        if (m.name not in main and not empty) or m.name == "HR positive":
            continue
        unit = "" if m.kind == FLAG else "SD"
        scaled = values if m.kind == FLAG else (values - values.mean()) / values.std()
        terms = (PerPatient(scaled, m.name, unit), *adjust)
        words = f"{m.name} for pCR{', adjusted for hormone receptor' if adjust else ''}"
        found.append(replace(logistic(outcome, terms)[0], contrast=words))
    return with_q(found, family=f"{len(found)} odds ratios of pCR") if found else ()


def _notes(outcome: PerPatient, count: int) -> tuple[Note, ...]:
    yes, n = int(outcome.known().sum()), outcome.n
    half = 1.96 * hanley_mcneil(TYPICAL, yes, n - yes) ** 0.5
    text = (
        f"{count} measurements were looked at in {n} patients, {yes} with pCR. An area of {TYPICAL:g} comes with about "
        f"±{half:.2f} here; the largest of many areas is too large on average. Other patients are needed to confirm it."
    )
    return (Note("note", "Looked at and judged in the same patients", text),)
