"""Whether this cohort shows what the trial's paper reports."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from her2het.analyses.claims_own import OWN, Known, change_difference, of_row, roles_of, share
from her2het.analyses.parts import excluded
from her2het.plan import analysis
from her2het.reference.claims import CLAIMS, CONTRADICTIONS, Claim, Part
from her2het.results.change import HeterogeneityChange, StatusChange, TreatmentDistance
from her2het.results.claims import PublishedClaims
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import BiopsyDistance, Expression, MarkerExpression, MrnaProtein, SampleComponents
from her2het.results.features import FeatureComparisons
from her2het.results.fish import FishHeterogeneity
from her2het.results.genes import BaselineGenes, PairedGenes
from her2het.results.scores import CellFractions, GeneSetScores, ImmuneScores, ScoreStudy, Subtypes
from her2het.schema import NotApplicable, Note
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.tables import Features, Ihc, Patients

SUPPORTED, PART, NOT_FOUND, OPPOSITE = "supported", "in part", "not found", "opposite"
CONTESTED, UNTESTED = "contested", "not testable"
ALPHA = 0.05
FAMILIES = {
    "gene": "genes of published claims between groups",
    "gene change": "genes of published claims, after against before",
    "set": "gene sets of published claims between groups",
    "set change": "gene sets of published claims, after against before",
    "difference of changes": "differences of changes of published claims",
    "share": "shares of published claims",
    "own": "further questions of published claims",
}
EXPECTED = {1: "higher", -1: "lower", 0: "no difference", None: "a difference"}


@dataclass(frozen=True, eq=False)
class _Answer:
    claim: Claim
    part: Part
    estimate: Estimate | None
    reason: str = ""


@analysis(section="Response and next trial")
def published_claims(
    groups: GroupAssignment,
    patients: Patients,
    expression: Expression | None,
    sets: GeneSetScores | None,
    fish: FishHeterogeneity | None,
    ihc: Ihc | None,
    features: Features | None,
    mrna: MrnaProtein | None,
    biopsies: BiopsyDistance | None,
    components: SampleComponents | None,
    markers: MarkerExpression | None,
    subtypes: Subtypes | None,
    immune: ImmuneScores | None,
    cells: CellFractions | None,
    own: FeatureComparisons | None,
    status: StatusChange | None,
    heterogeneity: HeterogeneityChange | None,
    distance: TreatmentDistance | None,
    genes: BaselineGenes | None,
    paired: PairedGenes | None,
    *,
    negligible: Annotated[
        float,
        Field(gt=0, lt=1, description="Standardised effects (-1 to 1) within this distance of 0 count as no effect."),
    ] = 0.3,
) -> PublishedClaims:
    """Which findings of the trial's paper does this cohort show?

    Each claim of Li et al. 2024 (doi:10.1172/JCI176454) in our words, with the estimates that would show it: those of
    the analyses above, and for single genes, gene sets, differences between changes and a few further questions such as
    are made for it here (rank-sum and signed-rank tests of patients, Benjamini-Hochberg within each kind). A claimed
    difference is supported where q < .05 in its direction, opposite where q < .05 in the other, else not found: its
    interval says how large an effect remains possible. A claim that there is no difference is supported only where the
    whole interval of the standardised effect lies within the stated bound; a missing finding alone supports nothing.
    That something changes in one group only is also a claim about the difference between the groups, and is tested as
    such. Claims with several parts are supported in part where some parts are. Where the paper contradicts itself the
    estimate stands without a verdict; its contradictions are listed. Groups are matched by response and heterogeneity
    of their patients, not by name.
    """
    known = Known(
        groups,
        patients,
        roles_of(groups, patients),
        expression,
        sets,
        fish,
        ihc,
        features,
        subtypes,
        immune,
        status,
        heterogeneity,
        distance,
        genes,
    )
    results: dict[str, Any] = {
        "mrna_protein": mrna,
        "biopsy_distance": biopsies,
        "sample_components": components,
        "marker_expression": markers,
        "subtypes": subtypes,
        "immune_scores": immune,
        "cell_fractions": cells,
        "feature_comparisons": own,
        "status_change": status,
        "heterogeneity_change": heterogeneity,
        "treatment_distance": distance,
        "paired_genes": paired,
    }
    answers = [_answer(claim, part, known, results) for claim in CLAIMS for part in claim.parts]
    if all(a.estimate is None for a in answers):
        raise NotApplicable("no claim of the paper can be tested in this study")
    answers = _adjusted(answers)
    parts = _parts(answers, negligible)
    claims = _claims(parts)
    verdicts, evidence = _shown(claims, parts)
    return PublishedClaims(
        claims=claims,
        parts=parts,
        verdicts=verdicts,
        evidence=evidence,
        contradictions=_contradictions(parts),
        estimates=tuple(a.estimate for a in answers if a.estimate is not None),
        negligible=negligible,
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(
            ("claim", str(r.claim), str(r.reading), "published_claims")
            for r in claims[claims["verdict"] == UNTESTED].itertuples()
        ),
        notes=_notes(claims, negligible),
    )


def _answer(claim: Claim, part: Part, known: Known, results: Mapping[str, Any]) -> _Answer:
    try:
        found = _find(part, known, results)
    except NotApplicable as e:
        return _Answer(claim, part, None, str(e))
    if math.isnan(found.p) or math.isnan(found.value):
        return _Answer(claim, part, None, found.remark or "no test exists for it")
    return _Answer(claim, part, found)


def _find(part: Part, known: Known, results: Mapping[str, Any]) -> Estimate:
    if part.kind == "none":
        raise NotApplicable(f"no table of a study holds {part.quantity}")
    if part.kind == "own":
        return OWN[part.quantity](known)
    if part.kind == "share":
        return share(known, part.quantity)
    if part.kind == "difference of changes":
        result = results.get(part.source)
        return change_difference(part, result if isinstance(result, ScoreStudy) else None)
    if part.kind != "estimate":
        return of_row(known, part)
    result = results.get(part.source)
    if result is None:
        raise NotApplicable(f"{part.source} has no result in this study")
    names = part.quantity.split("|")
    groups = tuple(known.roles.get(g, g) for g in part.groups)
    for e in _estimates(result):
        if e.quantity in names and (not groups or e.groups == groups) and e.method.startswith(part.method):
            return e
    among = f" ({' and '.join(groups)})" if groups else ""
    raise NotApplicable(f"{part.source} has no estimate of {' or '.join(names)}{among}")


def _estimates(result: Any) -> list[Estimate]:
    values = [getattr(result, f.name) for f in fields(result)]
    return [e for v in values if isinstance(v, tuple) for e in v if isinstance(e, Estimate)]


def _adjusted(answers: list[_Answer]) -> list[_Answer]:
    """q of what was made here, within each kind; what was read keeps its own."""
    result = list(answers)
    for kind, words in FAMILIES.items():
        at = [i for i, a in enumerate(answers) if a.part.kind == kind and a.estimate is not None]
        estimates = [e for i in at if (e := answers[i].estimate) is not None]
        if not estimates:
            continue
        for i, e in zip(at, with_q(estimates, family=f"{len(at)} {words}"), strict=True):
            result[i] = replace(answers[i], estimate=e)
    return result


def verdict_of(part: Part, e: Estimate, negligible: float) -> tuple[str, str]:
    """What an estimate says of a part of a claim, and in words what that rests on."""
    significance = e.p if math.isnan(e.q) else e.q
    sign = _sign(e)
    if part.kind == "share":
        return (SUPPORTED, "compatible with the published share") if e.p >= ALPHA else (NOT_FOUND, "another share")
    if part.direction == 0:
        if significance < ALPHA:
            return OPPOSITE, "a difference was found"
        if -negligible <= e.standard_low and e.standard_high <= negligible:
            return SUPPORTED, f"effects beyond ±{negligible:g} are excluded"
        return NOT_FOUND, f"no difference found, but effects beyond ±{negligible:g} remain possible"
    if significance >= ALPHA:
        low, high = e.standard_low, e.standard_high
        if -negligible <= low and high <= negligible:
            return NOT_FOUND, f"effects beyond ±{negligible:g} are excluded"
        return NOT_FOUND, "an effect remains possible"
    if part.direction is None or sign == part.direction:
        return SUPPORTED, ""
    return OPPOSITE, "the difference runs the other way"


def _sign(e: Estimate) -> int:
    value = e.standard if math.isfinite(e.standard) and e.standard != 0 else e.value
    return (value > 0) - (value < 0)


def _parts(answers: list[_Answer], negligible: float) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    place = 0
    for a in answers:
        e, part = a.estimate, a.part
        row: dict[str, object] = {"claim": a.claim.id, "panel": a.claim.panel, "kind": part.kind}
        row |= {"quantity": part.quantity.partition("|")[0], "groups": ", ".join(part.groups), "source": part.source}
        row["expected"] = "the published share" if part.kind == "share" else EXPECTED[part.direction]
        if e is None:
            row |= {"part": part.quantity.partition("|")[0], "verdict": UNTESTED, "reading": a.reason, "estimate": None}
            rows.append(row)
            continue
        verdict, reading = verdict_of(part, e, negligible)
        row |= {"verdict": CONTESTED if a.claim.contested else verdict, "reading": a.claim.contested or reading}
        lead = "" if not e.quantity or e.contrast.startswith(e.quantity) else f"{e.quantity}: "
        row |= {"part": f"{lead}{e.contrast}", "effect": e.effect, "unit": e.unit, "estimate": place}
        row |= {name: getattr(e, name) for name in ("value", "low", "high", "standard", "standard_low")}
        if e.too_few:
            row |= {"low": math.nan, "high": math.nan}
        row |= {"standard_high": e.standard_high, "p": e.p, "q": e.q, "n": e.units}
        rows.append(row)
        place += 1
    columns = ["claim", "panel", "part", "kind", "quantity", "groups", "expected", "verdict", "reading", "estimate"]
    columns += ["effect", "unit", "value", "low", "high", "standard", "standard_low", "standard_high", "p", "q", "n"]
    text = ["claim", "panel", "part", "kind", "quantity", "groups", "expected", "verdict", "reading", "effect", "unit"]
    frame = pd.DataFrame(rows).reindex(columns=pd.Index([*columns, "source"]))
    return frame.astype(dict.fromkeys([*text, "n", "source"], "string") | {"estimate": "Int64"})


def _claims(parts: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for claim in CLAIMS:
        mine = parts[parts["claim"] == claim.id]
        tested = mine[mine["verdict"] != UNTESTED]
        verdicts = tested["verdict"].tolist()
        hits = verdicts.count(SUPPORTED)
        if not verdicts:
            verdict = UNTESTED
        elif CONTESTED in verdicts:
            verdict = CONTESTED
        elif OPPOSITE in verdicts:
            verdict = OPPOSITE
        elif hits == len(mine):
            verdict = SUPPORTED
        else:
            verdict = PART if hits else NOT_FOUND
        source = mine if verdict == UNTESTED else tested
        said = [str(r) for r in source["reading"].drop_duplicates() if r]
        rows.append((claim.id, claim.panel, claim.text, verdict, hits, len(tested), len(mine), "; ".join(said)))
    columns = pd.Index(["claim", "panel", "text", "verdict", "supported", "tested", "parts", "reading"])
    text = dict.fromkeys(["claim", "panel", "text", "verdict", "reading"], "string")
    return pd.DataFrame(rows, columns=columns).astype(text)


def _shown(claims: pd.DataFrame, parts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Claims, and the parts behind them, as the page shows them."""
    share_of = claims["supported"].astype(str) + " of " + claims["parts"].astype(str)
    verdicts = pd.DataFrame({"panel": claims["panel"], "published claim": claims["text"]})
    verdicts["this cohort"], verdicts["parts supported"] = claims["verdict"], share_of
    verdicts["because"] = claims["reading"]
    table = parts[parts["value"].notna()].merge(claims[["claim", "text"]], on="claim")
    evidence = pd.DataFrame({"panel": table["panel"], "published claim": table["text"], "compared": table["part"]})
    evidence["expected"], evidence["this cohort"] = table["expected"], table["verdict"]
    evidence["estimate"] = [f"{r.effect} {_interval(r)}" for r in table.itertuples()]
    evidence["q"], evidence["n"] = table["q"], table["n"]
    return verdicts.astype("string"), evidence


