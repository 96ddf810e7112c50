"""HER2 heterogeneity under every published definition, and what of it cut nuclei do not explain."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from her2het.analyses.nuclei import Counted, NegativeArea, count_units, negative_areas, placed_nuclei, share
from her2het.analyses.parts import excluded
from her2het.kernels.area_clustering import area_clustering, between_area_test
from her2het.kernels.area_posterior import FractionPosterior, Grade, fraction_posterior
from her2het.kernels.cohen_kappa import cohen_kappa
from her2het.kernels.cut_nuclei import amplified_probability, call_robust, fit_cut_nuclei, widest_limits
from her2het.kernels.fish import CellRule, FishCounts
from her2het.kernels.fish_intervals import clopper_pearson
from her2het.kernels.het_call import HetCode, Limits, call_areas, call_fraction
from her2het.plan import analysis
from her2het.reference.het_profiles import BY_NAME, DEFINITIONS, HetDefinition, HetProfile
from her2het.results.her2 import HetProfiles
from her2het.schema import Design, NotApplicable, Note
from her2het.stats.changes import mcnemar_of_counts
from her2het.stats.estimate import Estimate
from her2het.stats.families import adjusted, with_q
from her2het.stats.tables import share_of_counts
from her2het.tables import FishNuclei, Samples

AREA_NUCLEI = BY_NAME[HetProfile.METZGER2021].n_min_unit
"""Fewest scored nuclei of an area that is called by itself."""
ROBUST = "robust"
Chance = Annotated[float, Field(gt=0, le=1)]
CellProfile = Literal["LI2024", "METZGER2021", "CAP2009_ratio", "CAP2009_copies", "MOSAIC", "BAR2011_30"]


@dataclass(frozen=True, eq=False)
class _Read:
    """One definition on all tumours."""

    definition: HetDefinition
    counted: Counted
    posterior: FractionPosterior


@analysis(section="HER2 status and heterogeneity")
def het_profiles(
    fish_nuclei: FishNuclei,
    samples: Samples,
    design: Design,
    *,
    profile: Annotated[
        CellProfile, Field(description="Definition whose amplified nucleus and limits the robust rule uses.")
    ] = "LI2024",
    p_keep: Annotated[
        float,
        Field(gt=0, le=1, description="Chance that a signal lies in the part of the nucleus that the section kept."),
    ] = 0.8,
    p_keep_range: Annotated[
        tuple[Chance, ...],
        Field(description="Other values of p_keep at which the limits of the robust rule must hold."),
    ] = (0.7, 0.9),
    negative_area: Annotated[
        NegativeArea,
        Field(description="METZGER2021: a HER2-negative area by ratio and copies of its sums, or by at most 5 %."),
    ] = "sums",
) -> HetProfiles:
    """Which tumours are HET under each published definition, how sure is each call, and do cut nuclei explain it?

    A patient's nuclei of one phase are pooled, and the areas of all samples kept apart. Each definition has its own
    amplified nucleus and limits (LI2024: doi:10.1172/JCI176454; METZGER2021: doi:10.1158/2159-8290.CD-20-1557;
    CAP2009: doi:10.5858/133.4.611; CAP2013: doi:10.1200/JCO.2013.50.9984, UNDEFINED without populations told apart;
    MOSAIC: doi:10.1038/s41374-018-0172-y; BAR2011_30: doi:10.1309/AJCP0EN6AQMWETZZ); calls are made on integers. The
    amplified fraction has a 95 % interval and posterior probabilities of the classes that let areas differ
    (beta-binomial), beside the exact binomial interval that does not; the grade is CERTAIN from 0.95, LIKELY from 0.80.
    Areas of one fraction: likelihood-ratio test of the beta-binomial, Benjamini-Hochberg over tumours of a phase.

    Sections cut nuclei and lose signals, so that nuclei of two copies each may show a ratio of 2. The share of truly
    amplified nuclei is that of a mixture of true genotypes seen through binomial thinning with `p_keep` (EM; limits by
    profile likelihood, widened by the design effect of areas). How often signals are lost a tumour does not tell: the
    limits are the widest at `p_keep` and `p_keep_range`, and the robust rule calls by them. Beside it stands the chance
    that cutting nuclei of the most frequent genotype alone gives as many amplified ones. Agreement between definitions:
    share of patients alike, and Cohen's kappa, HET against not HET, at baseline. Robust against literal: exact McNemar
    test.
    """
    nuclei = placed_nuclei(fish_nuclei, samples, design)
    if nuclei.empty:
        raise NotApplicable("no nuclei were counted before or after treatment")
    reads = _read_all(nuclei)
    calls = pd.concat([_calls(read, negative_area) for read in reads], ignore_index=True)
    main = next(read for read in reads if read.definition.name == profile)
    robust, pairs = _robust(main, p_keep, p_keep_range, calls[calls["profile"] == profile])
    baseline = calls[calls["phase"] == "baseline"]
    names = tuple(d.name.value for d in DEFINITIONS)
    het = _het_by_profile(baseline, robust)
    agreement = _agreement(het)
    return HetProfiles(
        calls=calls,
        areas=pd.concat([_areas(read) for read in reads if read.definition.unit != "population"], ignore_index=True),
        robust=robust,
        pairs=pairs,
        regional=_regional(main),
        agreement=agreement,
        estimates=_estimates(het, profile),
        profiles=names,
        profile=profile,
        fraction_limits=(main.definition.limits.low, main.definition.limits.high),
        p_keep=p_keep,
        p_keep_range=p_keep_range,
        labels=design.labels,
        control=design.control,
        excluded=_short(baseline),
        notes=_notes(baseline, robust, het, profile, (p_keep, *p_keep_range)),
    )


def _read_all(nuclei: pd.DataFrame) -> list[_Read]:
    """Each definition; those that share their amplified nucleus share the counts, and with the limits the posterior."""
    counted: dict[tuple[int, ...], Counted] = {}
    posteriors: dict[tuple[object, ...], FractionPosterior] = {}
    reads: list[_Read] = []
    for d in DEFINITIONS:
        rule = d.cell.integers
        if rule not in counted:
            counted[rule] = count_units(nuclei, ["patient", "phase"], ["sample", "area"], CellRule(*rule))
        key = (rule, d.limits.low, d.limits.high)
        if key not in posteriors:
            c = counted[rule].counts
            posteriors[key] = fraction_posterior(
                c.areas.amplified, c.areas.scored, c.area_start, low=d.limits.low, high=d.limits.high
            )
        reads.append(_Read(d, counted[rule], posteriors[key]))
    return reads


def _calls(read: _Read, negative_area: NegativeArea) -> pd.DataFrame:
    d, c, post = read.definition, read.counted.counts, read.posterior
    s, a = c.samples, c.areas
    limits = Limits(*d.limits.integers)
    negative = negative_areas(a, CellRule(*d.cell.integers), limits, negative_area) & (d.cell.ratio_den > 0)
    by_area = call_fraction(a.amplified, a.scored, AREA_NUCLEI, limits)
    discordant = np.zeros(len(s.nuclei), bool)
    if d.unit == "population":
        code = np.full(len(s.nuclei), int(HetCode.UNDEFINED), np.int8)
    elif d.unit == "area":
        called = call_areas(
            a.amplified, a.scored, negative, c.area_start, n_min=d.n_min, n_min_area=d.n_min_unit, limits=limits
        )
        code, discordant = called.code, called.discordant_with_central_positive
    else:
        code = call_fraction(s.amplified, s.scored, d.n_min, limits, s.nuclei)
    low, high = clopper_pearson(s.amplified, s.scored)
    used = a.scored >= AREA_NUCLEI
    fraction = share(a.amplified, a.scored)

    def count(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(read.counted.owner[mask & used], minlength=len(s.nuclei)).astype(np.int64)

    frame = read.counted.units.copy()
    frame["profile"] = d.name.value
    numbers = {
        "nuclei": s.nuclei,
        "scored": s.scored,
        "amplified": s.amplified,
        "ratio_driven": s.amplified - s.by_copies,
        "copy_driven": s.by_copies,
        "fraction": share(s.amplified, s.scored),
        "low": post.low,
        "high": post.high,
        "low_naive": low,
        "high_naive": high,
        "p_low": post.p_low,
        "p_het": post.p_between,
        "p_high": post.p_high,
        "grade": [Grade(g).name for g in post.grade],
        "call": _names(code),
        "het": _het(code),
        "areas": count(np.ones(len(used), bool)),
        "areas_het": count(by_area == HetCode.HET),
        "areas_amplified": count(by_area == HetCode.NON_HET_AMPLIFIED),
        "areas_negative": count(negative),
        "lowest": _extreme(c, np.where(used, fraction, np.nan), np.fmin),
        "highest": _extreme(c, np.where(used, fraction, np.nan), np.fmax),
    }
    for name, values in numbers.items():
        frame[name] = values
    flags = [("DISCORDANT_WITH_CENTRAL_POSITIVE", discordant), ("ONE_AREA", post.areas == 1)]
    flags.append(("NO_POPULATIONS", np.full(len(code), d.unit == "population")))
    frame["flags"] = [" ".join(name for name, holds in flags if holds[i]) for i in range(len(code))]
    if d.unit == "population":  # nothing but the counts is known
        unknown = ["low", "high", "p_low", "p_het", "p_high"]
        frame[unknown] = np.nan
        frame["grade"] = Grade.UNKNOWN.name
    text = ("patient", "phase", "profile", "grade", "call", "flags")
    return frame.astype(dict.fromkeys(text, "string") | {"het": "boolean"})


def _names(code: NDArray[np.int8]) -> list[str]:
    return [HetCode(c).name for c in code]


def _het(code: NDArray[np.int8]) -> pd.Series:
    unknown = (code == HetCode.INSUFFICIENT) | (code == HetCode.UNDEFINED)
    return pd.Series(code == HetCode.HET).astype("boolean").mask(unknown)


def _extreme(counts: FishCounts, values: NDArray[np.float64], of: np.ufunc) -> NDArray[np.float64]:
    out = np.full(len(counts.area_start) - 1, np.nan)
    owner = np.repeat(np.arange(len(out)), np.diff(counts.area_start))
    of.at(out, owner, values)
    return out


def _areas(read: _Read) -> pd.DataFrame:
    a = read.counted.counts.areas
    low, high = clopper_pearson(a.amplified, a.scored)
    code = call_fraction(a.amplified, a.scored, AREA_NUCLEI, Limits(*read.definition.limits.integers))
    names = read.counted.units.iloc[read.counted.owner].reset_index(drop=True)
    names["profile"] = read.definition.name.value
    numbers = pd.DataFrame(
        {
            "nuclei": a.nuclei,
            "scored": a.scored,
            "amplified": a.amplified,
            "fraction": share(a.amplified, a.scored),
            "low": low,
            "high": high,
            "call": _names(code),
        }
    )
    frame = pd.concat([names, read.counted.areas, numbers], axis=1)
    return frame.astype(dict.fromkeys(("patient", "phase", "profile", "sample", "area", "call"), "string"))


def _regional(read: _Read) -> pd.DataFrame:
    c = read.counted.counts
    spread = area_clustering(c.areas.amplified, c.areas.scored, c.area_start)
    test = between_area_test(c.areas.amplified, c.areas.scored, c.area_start)
    frame = read.counted.units.copy()
    frame["areas"] = spread.areas
    for name in ("lowest", "highest", "rho", "deff"):
        frame[name] = getattr(spread, name)
    frame["p"] = test.p
    frame["q"] = np.nan
    for phase in frame["phase"].unique():
        here = (frame["phase"] == phase).to_numpy(dtype=bool)
        frame.loc[here, "q"] = adjusted(test.p[here])
    return frame


def _robust(
    read: _Read, p_keep: float, others: tuple[float, ...], literal: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row per tumour, and a row per pair of signals that its nuclei show."""
    d, c = read.definition, read.counted.counts
    rule = CellRule(*d.cell.integers)
    deff = area_clustering(c.areas.amplified, c.areas.scored, c.area_start).deff
    widen = np.maximum(np.where(np.isnan(deff), 1.0, deff), 1.0)
    keeps = tuple(dict.fromkeys((p_keep, *others)))
    fits = [fit_cut_nuclei(c.pairs, rule=rule, p_keep=p, inflation=widen) for p in keeps]
    fit = widest_limits(fits, fits[0])
    code, certain = call_robust(fit, low=d.limits.low, high=d.limits.high, n_min=d.n_min)
    frame = read.counted.units.copy()
    frame["nuclei"] = fit.cells
    for name in ("literal", "share", "low", "high", "by_ratio_only", "by_copies_only", "by_both"):
        frame[name] = getattr(fit, name)
    for name in ("modal_her2", "modal_cep17", "modal_weight", "null_fraction"):
        frame[name] = getattr(fit, name)
    frame["p_truncation"] = np.where(fit.null_fraction >= 1, 1.0, fit.p_value)  # cutting alone does it in any case
    frame["call_literal"] = literal["call"].to_numpy()
    frame["call"] = _names(code)
    frame["certain"] = certain
    for p, one in zip(keeps, fits, strict=True):
        alone, _ = call_robust(one, low=d.limits.low, high=d.limits.high, n_min=d.n_min)
        frame[f"share_keep_{p:g}"] = one.share
        frame[f"call_keep_{p:g}"] = pd.Series(_names(alone), index=frame.index, dtype="string")
    frame = frame.astype({"call_literal": "string", "call": "string", "certain": "boolean"})
    owner = np.repeat(np.arange(len(frame)), np.diff(c.pairs.start))
    pairs = frame[["patient", "phase"]].iloc[owner].reset_index(drop=True)
    pairs["erbb2"], pairs["cep17"], pairs["nuclei"] = c.pairs.her2, c.pairs.cep17, c.pairs.count
    pairs["p_amplified"] = amplified_probability(c.pairs, fits[0], rule=rule, p_keep=p_keep)
    return frame, pairs


