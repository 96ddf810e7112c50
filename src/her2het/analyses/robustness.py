"""Differences between groups before treatment, analysed in every way that may be defended."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Final

import numpy as np
import pandas as pd
from pydantic import Field

from her2het.analyses.expression import scale_words
from her2het.analyses.measured import FISH, Lost
from her2het.analyses.parts import counted, excluded, find_gene, group_of, of_het_nuclei, pairs_of_groups, samples_at
from her2het.analyses.scores import receptor
from her2het.engine import Engine
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression
from her2het.results.fish import FishHeterogeneity
from her2het.results.robustness import Robustness
from her2het.results.scores import ErbbSignatures, ImmuneScores, ScoreStudy
from her2het.schema import NotApplicable, Note
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.robustness import WAYS, Way, by_way, several
from her2het.stats.units import PerSample
from her2het.tables import Features, Patients

WORDS: Final[dict[Way, str]] = {
    "mean": "patients' means",
    "stratified": "within hormone receptor classes",
    "mixed": "mixed model of all biopsies",
    "mixed_adjusted": "mixed model with hormone receptor",
    "bootstrap": "patients' means, bootstrap",
    "median": "median biopsy",
    "max": "largest biopsy",
    "min": "smallest biopsy",
    "first": "first biopsy",
}
ALPHA = 0.05
HOLDS, NONE, DEPENDS, DIRECTION, DEFINED = "holds", "not found", "depends", "direction", "by definition"


@dataclass(frozen=True, eq=False)
class _Task:
    """One measurement and one contrast: all that a worker needs."""

    source: str
    values: PerSample
    patient_of: pd.Series
    groups: pd.Series
    treated: str
    control: str
    strata: pd.Series | None
    draws: int
    seed: int


@analysis(section="Before treatment")
def robustness(
    groups: GroupAssignment,
    patients: Patients,
    expression: Expression | None,
    fish: FishHeterogeneity | None,
    signatures: ErbbSignatures | None,
    immune: ImmuneScores | None,
    features: Features | None,
    *,
    genes: Annotated[tuple[str, ...], Field(description="Genes whose expression is compared, by symbol.")] = (
        "ERBB2",
        "ESR1",
        "PGR",
    ),
    draws: Annotated[int, Field(ge=100, description="Resamples of patients for the bootstrap interval.")] = 500,
    seed: Annotated[int, Field(ge=0, description="Root of the random streams of the bootstrap.")] = 1,
    engine: Engine,
) -> Robustness:
    """Do the differences between groups before treatment depend on how they are analysed?

    Marker genes, FISH measures, ERBB and immune scores and the study's own numbers of samples; each group against the
    control. The paper's way, patients' means with the rank-sum test and the Hodges-Lehmann shift, stands beside: the
    shift within hormone receptor classes (van Elteren); a linear mixed model of all baseline biopsies with a random
    intercept per patient (REML, doi:10.2307/2529876), without and with hormone receptor as a covariate; the shift with
    an interval from resampled patients (doi:10.1201/9780429246593; percentiles, no p); and, in place of the mean, the
    median, largest, smallest or first of a patient's biopsies. All are in the unit of the measurement; mixed models
    estimate a difference of means, the others a shift, which differ where values are skewed. Benjamini-Hochberg over
    all measurements and contrasts of one way; what the definition of the groups makes true is a family of its own. A
    difference holds where q < .05 in every way with one sign; it depends where some find it and others do not, which
    near the limit says little: look at the intervals. The ways are not independent, and none is picked by its result.
    Biopsies taken as patients are not among them: that overstates n.
    """
    label = group_of(groups)
    pairs = [pair for pair in pairs_of_groups(groups.labels, groups.control) if groups.control == pair[1]]
    if not pairs:
        raise NotApplicable("there is no control group, or no other to compare with it")
    found, lost = _measurements(groups, expression, fish, signatures, immune, features, genes)
    strata = receptor(patients.set_index("patient"))
    tasks: list[_Task] = []
    for source, every_sample in found:
        samples = samples_at(groups, "baseline", every_sample.known().index)
        owner = samples.set_index("sample")["patient"]
        values = every_sample.pick(samples["sample"])
        have = set(label.reindex(owner.unique()).dropna())
        here = [pair for pair in pairs if set(pair) <= have]
        if not here or values.known().nunique() < 2:
            why = "the same in all samples" if here else "no two groups have values before treatment"
            lost.append(("measurement", values.quantity, why, "robustness"))
            continue
        if not several(values, owner, label.index):
            why = "one sample per patient: no mixed model, nothing to combine"
            lost.append(("ways of analysis", values.quantity, why, "robustness"))
        tasks += [_Task(source, values, owner, label, *pair, strata, draws, seed) for pair in here]
    if not tasks:
        raise NotApplicable("no measurement of samples before treatment has values in the control group and another")
    every = _with_q(tasks, engine.map(_analysed, tasks), groups)
    rows = pd.concat([_rows(task, ways) for task, ways in zip(tasks, every, strict=True)], ignore_index=True)
    contrasts = pd.DataFrame([_concluded(task, ways) for task, ways in zip(tasks, every, strict=True)])
    text = ["measurement", "source", "unit", "treated", "control", "verdict", "differs"]
    return Robustness(
        rows=rows,
        contrasts=contrasts.astype(dict.fromkeys(text, "string")),
        estimates=tuple(e for ways in every for e in ways.values()),
        draws=draws,
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(lost),
        notes=_notes(tasks, every, contrasts, strata is not None),
    )


def _measurements(
    groups: GroupAssignment,
    expression: Expression | None,
    fish: FishHeterogeneity | None,
    signatures: ErbbSignatures | None,
    immune: ImmuneScores | None,
    features: pd.DataFrame | None,
    genes: tuple[str, ...],
) -> tuple[list[tuple[str, PerSample]], list[Lost]]:
    """What is compared, each with its source, with a value per sample; and what could not be."""
    found: list[tuple[str, PerSample]] = []
    lost: list[Lost] = []
    if expression is not None:
        unit = scale_words(expression.log_cpm.unit)
        for gene in genes:
            row = find_gene(expression.log_cpm.rows, gene)
            if row is None:
                lost.append(("measurement", gene, "not among the genes", "robustness.genes"))
            else:
                found.append(("RNA", PerSample(expression.log_cpm.row(row), gene, unit)))
    found += [("RNA", values) for study in (signatures, immune) if study is not None for values in _scores(study)]
    if fish is not None:
        table = fish.samples.set_index("sample")
        found += [
            ("FISH", PerSample(table[column].astype("float64"), name, unit)) for column, (name, unit) in FISH.items()
        ]
    if features is not None and "sample" in features.columns:
        taken = {values.quantity for _, values in found}
        table = features.dropna(subset=["sample"]).set_index("sample").drop(columns="patient", errors="ignore")
        for name, column in table.items():
            numeric = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
            if numeric and column.notna().any():
                shown = f"{name} (study)" if name in taken else str(name)
                found.append(("study", PerSample(column.astype("Float64").astype("float64"), shown)))
    baseline = set(samples_at(groups, "baseline", groups.samples["sample"])["sample"])
    kept = [(source, values) for source, values in found if not baseline.isdisjoint(values.known().index)]
    lost += [
        ("measurement", v.quantity, "no value before treatment", "robustness") for s, v in found if (s, v) not in kept
    ]
    return kept, lost


def _scores(study: ScoreStudy) -> Iterable[PerSample]:
    for name, rows in study.samples.groupby("score", sort=False):
        yield PerSample(rows.set_index("sample")["value"].astype("float64"), str(name), study.unit)


def _analysed(task: _Task) -> dict[Way, Estimate]:
    return by_way(
        task.values,
        task.patient_of,
        task.groups,
        task.treated,
        task.control,
        strata=task.strata,
        draws=task.draws,
        seed=task.seed,
    )


def _with_q(tasks: list[_Task], ways: list[dict[Way, Estimate]], groups: GroupAssignment) -> list[dict[Way, Estimate]]:
    """The same, each way a family over all measurements and contrasts; those true by definition one of their own."""
    every = [dict(each) for each in ways]
    for at, task in enumerate(tasks):
        if task.source == "FISH":
            marked = of_het_nuclei(every[at].values(), groups)
            every[at] = dict(zip(every[at], marked, strict=True))
    for way in WAYS:
        for defined in (False, True):
            at = [i for i, each in enumerate(every) if way in each and each[way].by_definition == defined]
            if not at:
                continue
            words = f"{WORDS[way]}: {counted(len(at), 'comparison')} with {groups.control}"
            told = with_q([every[i][way] for i in at], family=f"{words}{', by definition' * defined}")
            for i, e in zip(at, told, strict=True):
                name = f"{e.quantity}: {' − '.join(e.groups)}, {WORDS[way]}"
                every[i][way] = replace(e, contrast=name)
    return every


def _leaves_0_out(e: Estimate) -> bool:
    return e.low > 0 or e.high < 0


def _found(ways: dict[Way, Estimate]) -> dict[Way, bool]:
    """Whether each way finds the difference. The bootstrap has no p: it goes with patients' means unless its interval
    and theirs disagree about 0."""
    mean = ways["mean"]
    flags: dict[Way, bool] = {way: bool(e.q < ALPHA) for way, e in ways.items() if np.isfinite(e.value)}
    if "bootstrap" in flags and np.isnan(ways["bootstrap"].low):
        del flags["bootstrap"]  # too few patients to resample
    elif "bootstrap" in flags:
        alike = _leaves_0_out(ways["bootstrap"]) == _leaves_0_out(mean)
        flags["bootstrap"] = flags["mean"] if alike else not flags["mean"]
    return flags


def _rows(task: _Task, ways: dict[Way, Estimate]) -> pd.DataFrame:
    found = _found(ways)
    owner = task.patient_of[task.values.known().index]
    samples = int(task.groups.reindex(owner).isin([task.treated, task.control]).sum())
    rows = [
        (
            *(task.values.quantity, task.source, task.treated, task.control, way, WORDS[way]),
            *(e.value, e.low, e.high, e.unit, *e.n, samples, e.p, e.q, found.get(way), e.by_definition, e.remark),
        )
        for way, e in ways.items()
    ]
    columns = ["measurement", "source", "treated", "control", "way", "analysis", "value", "low", "high", "unit"]
    columns += ["n_treated", "n_control", "samples", "p", "q", "found", "by_definition", "remark"]
    text = ("measurement", "source", "treated", "control", "way", "analysis", "unit", "remark")
    return pd.DataFrame(rows, columns=pd.Index(columns)).astype(dict.fromkeys(text, "string") | {"found": "boolean"})


def _concluded(task: _Task, ways: dict[Way, Estimate]) -> dict[str, object]:
    mean, found = ways["mean"], _found(ways)
    signs = {float(np.sign(ways[way].value)) for way, hit in found.items() if hit}
    if mean.by_definition:
        verdict = DEFINED
    elif len(signs) > 1:
        verdict = DIRECTION
    elif not any(found.values()):
        verdict = NONE
    else:
        verdict = HOLDS if all(found.values()) else DEPENDS
    values = [ways[way].value for way in found]
    other = [
        WORDS[way]
        for way, hit in found.items()
        if hit != found["mean"] or (hit and np.sign(ways[way].value) != np.sign(mean.value))
    ]
    return {
        "measurement": task.values.quantity,
        "source": task.source,
        "unit": mean.unit,
        "treated": task.treated,
        "control": task.control,
        "value": mean.value,
        "low": mean.low,
        "high": mean.high,
        "p": mean.p,
        "q": mean.q,
        "n_treated": mean.n[0],
        "n_control": mean.n[1],
        "least": min(values, default=float("nan")),
        "most": max(values, default=float("nan")),
        "ways": len(found),
        "found": sum(found.values()),
        "verdict": verdict,
        "differs": "; ".join(other),
    }


def _notes(
    tasks: list[_Task], every: list[dict[Way, Estimate]], contrasts: pd.DataFrame, by_receptor: bool
) -> tuple[Note, ...]:
    notes: list[Note] = []
    failed = [e for ways in every for way in ("mixed", "mixed_adjusted") if (e := ways.get(way)) and np.isnan(e.value)]
    if failed:
        text = f"{counted(len(failed), 'fit')} gave no number. {failed[0].contrast}: {failed[0].remark}."
        notes.append(Note("caution", "Mixed models without an answer", text))
    if not by_receptor:
        text = "hr is not known, or the same in all patients: the ways that take hormone receptor into account are out."
        notes.append(Note("note", "No hormone receptor classes", text))
    elif {"ESR1", "PGR"}.intersection(task.values.quantity for task in tasks):
        text = "Hormone receptor status is read from what ESR1 and PGR make: given the status, less of them can differ."
        notes.append(Note("note", "Genes of the receptors within receptor classes", text))
    if (contrasts["source"] == "FISH").any():
        text = "Here the mean of a patient's biopsies; fish_by_group pools their nuclei, which weighs larger ones more."
        notes.append(Note("note", "FISH of patients", text))
    return tuple(notes)
