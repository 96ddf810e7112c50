"""Linear mixed models for several biopsies or regions per patient, from statsmodels, with failures explained."""

import importlib
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.kernels.tails import t_interval, t_two_sided
from her2het.stats.estimate import Estimate
from her2het.stats.patients import label_of, members
from her2het.stats.response import columns_of
from her2het.stats.units import PerPatient, PerRoi, PerSample

OPTIMISERS = ("lbfgs", "bfgs", "powell")
INSTEAD = "Compare patients' means (rank_sum) instead"


@dataclass(frozen=True)
class MixedFit:
    """Fixed effects with standard errors, variances between and within patients, and what went wrong, if anything."""

    effects: NDArray[np.float64]
    errors: NDArray[np.float64]
    between: float
    within: float
    trouble: str


def mixed_shift(
    values: PerSample | PerRoi,
    patient_of: pd.Series,
    groups: pd.Series,
    treated: str,
    control: str,
    *,
    adjust: tuple[PerPatient, ...] = (),
    level: float = 0.95,
    contrast: str = "",
) -> Estimate:
    """Estimate the difference of two groups of patients from all their samples, by a linear mixed model.

    y_ij = a + b treated_i + c' x_i + u_i + e_ij, u_i ~ N(0, s_u^2) for each patient, e_ij ~ N(0, s_e^2), by REML
    (statsmodels). Interval and p by t with (patients - coefficients) degrees of freedom: the contrast lies between
    patients. n counts patients. Standardised: b / sqrt(b^2 + 4 (s_u^2 + s_e^2)), the point-biserial correlation of
    equal groups. `patient_of` maps sample to patient, `groups` patient to label. It assumes normal errors and effects;
    where the fit does not converge there is no number and the remark says why and what to do instead.

    :raises TypeError: where values are not per sample or region
    :raises ValueError: where a sample belongs to no patient, or a patient has two groups
    Laird & Ware 1982, doi:10.2307/2529876.
    """
    known = _samples(values).known()
    owner = patient_of.reindex(known.index)
    if owner.isna().any():
        raise ValueError(f"{values.quantity}: {known.index[owner.isna().to_numpy()][0]!r} belongs to no patient")
    patients = pd.Index(owner.unique())
    one, other = members(label_of(groups, patients), (treated, control))
    kept = patients[one | other]
    design = pd.DataFrame({"ones": 1.0, "treated": one[one | other].astype(np.float64)}, index=kept)
    if adjust:
        terms = columns_of(adjust, kept)
        design = design.loc[terms.patients].join(pd.DataFrame(terms.design, index=terms.patients))
    inside = owner.isin(design.index).to_numpy()
    y, who = known.to_numpy(dtype=np.float64)[inside], owner[inside]
    x = design.loc[who].to_numpy(dtype=np.float64)
    n = (int((design["treated"] == 1).sum()), int((design["treated"] == 0).sum()))
    fit = _possible(n, len(y), x.shape[1]) or fit_mixed(y, x, who.to_numpy(dtype=object).astype(str))
    value, error, df = float(fit.effects[1]), float(fit.errors[1]), len(design) - x.shape[1]
    usable = math.isfinite(value) and error > 0
    low, high = t_interval(value, error, df, level) if usable else (math.nan, math.nan)
    spread = 4 * (fit.between + fit.within)
    standard = [v / math.sqrt(v * v + spread) if usable and spread > 0 else math.nan for v in (value, low, high)]
    return Estimate(
        contrast=contrast or f"{treated} − {control}",
        effect="adjusted difference" if adjust else "difference",
        unit=values.unit,
        value=value,
        low=low,
        high=high,
        n=n,
        method=f"linear mixed model, REML, {len(y)} {values.of}s",
        p=t_two_sided(value, error, df) if usable else math.nan,
        level=level,
        standard=standard[0],
        standard_low=standard[1],
        standard_high=standard[2],
        remark=fit.trouble,
        quantity=values.quantity,
        groups=(treated, control),
    )


