"""HER2 status by guideline, heterogeneity by definition, diversity, spatial pattern, and traced cases."""

from dataclasses import dataclass

import pandas as pd

from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class Her2Status:
    """HER2 status of each specimen and patient under each version of the guideline.

    samples: sample, patient, phase, nuclei, areas, ratio, ratio_low, ratio_high, copies, copies_low, copies_high,
    score_given (the study's own IHC score), inputs_sha256. verdicts: sample, version, status, comment, ihc_score,
    ish_category, ish_group, stratum, basis, reason, flags (codes), next, missing, ruleset. steps: sample, version,
    step, part (IHC, ISH, recount, status), observed, rule, outcome, level (plain, caution, stop), reference. flags:
    sample, version, code, text. patients: patient, phase, group, sample (the one that decides), samples, differ
    (whether statuses of its samples differ), ihc_score, ish_group, ratio and copies of that sample with their limits,
    nuclei, status_2007 ... status_2023, stratum, comment, reason, flags, next. matrix: baseline patients by status
    under 2007 (rows) and 2023 (columns). moved: patient, sample, before, after, reason_before, reason_after. by_group:
    what, level, a column of patients per group, all.
    """

    samples: pd.DataFrame
    verdicts: pd.DataFrame
    steps: pd.DataFrame
    flags: pd.DataFrame
    patients: pd.DataFrame
    matrix: pd.DataFrame
    moved: pd.DataFrame
    by_group: pd.DataFrame
    versions: tuple[str, ...]
    ratio_cut: float
    copies_cuts: tuple[float, float]
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class HetProfiles:
    """Heterogeneity of each patient's tumour under each published definition, and beyond what cut nuclei explain.

    calls: patient, phase, profile, nuclei, scored, amplified, ratio_driven, copy_driven, fraction, low, high (areas
    may differ), low_naive, high_naive (independent nuclei), p_low, p_het, p_high (posterior), grade, call, het, areas,
    areas_het, areas_amplified, areas_negative (by FISH; areas with enough nuclei), lowest, highest (area fractions),
    flags.

    areas: patient, phase, profile, sample, area, nuclei, scored, amplified, fraction, low, high, call.

    robust: patient, phase, nuclei, literal, share (truly amplified), low, high, by_ratio_only, by_copies_only, by_both,
    modal_her2, modal_cep17, modal_weight, null_fraction, p_truncation, call_literal, call, certain (the interval lies
    within one class), limits and call over all of p_keep and p_keep_range; share_keep_<p> and call_keep_<p> at one of
    them alone.

    pairs: patient, phase, erbb2, cep17, nuclei, p_amplified (that a nucleus with these signals is truly amplified;
    missing where a probe shows none).

    regional: patient, phase, areas, lowest, highest, rho, deff, p, q (areas of one fraction).

    agreement: first, second, n, both, only_first, only_second, neither, agreement, kappa, kappa_low, kappa_high (HET or
    not, baseline patients). `profile` is the definition behind the robust rule.
    """

    calls: pd.DataFrame
    areas: pd.DataFrame
    robust: pd.DataFrame
    pairs: pd.DataFrame
    regional: pd.DataFrame
    agreement: pd.DataFrame
    estimates: tuple[Estimate, ...]
    profiles: tuple[str, ...]
    profile: str
    fraction_limits: tuple[float, float]
    p_keep: float
    p_keep_range: tuple[float, ...]
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class FishDiversity:
    """Diversity of the (ERBB2, CEP17) pairs of nuclei, by sample and patient; by group; before against after treatment.

    samples, patients: sample or patient, phase, nuclei, species, shannon, equitability (over ln species),
    equitability_cells (over ln nuclei), gini_simpson, gini_simpson_unbiased, inverse_simpson, exp_shannon,
    miller_madow, chao_shen, chao1, chao1_corrected, rao_log_ratio, rao_signals, two_state, rarefied_to,
    rarefied_equitability, rarefied_equitability_sd, rarefied_shannon, rarefied_shannon_sd, rarefied_species,
    null_equitability, z_equitability, null_shannon, z_shannon, capped (nuclei set to the cap), flags. values: score,
    patient, group, value. boxes: quantity (the score), group, n, q1, median, q3, low, high. pairs: score, patient,
    het_before (HET, non-HET), before, after. `comparisons` are between groups at baseline, `changes` within patients.
    """

    samples: pd.DataFrame
    patients: pd.DataFrame
    values: pd.DataFrame
    boxes: pd.DataFrame
    comparisons: tuple[Estimate, ...]
    pairs: pd.DataFrame
    changes: tuple[Estimate, ...]
    unit: str
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class TracedCases:
    """A few patients, rule by rule: how status and heterogeneity were reached.

    cases: patient, sample, group, why, guideline, status, comment, comment_text, reason, next, missing, call, grade,
    robust. statuses: patient, version, status, words. steps: patient, step, part, observed, rule, outcome, level,
    reference. flags: patient, code, text. plane: patient, ratio, ratio_low, ratio_high, copies, copies_low,
    copies_high, case (whether it is traced). nuclei: patient, cep17, erbb2, nuclei, amplified (missing where the rule
    has no answer). areas: patient, area, nuclei (scored), amplified, fraction, low, high; the last row of a patient
    pools them. `cell_rule`: ratio and copies from which a nucleus is amplified.
    """

    cases: pd.DataFrame
    statuses: pd.DataFrame
    steps: pd.DataFrame
    flags: pd.DataFrame
    plane: pd.DataFrame
    nuclei: pd.DataFrame
    areas: pd.DataFrame
    profile: str
    fraction_limits: tuple[float, float]
    cell_rule: tuple[float, float]
    ratio_cut: float
    copies_cuts: tuple[float, float]
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class SpatialPatterns:
    """How amplified nuclei lie among the others, from their positions.

    samples, patients: sample or patient, phase, nuclei (with positions), areas, fraction_positive, minority_fraction,
    minority_positive (whether amplified nuclei are the fewer), components (connected groups of minority nuclei),
    largest (nuclei of the largest), joined (share of the minority that lies in the largest group of its area), both,
    mixed, neither (neighbouring pairs), moran, moran_null, p, q (over tumours of a phase), pattern. by_group: pattern,
    a column of baseline patients per group, all, of those in which amplified nuclei are the fewer. shown: patient,
    phase, pattern of the tumours on the maps. nuclei: patient, sample, area, x, y (um), positive, of those.
    """

    samples: pd.DataFrame
    patients: pd.DataFrame
    by_group: pd.DataFrame
    shown: pd.DataFrame
    nuclei: pd.DataFrame
    rule: str
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