def _het_by_profile(baseline: pd.DataFrame, robust: pd.DataFrame) -> pd.DataFrame:
    """HET per baseline patient (rows) and definition (columns), the robust rule last; missing without a call."""
    wide = baseline.set_index(["patient", "profile"])["het"].unstack().astype("boolean")  # noqa: PD010
    wide = wide.reindex(columns=[d.name.value for d in DEFINITIONS]).astype("boolean")
    own = robust[robust["phase"] == "baseline"].set_index("patient")["call"]
    called = (own == HetCode.HET.name).astype("boolean").mask(own.isin(["INSUFFICIENT", "UNDEFINED"]))
    wide[ROBUST] = called.reindex(wide.index)
    return wide


def _agreement(het: pd.DataFrame) -> pd.DataFrame:
    names = [str(c) for c in het.columns]
    rows: list[dict[str, object]] = []
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            known = het[[first, second]].dropna()
            one, two = (known[name].to_numpy(dtype=bool) for name in (first, second))
            table = [
                [int((~one & ~two).sum()), int((~one & two).sum())],
                [int((one & ~two).sum()), int((one & two).sum())],
            ]
            found = cohen_kappa(table)
            row: dict[str, object] = {"first": first, "second": second, "n": len(known)}
            row |= {"both": table[1][1], "only_first": table[1][0], "only_second": table[0][1], "neither": table[0][0]}
            row |= {"agreement": found.agreement, "kappa": found.kappa}
            rows.append(row | {"kappa_low": found.low, "kappa_high": found.high})
    return pd.DataFrame(rows).astype({"first": "string", "second": "string"})


