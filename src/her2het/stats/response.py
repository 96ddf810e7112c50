"""What goes with a yes or no per patient (pCR, a shift): areas under the curve and penalised logistic regression."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.kernels.firth import firth_fit, firth_profile
from her2het.kernels.ranks import rank_sum_test
from her2het.kernels.superiority import logit_interval, superiority, superiority_covariance, superiority_interval
from her2het.kernels.tails import normal_interval, normal_p
from her2het.stats.estimate import Estimate
from her2het.stats.patients import need_patients, numbers
from her2het.stats.tables import zero_or_one
from her2het.stats.units import PerPatient

AucInterval = Literal["outer", "delong"]
INTERVALS = {"outer": "outer limits of DeLong and Newcombe", "delong": "DeLong, logit"}


def auc(
    marker: PerPatient,
    outcome: PerPatient,
    *,
    interval: AucInterval = "outer",
    level: float = 0.95,
    contrast: str = "",
) -> Estimate:
    """Estimate the area under the ROC curve: how surely a patient with the outcome has the higher value.

    theta = P(marker of a patient with > marker of one without) + P(equal)/2; never turned round: below .5 the marker
    points the other way. Interval: `delong` is DeLong's variance on the logit scale, normal; `outer` (the default)
    takes t and the outer limits of that and Newcombe's method 5, as DeLong's falls short where few patients have the
    outcome and the marker separates well. p of the rank-sum test (theta = .5), exact where that is. Standardised: 2
    theta - 1. n: with, without.

    :raises TypeError: where marker or outcome are not per patient
    :raises ValueError: where an outcome is neither 0 nor 1
    DeLong et al. 1988, doi:10.2307/2531595.
    """
    values, yes = _aligned(marker, outcome)
    with_it, without = values[yes], values[~yes]
    theta, test = superiority(with_it, without), rank_sum_test(with_it, without)
    low, high = (
        logit_interval(theta, level, normal=True) if interval == "delong" else superiority_interval(theta, level)
    )
    remark = ""
    if math.isnan(theta.value):
        remark = "no patient has the outcome" if not yes.any() else "all patients have the outcome"
    return Estimate(
        contrast=contrast or f"{marker.quantity} for {outcome.quantity}",
        effect="AUC",
        unit="",
        value=theta.value,
        low=low,
        high=high,
        n=theta.n,
        method=f"{INTERVALS[interval]}; rank-sum{', exact' if test.exact else ''}",
        p=test.p,
        level=level,
        standard=2 * theta.value - 1,
        standard_low=2 * low - 1,
        standard_high=2 * high - 1,
        remark=remark,
        quantity=marker.quantity,
    )


def compare_auc(
    first: PerPatient, second: PerPatient, outcome: PerPatient, *, level: float = 0.95, contrast: str = ""
) -> Estimate:
    """Estimate the difference of two markers' areas under the curve in the same patients, with DeLong's paired test.

    z = (A1 - A2) / sqrt(v1 + v2 - 2 c) over the patients that have both markers and the outcome; normal interval.
    Not a number where the variance of the difference is 0.

    :raises TypeError: where values are not per patient
    :raises ValueError: where an outcome is neither 0 nor 1
    DeLong et al. 1988, doi:10.2307/2531595.
    """
    one, other = numbers(first), numbers(second)
    shared = one.index[one.index.isin(other.index)]
    a, yes = _aligned(first.pick(shared), outcome)
    b, _ = _aligned(second.pick(shared), outcome)
    parts = ((a[yes], a[~yes]), (b[yes], b[~yes]))
    here, there = superiority(*parts[0]), superiority(*parts[1])
    variance = math.nan
    if min(int(yes.sum()), int((~yes).sum())) > 1:
        variance = here.variance + there.variance - 2 * superiority_covariance(*parts)
    value = here.value - there.value
    error = math.sqrt(variance) if variance > 1e-14 else math.nan
    low, high = normal_interval(value, error, level)
    return Estimate(
        contrast=contrast or f"{first.quantity} − {second.quantity} for {outcome.quantity}",
        effect="difference of AUC",
        unit="",
        value=value,
        low=low,
        high=high,
        n=here.n,
        method="DeLong, paired",
        p=normal_p(value, error),
        level=level,
        standard=value,
        standard_low=low,
        standard_high=high,
        remark="" if error > 0 else "the difference does not vary: too few patients, or markers that order them alike",
        quantity=first.quantity,
    )


@dataclass(frozen=True)
class Terms:
    """A design: its columns with a word for each, and the patients in rows."""

    design: NDArray[np.float64]
    names: tuple[str, ...]
    units: tuple[str, ...]
    patients: pd.Index


def logistic(outcome: PerPatient, terms: tuple[PerPatient, ...], *, level: float = 0.95) -> tuple[Estimate, ...]:
    """Estimate adjusted odds ratios of an outcome by logistic regression with Firth's penalty, one per coefficient.

    Finite also where an outcome never occurs in a group (as pCR in 0 of 14). Numbers enter as they are (odds ratio per
    unit), flags as 0 and 1, classes as one column per class against the first. Intervals are profiles of the penalised
    likelihood, p its ratio test. Patients that lack a value are left out; n: with the outcome, without. There is no
    standardised effect.

    :raises TypeError: where outcome or terms are not per patient
    :raises ValueError: where an outcome is neither 0 nor 1, there are no terms, or a term says what others say already
    Firth 1993, doi:10.1093/biomet/80.1.27; Heinze & Schemper 2002, doi:10.1002/sim.1047.
    """
    known = zero_or_one(need_patients(outcome))
    made = columns_of(terms, known.index)
    y = known.reindex(made.patients).to_numpy(dtype=np.float64)
    n = (int(y.sum()), int((1 - y).sum()))
    design = np.column_stack([np.ones(len(y)), made.design])
    possible = min(n) > 0 and len(y) > design.shape[1]
    fit = firth_fit(design, y) if possible else None
    told: list[Estimate] = []
    for j, (name, unit) in enumerate(zip(made.names, made.units, strict=True), 1):
        value, low, high, p = (math.nan,) * 4
        remark = (
            f"{n[0]} patients with the outcome and {n[1]} without do not suffice for {design.shape[1]} coefficients"
        )
        if fit is not None and fit.converged:
            profile = firth_profile(design, y, fit, j, level)
            value, low, high = (math.exp(v) for v in (float(fit.coefficients[j]), profile.low, profile.high))
            p, remark = profile.p, ""
        elif fit is not None:
            remark = "the fit did not converge: a term may be nearly the same as others, or of a very large scale"
        told.append(
            Estimate(
                contrast=f"{name} for {outcome.quantity}",
                effect="adjusted odds ratio" if design.shape[1] > 2 else "odds ratio",
                unit=unit,
                value=value,
                low=low,
                high=high,
                n=n,
                method="logistic, Firth; profile",
                p=p,
                level=level,
                remark=remark,
                quantity=name,
            )
        )
    return tuple(told)


def columns_of(terms: tuple[PerPatient, ...], patients: pd.Index) -> Terms:
    """Terms as columns of a design, without the column of ones, over the patients that have all of them.

    :raises TypeError: where a term is not per patient
    :raises ValueError: where there are no terms
    """
    if not terms:
        raise ValueError("a regression needs a term")
    for term in terms:
        known = need_patients(term).values.dropna().index
        patients = patients[patients.isin(known)]
    parts: list[NDArray[np.float64]] = []
    names: list[str] = []
    units: list[str] = []
    for term in terms:
        values = term.values.reindex(patients)
        if pd.api.types.is_numeric_dtype(values):
            parts.append(values.to_numpy(dtype=np.float64))
            names.append(term.quantity)
            units.append(f"per {term.unit}" if term.unit else "")
            continue
        categories = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else sorted(set(values))
        plain = values.astype(object)
        present = [c for c in categories if (plain == c).any()]
        for name in present[1:]:
            parts.append((plain == name).to_numpy(dtype=np.float64))
            names.append(f"{term.quantity} {name} against {present[0]}")
            units.append("")
    design = np.column_stack(parts) if parts else np.empty((len(patients), 0))
    return Terms(design, tuple(names), tuple(units), patients)


def _aligned(marker: PerPatient, outcome: PerPatient) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Marker and outcome of the patients that have both."""
    values, known = numbers(marker), zero_or_one(need_patients(outcome))
    shared = values.index[values.index.isin(known.index)]
    return values.reindex(shared).to_numpy(dtype=np.float64), known.reindex(shared).to_numpy() == 1
