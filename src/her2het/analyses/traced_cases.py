"""A few patients, rule by rule: from what was observed to status and heterogeneity."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from her2het.analyses.her2_status import EARLIEST, FOR_PATIENT, LATEST
from her2het.analyses.nuclei import placed_nuclei
from her2het.analyses.parts import excluded
from her2het.plan import analysis
from her2het.reference.guidelines import COMMENTS, GUIDELINES
from her2het.reference.het_profiles import BY_NAME, HetDefinition, HetProfile
from her2het.results.her2 import Her2Status, HetProfiles, TracedCases
from her2het.schema import Design, NotApplicable, Note, StudyError, did_you_mean
from her2het.tables import FishNuclei, Samples

Numbers = pd.Series
STEPS = ("patient", "step", "part", "observed", "rule", "outcome", "level", "reference")
PLANE = ("patient", "ratio", "ratio_low", "ratio_high", "copies", "copies_low", "copies_high")
ALMOST = 0.99
"""Probabilities above this are said to be above it: none is 1."""
CALLS = {
    "HET": "heterogeneous (HET)",
    "NON_HET_AMPLIFIED": "not HET, amplified in at least half",
    "NON_HET_NONAMPLIFIED": "not HET, not amplified",
    "INSUFFICIENT": "too few nuclei",
    "UNDEFINED": "no nuclei could be scored",
}


@analysis(section="HER2 status and heterogeneity")
def traced_cases(
    status: Her2Status,
    het: HetProfiles | None,
    fish_nuclei: FishNuclei | None,
    samples: Samples,
    design: Design,
    *,
    most: Annotated[int, Field(ge=0, le=20, description="How many exemplary patients are traced.")] = 4,
    patients: Annotated[tuple[str, ...], Field(description="Patients to trace, before the exemplary ones.")] = (),
) -> TracedCases:
    """How were status and heterogeneity reached in a few patients, rule by rule?

    Chosen at baseline, each patient once: one that is positive under every version without a flag near a cut-off, at
    the median ratio; the least certain call of heterogeneity; the first status that asks for a recount, an
    adjudication or another test; the first that differs between 2007 and 2023; one that the literal rule calls HET and
    the rule that allows for cut nuclei does not; the first with a comment or with IHC against ISH. Steps are those of
    the specimen that decides, under the latest version (doi:10.1200/JCO.22.02864); heterogeneity is that of the
    patient's pooled nuclei. Research use only; not a diagnosis.
    """
    known = status.patients[status.patients["phase"] == "baseline"].set_index("patient")
    for name in patients:
        if name not in known.index:
            hint = did_you_mean(name, known.index)
            raise StudyError(
                f"traced_cases.patients: {name!r} has no HER2 status at baseline.{hint} Name such patients."
            )
    chosen = dict.fromkeys(patients, "asked for")
    for kind in _candidates(known, het):
        free = [(name, why) for name, why in kind if name not in chosen]
        if free and len(chosen) < most + len(patients):
            chosen[free[0][0]] = free[0][1]
    if not chosen:
        raise NotApplicable("no patient was asked for or found")
    definition = BY_NAME[HetProfile(het.profile if het else "LI2024")]
    own = list(chosen)
    cells = _nuclei(fish_nuclei, samples, design, own, definition)
    return TracedCases(
        cases=pd.DataFrame([_case(name, chosen[name], known.loc[[name]].iloc[0], status, het) for name in own]).astype(
            "string"
        ),
        statuses=_statuses(own, known, status),
        steps=_steps(own, known, status, het, definition),
        flags=_flags(own, known, status),
        plane=known.reset_index()[list(PLANE)]
        .assign(case=lambda t: t["patient"].isin(own))
        .dropna()
        .reset_index(drop=True),
        nuclei=cells,
        areas=_areas(own, het),
        profile=definition.name.value,
        fraction_limits=(definition.limits.low, definition.limits.high),
        cell_rule=(definition.cell.ratio_num / max(definition.cell.ratio_den, 1), float(definition.cell.min_copies)),
        ratio_cut=status.ratio_cut,
        copies_cuts=status.copies_cuts,
        labels=design.labels,
        control=design.control,
        excluded=excluded(),
        notes=(
            Note("note", "Exemplary, not representative", "These patients show how rules apply; they are no sample."),
        ),
    )


def _candidates(known: pd.DataFrame, het: HetProfiles | None) -> Iterator[list[tuple[str, str]]]:
    """Kinds of patients worth tracing, in reading order: of each kind the patients, best first, with the reason."""
    versions = [c for c in known.columns if c.startswith("status_")]
    flags = known["flags"].fillna("")
    calls = None
    if het is not None:
        at_baseline = het.calls[(het.calls["phase"] == "baseline") & (het.calls["profile"] == het.profile)]
        calls = at_baseline.set_index("patient")
    clear = known[(known[versions] == "POSITIVE").all(axis=1) & ~flags.str.contains("NEAR_THRESHOLD|DISCORDANT")]
    if calls is not None:
        sure = calls.index[(calls["grade"] == "CERTAIN") & (calls["call"] == "NON_HET_AMPLIFIED")]
        clear = clear[clear.index.isin(sure)]
    middle = list(clear.sort_values("ratio").index)
    why = "positive under every version, with no result near a cut-off"
    yield [(str(name), why) for name in middle[len(middle) // 2 :][:1]]
    if calls is not None:
        best = calls[["p_low", "p_het", "p_high"]].max(axis=1).dropna().sort_values(kind="stable")
        yield [
            (str(name), f"the least certain call of heterogeneity (probability {p:.2f})")
            for name, p in zip(best.index[:1], best[:1], strict=True)
        ]
    latest, earliest = known[f"status_{LATEST}"], known[f"status_{EARLIEST}"]
    rank = latest.map({name: i for i, name in enumerate(FOR_PATIENT)})
    unsettled = rank[~latest.isin(["POSITIVE", "NEGATIVE"])].sort_values(kind="stable").index
    yield [(str(name), f"a status that is not settled ({plain(str(latest[name]))})") for name in unsettled]
    moved = known.index[(latest != earliest).to_numpy(dtype=bool)]
    said = [(EARLIEST, earliest), (LATEST, latest)]
    yield [
        (
            str(name),
            f"a status that differs between versions ({', '.join(f'{v}: {plain(str(s[name]))}' for v, s in said)})",
        )
        for name in moved
    ]
    if het is not None:
        cut = het.robust[(het.robust["phase"] == "baseline") & (het.robust["call_literal"] == "HET")]
        why = "HET as nuclei were counted, but not beyond what cut nuclei explain"
        yield [(str(name), why) for name in cut.loc[cut["call"] != "HET", "patient"]]
    odd = known.index[(known["comment"].notna() | flags.str.contains("DISCORDANT")).to_numpy(dtype=bool)]
    yield [(str(name), "IHC and ISH that point in different directions") for name in odd]


def plain(status: str) -> str:
    """RECOUNT_REQUIRED as 'recount required'."""
    return status.replace("_", " ").lower()


def _verdict(status: Her2Status, sample: str, version: str) -> pd.Series:
    table = status.verdicts
    return table[(table["sample"] == sample) & (table["version"] == version)].iloc[0]


def _case(name: str, why: str, own: pd.Series, status: Her2Status, het: HetProfiles | None) -> dict[str, object]:
    v = _verdict(status, str(own["sample"]), LATEST)
    comment = None if pd.isna(v["comment"]) else COMMENTS[str(v["comment"])]
    case = {
        "patient": name,
        "sample": own["sample"],
        "group": own["group"],
        "why": why,
        "guideline": GUIDELINES[LATEST].title,
        "status": v["status"],
        "comment": v["comment"],
        "comment_text": None if comment is None else f"{comment.text} [{comment.reference}]",
        "reason": v["reason"],
        "next": v["next"],
        "missing": v["missing"],
        "call": None,
        "grade": None,
        "robust": None,
    }
    called = _called(het, name)
    if called is not None:
        case |= {"call": called["call"], "grade": called["grade"]}
        robust = _robust(het, name)
        case["robust"] = None if robust is None else robust["call"]
    return case


def _called(het: HetProfiles | None, patient: str, profile: str | None = None) -> pd.Series | None:
    if het is None:
        return None
    rows = het.calls[(het.calls["patient"] == patient) & (het.calls["phase"] == "baseline")]
    rows = rows[rows["profile"] == (profile or het.profile)]
    return rows.iloc[0] if len(rows) else None


def _robust(het: HetProfiles | None, patient: str) -> pd.Series | None:
    if het is None:
        return None
    rows = het.robust[(het.robust["patient"] == patient) & (het.robust["phase"] == "baseline")]
    return rows.iloc[0] if len(rows) else None


def _statuses(names: list[str], known: pd.DataFrame, status: Her2Status) -> pd.DataFrame:
    rows: list[tuple[str, str, str, str]] = []
    for name in names:
        for version in status.versions:
            v = _verdict(status, str(known.loc[name, "sample"]), version)
            said = [f"IHC {v['ihc_score']}"] if pd.notna(v["ihc_score"]) else []
            if pd.notna(v["ish_group"]):
                said.append(f"ISH group {v['ish_group']}")
            elif pd.notna(v["ish_category"]):
                said.append(f"ISH {v['ish_category']}")
            said += [f"comment {v['comment']}"] if pd.notna(v["comment"]) else []
            said += [f"stratum {v['stratum']}"] if pd.notna(v["stratum"]) else []
            rows.append((name, version, str(v["status"]), ", ".join(said)))
    return pd.DataFrame(rows, columns=pd.Index(["patient", "version", "status", "words"])).astype("string")


def _steps(
    names: list[str], known: pd.DataFrame, status: Her2Status, het: HetProfiles | None, definition: HetDefinition
) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []
    for name in names:
        own = status.steps
        own = own[(own["sample"] == known.loc[name, "sample"]) & (own["version"] == LATEST)]
        steps = [tuple(row) for row in own[list(STEPS[2:])].itertuples(index=False)]
        steps += _het_steps(name, het, definition)
        rows += [(name, at, *step) for at, step in enumerate(steps, 1)]
    frame = pd.DataFrame(rows, columns=pd.Index(STEPS))
    return frame.astype({c: "string" for c in STEPS if c != "step"} | {"step": "Int64"})


def _het_steps(name: str, het: HetProfiles | None, definition: HetDefinition) -> list[tuple[str, ...]]:
    """Amplified fraction, areas, and what cut nuclei explain, as steps of the trace."""
    called, robust = _called(het, name), _robust(het, name)
    if het is None or called is None:
        return []
    best = max(float(called[p]) for p in ("p_low", "p_het", "p_high"))
    ratio = int(called["ratio_driven"])
    observed = (
        f"{called['amplified']} of {called['scored']} nuclei amplified, {_percent(called['fraction'])}, "
        f"{ratio} of them by ratio alone; 95 % interval {_range(called['low'], called['high'])} where areas differ, "
        f"{_range(called['low_naive'], called['high_naive'])} if nuclei were independent"
    )
    sure = f"{best:.2f}" if best < ALMOST else f"above {ALMOST}"
    said = f"{CALLS[str(called['call'])]}; {str(called['grade']).lower()}, probability {sure}"
    level = "caution" if called["grade"] == "UNCERTAIN" else "plain"
    steps = [("heterogeneity", observed, f"{het.profile}: {definition.text}", said, level, f"doi {definition.doi}")]
    area = _called(het, name, HetProfile.METZGER2021.value)
    other = BY_NAME[HetProfile.METZGER2021]
    if area is not None and het.profile != other.name and int(area["areas"]) > 1:
        spread = het.regional[(het.regional["patient"] == name) & (het.regional["phase"] == "baseline")].iloc[0]
        observed = (
            f"{area['areas']} areas with {_percent(area['lowest'])} to {_percent(area['highest'])} amplified nuclei; "
            f"{area['areas_het']} within the limits, {area['areas_negative']} HER2-negative by FISH; test of one "
            f"fraction in all areas: p = {spread['p']:.2g}"
        )
        odd = "DISCORDANT_WITH_CENTRAL_POSITIVE" in str(area["flags"])
        said = CALLS[str(area["call"])] + (
            ": every area is negative, which the definition does not expect" if odd else ""
        )
        differs = odd or area["call"] != called["call"]
        rule = f"{other.name.value}: {other.text}"
        steps.append(("areas", observed, rule, said, "caution" if differs else "plain", f"doi {other.doi}"))
    if robust is not None:
        observed = (
            f"{_percent(robust['share'])} truly amplified ({_range(robust['low'], robust['high'])}) behind "
            f"{_percent(robust['literal'])} as counted in nuclei with both probes; most frequent genotype "
            f"{robust['modal_her2']} ERBB2 and "
            f"{robust['modal_cep17']} CEP17, of which cutting alone makes {_percent(robust['null_fraction'])} "
            "look amplified"
        )
        low, high = (f"{100 * x:g} %" for x in het.fraction_limits)
        kept = " or ".join(f"{p:g}" for p in sorted({het.p_keep, *het.p_keep_range}))
        rule = f"Cut nuclei: lower limit above {low} and share below {high} (each signal kept with {kept})"
        differs = robust["call"] != called["call"]
        said = CALLS[str(robust["call"])] + ("" if bool(robust["certain"]) else "; the interval spans two classes")
        level = "caution" if differs or not bool(robust["certain"]) else "plain"
        steps.append(("cut nuclei", observed, rule, said, level, ""))
    return steps


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %" if np.isfinite(value) else "unknown"


def _range(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def _flags(names: list[str], known: pd.DataFrame, status: Her2Status) -> pd.DataFrame:
    rows: list[tuple[str, str, str]] = []
    for name in names:
        own = status.flags
        own = own[(own["sample"] == known.loc[name, "sample"]) & (own["version"] == LATEST)]
        rows += [(name, str(code), str(text)) for code, text in zip(own["code"], own["text"], strict=True)]
    return pd.DataFrame(rows, columns=pd.Index(["patient", "code", "text"])).astype("string")


def _nuclei(
    fish_nuclei: pd.DataFrame | None, samples: pd.DataFrame, design: Design, names: list[str], definition: HetDefinition
) -> pd.DataFrame:
    """How many nuclei of each patient show each pair of signals, and which pairs are amplified."""
    columns = ["patient", "cep17", "erbb2", "nuclei", "amplified"]
    if fish_nuclei is None:
        return pd.DataFrame([], columns=pd.Index(columns))
    own = samples[samples["patient"].isin(names)]
    part = placed_nuclei(fish_nuclei[fish_nuclei["sample"].isin(own["sample"])], own, design)
    part = part[part["phase"] == "baseline"]
    grouped = part.groupby(["patient", "cep17", "erbb2"]).size().reset_index(name="nuclei")
    cell = definition.cell
    h, c = grouped["erbb2"].to_numpy(dtype=np.int64), grouped["cep17"].to_numpy(dtype=np.int64)
    ratio = (c > 0) & (cell.ratio_den > 0) & (cell.ratio_den * h - cell.ratio_num * c >= cell.ratio_margin)
    copies = (h >= cell.min_copies) & (cell.min_copies > 0)
    bare = (c == 0) & (h >= cell.min_copies_without_cep17)
    unknown = (c == 0) & ~bare & (cell.ratio_den > 0)
    grouped["amplified"] = pd.Series(np.where(c > 0, ratio | copies, bare)).astype("boolean").mask(unknown)
    return grouped[columns].astype({"patient": "string", "amplified": "boolean"})


def _areas(names: list[str], het: HetProfiles | None) -> pd.DataFrame:
    """Fractions by area, then pooled."""
    columns = ["patient", "area", "nuclei", "amplified", "fraction", "low", "high"]
    parts: list[pd.DataFrame] = []
    if het is not None:
        of = het.areas[(het.areas["phase"] == "baseline") & (het.areas["profile"] == het.profile)]
        for name in names:
            own = of[of["patient"] == name]
            called = _called(het, name)
            if called is None:
                continue
            many = len(own["sample"].unique()) > 1
            text = own["sample"].str.cat(own["area"], sep=" ") if many else own["area"]
            rows = own.assign(nuclei=own["scored"], area=text)[columns]
            pooled = called[["patient", "scored", "amplified", "fraction", "low", "high"]].rename({"scored": "nuclei"})
            pooled["area"] = "all areas"
            parts += [rows, pd.DataFrame([pooled])[columns]]
    if not parts:
        return pd.DataFrame([], columns=pd.Index(columns))
    frame = pd.concat(parts, ignore_index=True).astype({"patient": "string", "area": "string"})
    return frame.astype(
        {"nuclei": "int64", "amplified": "int64", "fraction": "float64", "low": "float64", "high": "float64"}
    )
