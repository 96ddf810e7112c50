"""Specimens of a study as cases of the HER2 rules: IHC rows and counted nuclei, exact, with their intervals."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pandas as pd

from her2het.analyses.nuclei import Counted, count_units, placed_nuclei
from her2het.kernels.fish import CellRule
from her2het.kernels.fish_intervals import Interval, copies_interval, ratio_interval
from her2het.reference.guidelines import INTERVAL_LEVEL
from her2het.rules.case import Case
from her2het.rules.exact import show
from her2het.rules.ihc import PATTERNS, Ihc, ihc_from
from her2het.rules.ish_input import Ish
from her2het.rules.trace import Measure
from her2het.schema import Design, StudyError

Observers = Literal["first", "pooled"]
CELL_SCORES = {"score3": "3", "score2": "2", "score1": "1"}
SHOWN_PROBLEMS = 20
NO_RULE = CellRule(0, 0, 0, 0, 0)  # sums alone are read


@dataclass(frozen=True, eq=False)
class Specimens:
    """Cases by sample, in the order of the samples table, and what was read of each (see `Her2Status.samples`)."""

    cases: dict[str, Case]
    samples: pd.DataFrame
    recounts: int
    """Samples whose second observer serves as a recount."""


def specimens(
    samples: pd.DataFrame,
    ihc: pd.DataFrame | None,
    fish_nuclei: pd.DataFrame | None,
    design: Design,
    observers: Observers,
) -> Specimens:
    """A case per sample before or after treatment that has IHC or FISH.

    IHC: staining patterns where the row has any, else cells by score, else the bare score. FISH: all nuclei of the
    sample; where several observers counted and `observers` is "first", the first of the table is the count and the
    second a recount.

    :raises StudyError: where percentages of a sample cannot be (up to twenty such samples)
    """
    stained = _stained(ihc)
    first, second, numbers = _counts(fish_nuclei, samples, design, observers)
    scores = pd.Series(dtype="string")
    if ihc is not None and "score" in ihc.columns:
        scores = ihc.set_index("sample")["score"].astype("string")
    cases: dict[str, Case] = {}
    rows: list[dict[str, Any]] = []
    for sample, patient, timepoint in samples[["sample", "patient", "timepoint"]].itertuples(index=False):
        phase = design.phase(timepoint)
        if phase == "other" or (sample not in stained and sample not in first):
            continue
        given, text = stained.get(sample, (None, ""))
        dual, recount = first.get(sample), second.get(sample)
        seal = hashlib.sha256("|".join([text, _told(dual), _told(recount)]).encode()).hexdigest()
        cases[sample] = Case(sample, given, dual, recount=recount, inputs_sha256=seal)
        row = {"sample": sample, "patient": patient, "phase": phase, "inputs_sha256": seal}
        row["score_given"] = scores.get(sample, pd.NA)
        rows.append(row | numbers.get(sample, {}))
    columns = ["sample", "patient", "phase", *NUMBERS, "score_given", "inputs_sha256"]
    frame = pd.DataFrame(rows, columns=pd.Index(columns))
    text = dict.fromkeys(("sample", "patient", "phase", "score_given", "inputs_sha256"), "string")
    return Specimens(cases, frame.astype(text | {"nuclei": "Int64", "areas": "Int64"}), len(second))


NUMBERS = ("nuclei", "areas", "ratio", "ratio_low", "ratio_high", "copies", "copies_low", "copies_high")


def _stained(ihc: pd.DataFrame | None) -> dict[str, tuple[Ihc, str]]:
    """IHC by sample, as read and as written."""
    found: dict[str, tuple[Ihc, str]] = {}
    problems: list[str] = []
    if ihc is None:
        return found
    for row in ihc.to_dict("records"):
        given = _ihc_record(row)
        if given is None:
            continue
        try:
            found[str(row["sample"])] = (ihc_from(given, f"ihc, sample {row['sample']}"), repr(sorted(given.items())))
        except StudyError as e:
            problems += e.problems
    if problems:
        more = [f"and {len(problems) - SHOWN_PROBLEMS} more such samples."] if len(problems) > SHOWN_PROBLEMS else []
        raise StudyError(*problems[:SHOWN_PROBLEMS], *more)
    return found


def _ihc_record(row: Mapping[Any, Any]) -> dict[str, object] | None:
    patterns: dict[str, object] = {k: _written(row[k]) for k in PATTERNS if k in row and pd.notna(row[k])}
    if patterns:
        return patterns
    scores: dict[str, object] = {
        name: _written(row[k]) for k, name in CELL_SCORES.items() if k in row and pd.notna(row[k])
    }
    if scores:
        return {"cell_scores": scores}
    if "score" in row and pd.notna(row["score"]):
        return {"score": str(row["score"])}
    return None


def _written(percent: float) -> str:
    """As a person writes it: 50, not 50.0."""
    return f"{percent:.15g}"


def _counts(
    fish_nuclei: pd.DataFrame | None, samples: pd.DataFrame, design: Design, observers: Observers
) -> tuple[dict[str, Ish], dict[str, Ish], dict[str, dict[str, Any]]]:
    """First counts, recounts and the numbers shown, by sample."""
    if fish_nuclei is None or fish_nuclei.empty:
        return {}, {}, {}
    nuclei = placed_nuclei(fish_nuclei, samples, design)
    watched = "observer" in nuclei.columns and nuclei["observer"].notna().any()
    if observers == "first" and watched:
        who = nuclei["observer"].astype("string").fillna("not named")
        place = nuclei.assign(who=who).groupby("sample", sort=False)["who"].transform(lambda s: pd.factorize(s)[0])
        parts = [nuclei[place == k].assign(who=who[place == k]) for k in (0, 1)]
    else:
        parts = [nuclei.assign(who=pd.Series(pd.NA, index=nuclei.index, dtype="string"))]
    counts: list[dict[str, Ish]] = []
    shown: dict[str, dict[str, Any]] = {}
    for at, part in enumerate(parts):
        counted = count_units(part, ["sample"], ["area"], NO_RULE)
        watcher = part.groupby("sample", sort=False)["who"].first()
        made, numbers = _ish(counted, part, watcher)
        counts.append(made)
        shown = numbers if at == 0 else shown
    return counts[0], counts[1] if len(counts) > 1 else {}, shown


def _ish(
    counted: Counted, nuclei: pd.DataFrame, watcher: pd.Series
) -> tuple[dict[str, Ish], dict[str, dict[str, Any]]]:
    s = counted.counts.samples
    ratio, copies = ratio_interval(s, INTERVAL_LEVEL), copies_interval(s, INTERVAL_LEVEL)
    bare = nuclei.assign(bare=nuclei["erbb2"] == 0).groupby("sample", sort=False)["bare"].sum()
    made: dict[str, Ish] = {}
    shown: dict[str, dict[str, Any]] = {}
    for i, sample in enumerate(counted.units["sample"]):
        n, her2, cep17 = int(s.nuclei[i]), int(s.her2[i]), int(s.cep17[i])
        areas = int(np.diff(counted.counts.area_start)[i])
        quotient = Fraction(her2, cep17) if cep17 else None
        mean = Fraction(her2, n)
        who = watcher[sample]
        made[sample] = Ish(
            "dual",
            "cells",
            n,
            her2,
            cep17,
            quotient,
            mean,
            ratio_interval=None if quotient is None else _measure(ratio, i, quotient),
            copies_interval=_measure(copies, i, mean),
            zero_her2=int(bare[sample]),
            zero_cep17=int(s.no_cep17[i]),
            areas=areas,
            observer=None if pd.isna(who) else str(who),
        )
        values = (ratio.estimate, ratio.low, ratio.high, copies.estimate, copies.low, copies.high)
        shown[sample] = dict(zip(NUMBERS, (n, areas, *(float(v[i]) for v in values)), strict=True))
    return made, shown


def _measure(interval: Interval, i: int, value: Fraction) -> Measure:
    low, high, se = float(interval.low[i]), float(interval.high[i]), float(interval.se[i])
    if np.isnan(low):
        return Measure(show(value), float(value))
    return Measure(show(value), float(value), low, high, se)


def _told(ish: Ish | None) -> str:
    return "" if ish is None else ish.shown()