def _interval(row: Any) -> str:
    """Value and limits with three significant digits and true minus signs."""
    value, low, high = (f"{float(v):.3g}".replace("-", "−") for v in (row.value, row.low, row.high))
    return f"{value} ({low} to {high})" if "nan" not in (low, high) else value


def _contradictions(parts: pd.DataFrame) -> pd.DataFrame:
    here = {"ihc": "ihc-falls-het", "direction": "equitability-after"}
    rows = []
    for c in CONTRADICTIONS:
        mine = parts[(parts["claim"] == here.get(c.id, "")) & parts["value"].notna()]
        told = [f"{r.part}: {_interval(r)}" for r in mine.itertuples()]
        rows.append((c.place, c.text, "; ".join(told)))
    return pd.DataFrame(rows, columns=pd.Index(["place", "contradiction", "here"])).astype("string")


def _notes(claims: pd.DataFrame, negligible: float) -> tuple[Note, ...]:
    counts = claims["verdict"].value_counts()
    order = (SUPPORTED, PART, NOT_FOUND, OPPOSITE, CONTESTED, UNTESTED)
    text = ", ".join(f"{int(counts[v])} {v}" for v in order if v in counts)
    notes = [
        Note("note", f"{len(claims)} published claims", f"{text}. A claim not found here is not shown to be wrong.")
    ]
    bound = (
        f"That two groups do not differ is supported only where effects beyond ±{negligible:g} (standardised, −1 to 1) "
        "are excluded; small groups rarely can."
    )
    return (*notes, Note("note", "Claims of no difference", bound))