def _estimates(het: pd.DataFrame, profile: str) -> tuple[Estimate, ...]:
    """Shares that are HET, and the robust rule against the literal one."""
    found: list[Estimate] = []
    for name in het.columns:
        known = het[name].dropna()
        if len(known):
            e = share_of_counts((int(known.sum()), len(known)), contrast=f"HET by {name}")
            found.append(replace(e, quantity=str(name)))
    known = het[[profile, ROBUST]].dropna()
    if not len(known):
        return tuple(found)
    one, two = (known[name].to_numpy(dtype=bool) for name in (profile, ROBUST))
    table = [[int((~one & ~two).sum()), int((~one & two).sum())], [int((one & ~two).sum()), int((one & two).sum())]]
    tested = mcnemar_of_counts(table, contrast=f"HET, {ROBUST} − {profile}")
    return (*found, *with_q([replace(tested, quantity="robust against literal")], family="1 question about cut nuclei"))


def _short(baseline: pd.DataFrame) -> pd.DataFrame:
    lost = baseline[baseline["call"] == HetCode.INSUFFICIENT.name]
    rows = zip(lost["patient"], lost["profile"], lost["scored"], strict=True)
    return excluded(
        ("patient", str(p), f"{n} nuclei scored by {name}, too few for a call", str(name)) for p, name, n in rows
    )


