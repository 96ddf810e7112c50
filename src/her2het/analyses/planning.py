"""How many patients the next trial needs, for shifts, rates and areas under the curve, from what this one found."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from her2het.analyses.parts import excluded
from her2het.kernels.proportions import clopper_pearson
from her2het.plan import analysis
from her2het.results.change import TreatmentDistance
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import MarkerExpression
from her2het.results.fish import FishByGroup
from her2het.results.planning import NextTrial
from her2het.results.response import ResponseFeatures, ResponseModel
from her2het.results.scores import ErbbSignatures, ImmuneScores
from her2het.schema import NotApplicable, Note
from her2het.stats.estimate import Estimate
from her2het.stats.planning import (
    Patients,
    auc_to_width,
    for_auc,
    for_rates,
    for_shift,
    power_of_shift,
    rates_to_width,
    shift_to_width,
)
from her2het.stats.tables import compare_counts
from her2het.tables import Patients as PatientTable

SHIFTS = ("ERBB2", "Equitability", "Immune score", "Signaling by ERBB2", "HET at baseline")
AREAS = ("ERBB2 mRNA", "Amplified fraction", "Immune score")
SIZES = np.unique(np.round(np.geomspace(5, 500, 45)).astype(int))
ESTIMATED, SMALLEST = "as estimated", "smallest"
TARGET, HIGHER = "target", "target, from the upper limit"


@dataclass(frozen=True)
class _Question:
    """One thing to plan: words, groups, sizes here, the effect and its smallest plausible value (nan: none)."""

    kind: str
    words: str
    effect: str
    groups: tuple[str, str]
    n: tuple[int, int]
    value: float
    nearer: float
    estimate: Estimate


@analysis(section="Response and next trial")
def next_trial(
    groups: GroupAssignment,
    patients: PatientTable,
    markers: MarkerExpression | None,
    fish: FishByGroup | None,
    immune: ImmuneScores | None,
    signatures: ErbbSignatures | None,
    distance: TreatmentDistance | None,
    features: ResponseFeatures | None,
    model: ResponseModel | None,
    *,
    shifts: Annotated[
        tuple[str, ...], Field(description="Measurements whose differences between groups are planned for.")
    ] = SHIFTS,
    areas: Annotated[
        tuple[str, ...], Field(description="Measurements whose area under the curve for pCR is planned for.")
    ] = AREAS,
    targets: Annotated[
        tuple[float, ...], Field(min_length=1, description="Gains in pCR rate to plan for, as shares.")
    ] = (0.15, 0.2, 0.25, 0.3),
    power: Annotated[float, Field(gt=0.5, lt=1, description="Power to reach.")] = 0.8,
    alpha: Annotated[float, Field(gt=0, lt=0.5, description="Two-sided size of the test.")] = 0.05,
) -> NextTrial:
    """How many patients would the next trial need?

    For a shift (rank-sum test): Noether's formula from the probability of superiority
    (doi:10.1080/01621459.1987.10478478); for two pCR rates: normal approximation with continuity correction, as
    Fisher's test is what is done (doi:10.2307/2529990); for an area under the curve: Hanley and McNeil
    (doi:10.1148/radiology.143.1.7063747). Each for the effect as estimated here and for the end of its interval nearer
    to no effect: effects that were noticed because they were large shrink when looked at again, so plan with the
    smaller one; where the interval includes no effect, no number of patients is given. Equal groups, and groups in the
    proportion of this study; enrolled counts the all comers among whom so many of the rarer group are found.
    Precision: patients for an interval half as wide as here (shift), of 10 points to either side (rates), of .05 to
    either side (area). Which measurements are planned for is named beforehand, not chosen by size; differences that the
    definition of the groups makes true are not planned for.
    """
    told, lost = _shift_questions(shifts, (markers, fish, immune, signatures, distance))
    told += _area_questions(areas, features, model)
    rates, unknown = _rate_questions(groups, patients)
    told += rates
    lost += unknown
    if not told:
        raise NotApplicable("no comparison of two groups, no area under the curve and no pCR rates to plan from")
    shares = _shares(groups)
    rows = [row for q in told for row in _rows(q, shares, power, alpha)]
    grid, targeted = _targets(groups, patients, targets, power, alpha)
    here = [(q.kind, q.words, *q.n, q.value, q.estimate.low, q.estimate.high) for q in told]
    columns = ["kind", "question", "n_first", "n_second", "value", "low", "high"]
    text = {"kind": "string", "question": "string"}
    frame = pd.DataFrame([*rows, *targeted]).astype(dict.fromkeys(TEXT, "string"))
    return NextTrial(
        rows=frame,
        table=_shown(frame),
        here=pd.DataFrame(here, columns=pd.Index(columns)).astype(text),
        curves=_curves(told, alpha),
        rates=grid,
        estimates=tuple(replace(q.estimate, contrast=q.words) for q in told),
        power=power,
        alpha=alpha,
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(lost),
        notes=_notes(told),
    )


TEXT = ["question", "kind", "basis", "effect", "aim", "first", "second", "method", "remark"]


Compared = MarkerExpression | FishByGroup | ImmuneScores | ErbbSignatures | TreatmentDistance


def _shift_questions(
    shifts: tuple[str, ...], results: tuple[Compared | None, ...]
) -> tuple[list[_Question], list[tuple[str, str, str, str]]]:
    given: list[Estimate] = []
    lost: list[tuple[str, str, str, str]] = []
    for result in results:
        given += result.comparisons if result is not None else ()
    found = []
    for name in shifts:
        for e in given:
            if e.quantity != name or len(e.groups) != 2 or math.isnan(e.standard) or min(e.n) < 2:
                continue
            words = f"{name}: {e.contrast}" if name != "HET at baseline" else f"change under treatment: {e.contrast}"
            if e.by_definition:
                lost.append(("question", words, "differs by the definition of the groups", "next_trial"))
                continue
            nearer = _nearer(e.standard_low, e.standard_high, 0.0)
            both = ((e.standard + 1) / 2, (nearer + 1) / 2)
            found.append(_Question("shift", words, "probability of superiority", _two(e.groups), _two(e.n), *both, e))
    return found, lost


def _area_questions(
    areas: tuple[str, ...], features: ResponseFeatures | None, model: ResponseModel | None
) -> list[_Question]:
    given = [e for e in features.aucs if e.quantity in areas] if features is not None else []
    given.sort(key=lambda e: areas.index(e.quantity))
    if model is not None and model.aucs:
        best = model.aucs[-1]
        given.append(replace(best, quantity="largest model"))
    return [
        _Question(
            "area",
            f"{e.quantity} for pCR",
            "area under the curve",
            ("pCR", "no pCR"),
            _two(e.n),
            e.value,
            _nearer(e.low, e.high, 0.5),
            e,
        )
        for e in given
        if not math.isnan(e.value)
    ]


def _rate_questions(
    groups: GroupAssignment, patients: pd.DataFrame
) -> tuple[list[_Question], list[tuple[str, str, str, str]]]:
    counts = _response_by_het(groups, patients)
    if counts is None:
        return [], [("question", "pCR by HET", "pCR or HET is not known, or one class is empty", "next_trial")]
    het, other = counts
    e = compare_counts(other, het, contrast="pCR rate, non-HET − HET")
    e = replace(e, quantity="pCR rate", groups=("non-HET", "HET"), family="1 comparison of rates", q=e.p)
    nearer = _nearer(e.low, e.high, 0.0) / 100
    return [_Question("rates", "pCR rate: non-HET − HET", "difference of rates", ("non-HET", "HET"), (other[1], het[1]),
                      e.value / 100, nearer, e)], []  # fmt: skip


def _response_by_het(groups: GroupAssignment, patients: pd.DataFrame) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """(pCR, patients) of HET and of other tumours."""
    if "pcr" not in patients.columns:
        return None
    table = pd.DataFrame(
        {
            "het": groups.patients.set_index("patient")["het"].astype("boolean"),
            "pcr": patients.set_index("patient")["pcr"].astype("boolean"),
        }
    ).dropna()
    parts = [table[table["het"].astype(bool) == flag]["pcr"] for flag in (True, False)]
    if min(len(p) for p in parts) == 0:
        return None
    het, other = ((int(p.sum()), len(p)) for p in parts)
    return het, other


def _rows(q: _Question, shares: dict[str, float], power: float, alpha: float) -> list[dict[str, object]]:
    """Patients for power at both effects, and for precision."""
    ratio = q.n[1] / q.n[0]
    rows = []
    for basis, value in ((ESTIMATED, q.value), (SMALLEST, q.nearer)):
        rows.append(_planned(q, basis, value, lambda k, v=value: _power_plan(q, v, power, alpha, k), ratio, shares))
    rows.append(_planned(q, ESTIMATED, q.value, lambda k: _width_plan(q, k), ratio, shares))
    return rows


def _power_plan(q: _Question, value: float, power: float, alpha: float, ratio: float) -> Patients:
    if math.isnan(value):
        raise ValueError("the interval of the effect includes no effect at all")
    if q.kind == "shift":
        edge = 1e-6  # groups that do not overlap: the largest that can be planned for
        return for_shift(min(max(value, edge), 1 - edge), power=power, alpha=alpha, ratio=ratio)
    if q.kind == "area":
        return for_auc(value, power=power, alpha=alpha, ratio=ratio)
    base = _rates(q, value)
    return for_rates(*base, power=power, alpha=alpha, ratio=ratio)


def _rates(q: _Question, difference: float) -> tuple[float, float]:
    """Two rates with this difference, around the mean of those seen."""
    middle = _middle(q)
    high, low = middle + difference / 2, middle - difference / 2
    if low < 0:
        high, low = difference, 0.0
    return min(high, 1.0), low


def _middle(q: _Question) -> float:
    return abs(q.value) / 2 if math.isfinite(q.value) else 0.5


def _width_plan(q: _Question, ratio: float) -> Patients:
    if q.kind == "shift":
        half = (q.estimate.high - q.estimate.low) / 4
        return shift_to_width(q.estimate, float(f"{half:.2g}"), ratio=ratio)
    if q.kind == "area":
        return auc_to_width(q.value, 0.05, ratio=ratio)
    return rates_to_width(*_rates(q, q.value), 0.1, ratio=ratio)


def _planned(
    q: _Question,
    basis: str,
    value: float,
    plan: Callable[[float], Patients],
    ratio: float,
    shares: dict[str, float],
) -> dict[str, object]:
    row: dict[str, object] = {"question": q.words, "kind": q.kind, "basis": basis, "effect": q.effect, "planned": value}
    row |= {"first": q.groups[0], "second": q.groups[1], "remark": ""}
    nothing = math.nan
    try:
        equal, like = plan(1.0), plan(ratio)
    except ValueError as e:
        row |= {"aim": "", "n_first": nothing, "n_second": nothing, "total": nothing, "method": ""}
        return row | {
            "n_first_ratio": nothing,
            "n_second_ratio": nothing,
            "enrolled": nothing,
            "remark": str(e),
        }
    needed = dict(zip(q.groups, (equal.treated, equal.control), strict=True))
    known = [math.ceil(n / shares[g]) for g, n in needed.items() if shares.get(g, 0) > 0]
    row |= {"aim": equal.aim, "n_first": equal.treated, "n_second": equal.control, "total": equal.total}
    row |= {"n_first_ratio": like.treated, "n_second_ratio": like.control}
    return row | {"enrolled": max(known) if len(known) == 2 else nothing, "method": equal.assumed}


def _shares(groups: GroupAssignment) -> dict[str, float]:
    """Share of each group, of HET and non-HET among all patients of the study."""
    known = groups.patients["group"].dropna()
    found = {str(name): float(part) for name, part in known.value_counts(normalize=True).items()}
    het = groups.patients["het"].dropna().astype(bool)
    return found | ({"HET": float(het.mean()), "non-HET": 1 - float(het.mean())} if len(het) else {})


def _targets(
    groups: GroupAssignment, patients: pd.DataFrame, targets: tuple[float, ...], power: float, alpha: float
) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """A new treatment against this one, in patients with HET tumours and in the others: gains in pCR rate."""
    counts = _response_by_het(groups, patients)
    grid: list[tuple[float, str, float, float, int]] = []
    rows: list[dict[str, object]] = []
    if counts is not None:
        for words, (hits, n) in zip(("HET", "non-HET"), counts, strict=True):
            low, high = clopper_pearson(hits, n)
            base = hits / n
            bases = {TARGET: base, HIGHER: high}
            told = f"pCR in {words}: {hits} of {n} ({100 * low:.0f}–{100 * high:.0f} %)"
            for gain in np.round(np.arange(0.1, 0.51, 0.025), 3):
                for wanted in sorted({power, 0.9}):
                    if base + gain <= 1:
                        found = for_rates(base + gain, base, power=wanted, alpha=alpha)
                        grid.append((base, told, float(gain), wanted, found.treated))
            rows += [
                _target(words, (basis, rate), gain, _shares(groups), power, alpha)
                for basis, rate in bases.items()
                for gain in targets
                if rate + gain <= 1
            ]
    columns = ["control", "control_words", "difference", "power", "patients"]
    return pd.DataFrame(grid, columns=pd.Index(columns)).astype({"control_words": "string"}), rows


def _target(
    words: str, without: tuple[str, float], gain: float, shares: dict[str, float], power: float, alpha: float
) -> dict[str, object]:
    basis, base = without
    plan = for_rates(base + gain, base, power=power, alpha=alpha)
    return {
        "question": f"new treatment in {words} tumours: pCR {100 * base:.0f} % to {100 * (base + gain):.0f} %",
        "kind": "rates",
        "basis": basis,
        "effect": "difference of rates",
        "planned": gain,
        "aim": plan.aim,
        "first": "new",
        "second": "this",
        "n_first": plan.treated,
        "n_second": plan.control,
        "total": plan.total,
        "n_first_ratio": math.nan,
        "n_second_ratio": math.nan,
        "enrolled": math.ceil(plan.total / shares[words]),
        "method": plan.assumed,
        "remark": "",
    }


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    whole = ["n_first", "n_second", "n_first_ratio", "n_second_ratio", "enrolled"]
    counts = rows[whole].astype("Float64").round().astype("Int64")
    aim = rows["aim"].where(rows["aim"] != "", rows["remark"])
    names = {"question": rows["question"], "planned for": rows["basis"], "aim": aim}
    shown = pd.DataFrame(names | {"equal groups": _pair(counts, "n_first", "n_second")})
    shown["as here"] = _pair(counts, "n_first_ratio", "n_second_ratio")
    shown["all comers"] = counts["enrolled"]
    return shown


def _pair(counts: pd.DataFrame, first: str, second: str) -> pd.Series:
    return (counts[first].astype("string") + " and " + counts[second].astype("string")).astype("string")


def _curves(told: list[_Question], alpha: float) -> pd.DataFrame:
    """Power of shifts and half-width of areas against patients per group."""
    rows: list[tuple[str, str, str, int, float]] = []
    for q in told:
        if q.kind == "shift":
            for basis, value in ((ESTIMATED, q.value), (SMALLEST, q.nearer)):
                if not math.isnan(value) and value != 0.5:
                    rows += [
                        ("shift", q.words, basis, int(n), power_of_shift(value, int(n), int(n), alpha=alpha))
                        for n in SIZES
                    ]
        elif q.kind == "area" and 0 < q.value < 1:
            for half in np.round(np.geomspace(0.02, 0.15, 30), 4):
                n = auc_to_width(q.value, float(half)).treated
                rows.append(("area", q.words, ESTIMATED, n, float(half)))
    columns = pd.Index(["kind", "question", "basis", "x", "y"])
    return pd.DataFrame(rows, columns=columns).astype({"kind": "string", "question": "string", "basis": "string"})


def _nearer(low: float, high: float, nothing: float) -> float:
    """The end of an interval nearer to no effect; not a number where the interval holds it."""
    if math.isnan(low) or math.isnan(high) or low <= nothing <= high:
        return math.nan
    return low if low > nothing else high


def _two(items: Iterable[object]) -> tuple:  # two of a kind, as a pair
    first, second = items
    return first, second


def _notes(told: list[_Question]) -> tuple[Note, ...]:
    unsure = [q.words for q in told if math.isnan(q.nearer)]
    text = (
        "Effects are those of this study. What the definition of the groups makes true is left out (listed with what "
        "was left out). Plan with the smaller effect."
    )
    notes = [Note("note", "Planned from one study", text)]
    if unsure:
        text = (
            f"For {len(unsure)} of {len(told)} questions the interval includes no effect at all: the smallest effect "
            "that is compatible with this study is none, and no number of patients finds it."
        )
        notes.append(Note("note", "No smallest effect", text))
    return tuple(notes)