def fit_mixed(y: NDArray[np.float64], x: NDArray[np.float64], patient: NDArray[np.str_]) -> MixedFit:
    """Fit y = x b + u_patient + e by REML, trying three optimisers; `trouble` says what a reader must know.

    `y`: samples; `x`: samples x coefficients, with its column of ones; `patient`: the patient of each sample.
    """
    library: Any = importlib.import_module("statsmodels.regression.mixed_linear_model")  # untyped, slow to import
    model: Any = library.MixedLM

    if np.linalg.matrix_rank(x) < x.shape[1]:
        return _nothing(
            x.shape[1], f"the groups or covariates say the same in these patients. Drop one of them. {INSTEAD}"
        )
    if np.ptp(y) == 0:
        return _nothing(x.shape[1], "all values are equal")
    if len(set(patient.tolist())) == len(y):
        return _nothing(x.shape[1], f"every patient has one sample: nothing to mix. {INSTEAD}")
    scale = float(y.std())
    ratio = np.array([[_start((y - y.mean()) / scale, x, patient)]])
    start: Any = library.MixedLMParams.from_components(fe_params=np.zeros(x.shape[1]), cov_re=ratio)
    said = ""
    for optimiser in OPTIMISERS:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                found: Any = model((y - y.mean()) / scale, x, groups=patient).fit(
                    start_params=start, method=optimiser, maxiter=500
                )
            except (np.linalg.LinAlgError, ValueError) as problem:
                said = f"{optimiser}: {problem}"
                continue
        between, within = float(np.asarray(found.cov_re)[0, 0]), float(found.scale)
        if found.converged and within > 0 and math.isfinite(between):
            effects, errors = _effects(y, x, patient, between / within)
            trouble = ""
            if between < 1e-6 * within:
                trouble = (
                    "no variance between patients beyond that of their samples was found: samples count as independent"
                )
            return MixedFit(effects, errors * math.sqrt(within) * scale, between * scale**2, within * scale**2, trouble)
        said = f"{optimiser}: {caught[-1].message if caught else 'no convergence'}"
    return _nothing(x.shape[1], f"the mixed model did not converge ({said.splitlines()[0]}). {INSTEAD}")


def _start(y: NDArray[np.float64], x: NDArray[np.float64], patient: NDArray[np.str_]) -> float:
    """About where s_u^2 / s_e^2 has the largest restricted likelihood: there the library's slow search begins.

    -2 log L = (n - p) log(y' W y) + log|V| + log|X' V^-1 X| + constant, with W y what generalised least squares leave.
    """
    table, sums, size = _summed(y, x, patient)

    def deviance(log_ratio: float) -> float:
        cross = _cross(table, sums, size, math.exp(log_ratio))
        left = cross[-1, -1] - cross[:-1, -1] @ np.linalg.solve(cross[:-1, :-1], cross[:-1, -1])
        volume = np.log1p(math.exp(log_ratio) * size).sum() + np.linalg.slogdet(cross[:-1, :-1])[1]
        return float((len(y) - x.shape[1]) * math.log(max(left, 1e-300)) + volume)

    search: Any = importlib.import_module("scipy.optimize").minimize_scalar  # untyped
    found = search(deviance, bounds=(-7.0, 7.0), method="bounded")
    ratio = math.exp(float(found.x))
    return ratio if ratio > 0.01 else 1.0  # near 0 the search from 1 finds the boundary, one from 0 stays


def _summed(
    y: NDArray[np.float64], x: NDArray[np.float64], patient: NDArray[np.str_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """X and y side by side, their sums by patient, and how many samples each patient has."""
    _, code, size = np.unique(patient, return_inverse=True, return_counts=True)
    table = np.column_stack([x, y])
    sums = np.zeros((len(size), table.shape[1]))
    np.add.at(sums, code, table)
    return table, sums, size.astype(np.int64)


def _cross(
    table: NDArray[np.float64], sums: NDArray[np.float64], size: NDArray[np.int64], ratio: float
) -> NDArray[np.float64]:
    """[X y]' V^-1 [X y] with V = I + ratio within a patient."""
    return table.T @ table - (sums * (ratio / (1 + ratio * size))[:, None]).T @ sums


def _effects(
    y: NDArray[np.float64], x: NDArray[np.float64], patient: NDArray[np.str_], ratio: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fixed effects (X'V^-1 X)^-1 X'V^-1 y and their errors over s_e; V = I + ratio within a patient."""
    cross = _cross(*_summed(y, x, patient), ratio)
    inverse = np.linalg.inv(cross[:-1, :-1])
    return inverse @ cross[:-1, -1], np.sqrt(np.diag(inverse))


def _samples(values: object) -> PerSample | PerRoi:
    if not isinstance(values, PerSample | PerRoi):
        raise TypeError(f"a mixed model needs PerSample or PerRoi, not {type(values).__name__}")
    return values


def _possible(n: tuple[int, int], samples: int, coefficients: int) -> MixedFit | None:
    if min(n) == 0:
        return _nothing(coefficients, "a group has no patients")
    if sum(n) <= coefficients or samples <= coefficients + 1:
        return _nothing(coefficients, f"{sum(n)} patients do not suffice for {coefficients} coefficients")
    return None


def _nothing(coefficients: int, trouble: str) -> MixedFit:
    empty = np.full(coefficients, math.nan)
    return MixedFit(empty, empty, math.nan, math.nan, trouble)