def _notes(
    baseline: pd.DataFrame, robust: pd.DataFrame, het: pd.DataFrame, profile: str, keeps: tuple[float, ...]
) -> tuple[Note, ...]:
    n, literal, beyond = len(het), int(het[profile].sum()), int(het[ROBUST].sum())
    lost = int((het[profile].fillna(False) & ~het[ROBUST].fillna(True)).sum())
    kept = " or ".join(f"{p:g}" for p in sorted(set(keeps)))
    text = (
        f"{profile} calls {literal} of {n} baseline tumours HET as nuclei were counted; beyond what cut nuclei explain "
        f"(each signal kept with {kept}) it is {beyond}, and {lost} of the {literal} are not called by that rule."
    )
    notes = [Note("caution" if lost else "note", "Cut nuclei and the literal rule", text)]
    text = (
        "CAP2013 asks for contiguous populations counted apart, which no table of this study tells; it stays UNDEFINED."
    )
    notes.append(Note("note", "A definition that cannot be applied", text))
    own = baseline[(baseline["profile"] == profile) & (baseline["grade"] == Grade.UNCERTAIN.name)]
    if len(own):
        text = (
            f"In {len(own)} of {n} baseline tumours no class reaches a probability of 80 %: other nuclei, other call."
        )
        notes.append(Note("caution", "Uncertain calls", text))
    copies = robust[(robust["phase"] == "baseline") & (robust["by_copies_only"] > 0.5)]
    if len(copies):
        text = f"{len(copies)} baseline tumours consist mostly of nuclei with 6 or more copies at a ratio below 2."
        notes.append(
            Note("note", "Amplified by copies alone", f"{text} They are amplified by definition, not by the ratio.")
        )
    single = [c for c in robust.columns if c.startswith("call_keep_")]
    moved = int(robust[single].ne(robust["call"], axis=0).any(axis=1).sum())
    if moved:
        text = (
            f"How often signals are lost the study does not tell. {moved} of {len(robust)} tumours would be called "
            "otherwise at one of the chances alone."
        )
        notes.append(Note("note", "Calls that depend on p_keep", text))
    return tuple(notes)
