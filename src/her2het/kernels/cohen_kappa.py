"""Agreement of two classifications of the same cases beyond chance."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri


@dataclass(frozen=True)
class Kappa:
    """Overall percent agreement (as a share), Cohen's kappa, its standard error and limits. NaN where undefined."""

    agreement: float
    kappa: float
    se: float
    low: float
    high: float


def cohen_kappa(table: ArrayLike, level: float = 0.95) -> Kappa:
    """Agreement and Cohen's kappa from a square table of counts, first classification in rows, second in columns.

    kappa = (Po - Pe) / (1 - Pe), Po = sum p_ii, Pe = sum p_i. p_.i for shares p of the cases. Standard error of Fleiss,
    Cohen and Everitt: N (1 - Pe)^2 SE^2 = sum p_ii (1 - (p_i. + p_.i)(1 - kappa))^2 + (1 - kappa)^2
    sum_{i<>j} p_ij (p_.i + p_j.)^2 - (kappa - Pe (1 - kappa))^2; limits kappa -+ z SE, within -1..1. Kappa is NaN
    where Pe = 1 (everything in one class), and depends on how frequent the classes are: read it with the agreement.
    ValueError unless the table is square, whole and not negative. Reference: doi:10.1037/h0028106.
    """
    counts = np.asarray(table)
    if (
        counts.ndim != 2
        or counts.shape[0] != counts.shape[1]
        or np.any(counts < 0)
        or np.any(counts != np.round(counts))
    ):
        raise ValueError("cohen_kappa: a square table of counts is required")
    n = float(counts.sum())
    if n == 0:
        return Kappa(*(math.nan,) * 5)
    p = counts / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float(np.trace(p)), float(rows @ columns)
    if expected >= 1:
        return Kappa(observed, *(math.nan,) * 4)
    kappa = (observed - expected) / (1 - expected)
    same = np.diag(p) * (1 - (rows + columns) * (1 - kappa)) ** 2
    other = p * (columns[:, None] + rows[None, :]) ** 2
    other[np.diag_indices_from(other)] = 0
    spread = same.sum() + (1 - kappa) ** 2 * other.sum() - (kappa - expected * (1 - kappa)) ** 2
    se = math.sqrt(max(float(spread), 0.0) / n) / (1 - expected)
    reach = float(ndtri(0.5 + level / 2)) * se
    return Kappa(observed, kappa, se, max(kappa - reach, -1.0), min(kappa + reach, 1.0))
