"""What goes with pathological complete response before treatment: measurements one by one, and models of several."""

from dataclasses import dataclass

import pandas as pd

from her2het.stats.estimate import Estimate, Note


@dataclass(frozen=True, eq=False)
class ResponseFeatures:
    """How surely each measurement before treatment tells patients with pCR from those without.

    features: feature, source (clinic, IHC, FISH, RNA, study), kind (number, flag), unit, n_pcr, n_rest, missing, auc,
    low, high (as the Estimate), boot_low, boot_high (resampled patients), p, q, median_pcr, median_rest (shares for
    flags). values: feature, patient, group, pcr, value. `aucs` in the order of features; `within`: the same comparison
    within hormone receptor strata; `odds`: Firth odds ratios (per standard deviation, or yes against no) of the
    features named beforehand, adjusted for hormone receptor where known, and of flags with an empty cell.
    """

    features: pd.DataFrame
    values: pd.DataFrame
    aucs: tuple[Estimate, ...]
    within: tuple[Estimate, ...]
    odds: tuple[Estimate, ...]
    draws: int
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class ResponseModel:
    """Penalised models of pCR from nested sets of measurements, judged on patients that they did not see.

    models: model, features, auc, low, high (DeLong), boot_low, boot_high, lowest, highest (over repeats), apparent (in
    the patients it was fitted to), brier, scaled_brier, intercept, slope, penalty. predictions: model, patient, group,
    pcr, chance (mean over repeats), low, high (over repeats). curve: model, place, n, predicted (mean), observed, low,
    high (Wilson), by fifths of the chance. roc: model, false_positive, true_positive. coefficients: model, feature,
    source, coefficient (per standard deviation, model of all patients), low, high (middle 90 % over training sets),
    same_sign (share of training sets). `aucs` one per model; `differences`: each larger set less the one before;
    `slopes`: calibration slopes.
    """

    models: pd.DataFrame
    predictions: pd.DataFrame
    curve: pd.DataFrame
    roc: pd.DataFrame
    coefficients: pd.DataFrame
    aucs: tuple[Estimate, ...]
    differences: tuple[Estimate, ...]
    slopes: tuple[Estimate, ...]
    repeats: int
    folds: int
    labels: tuple[str, ...]
    control: str
    excluded: pd.DataFrame
    notes: tuple[Note, ...]
