"""Logistic regression with Firth's penalty: finite where an outcome never occurs in a group."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri, expit

from her2het.kernels.roots import brent_root

STEPS = 500
LONGEST = 5.0  # of a step, per coefficient


@dataclass(frozen=True)
class FirthFit:
    """Coefficients with Wald standard errors, the penalised log-likelihood, and whether the score came to 0."""

    coefficients: NDArray[np.float64]
    errors: NDArray[np.float64]
    log_likelihood: float
    converged: bool


@dataclass(frozen=True)
class Profile:
    """One coefficient: its profile limits, and p of the penalised likelihood ratio test that it is 0."""

    low: float
    high: float
    p: float


def firth_fit(
    design: NDArray[np.float64],
    response: NDArray[np.float64],
    *,
    start: NDArray[np.float64] | None = None,
    held: int | None = None,
) -> FirthFit:
    """Estimate b in P(y = 1) = 1/(1 + exp(-x'b)) by the mode of the likelihood times Jeffreys' prior.

    l*(b) = sum(y log p + (1 - y) log(1 - p)) + log det(I)/2 with I = X' diag(p (1 - p)) X; the score is
    X'(y - p + h (1/2 - p)), h the diagonal of the weighted hat matrix. Fisher scoring with step halving.

    `design`: units x coefficients (with its column of ones), `response`: 0 or 1; `held`: a coefficient kept at its
    value in `start` (the penalty still takes all columns, as logistf does). `converged` is False where 500 steps do not
    bring the largest score below 1e-8. Raises ValueError for wrong shapes, responses, or a design without full rank.
    Firth 1993, doi:10.1093/biomet/80.1.27; Heinze & Schemper 2002, doi:10.1002/sim.1047.
    """
    x, y = np.asarray(design, dtype=np.float64), np.asarray(response, dtype=np.float64)
    if x.ndim != 2 or y.shape != (len(x),):
        raise ValueError(f"a response of shape {y.shape} for a design of shape {x.shape}")
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("a response is neither 0 nor 1")
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError("the columns of the design depend on each other")
    b = np.zeros(x.shape[1]) if start is None else np.array(start, dtype=np.float64)
    free = np.array([j for j in range(x.shape[1]) if j != held])
    value, score, information = _state(x, y, b)
    if not math.isfinite(value):  # the start fixes outcomes so firmly that the information vanishes
        b[free] = 0.0
        value, score, information = _state(x, y, b)
    for _ in range(STEPS):
        if not len(free) or np.abs(score[free]).max() < 1e-8:
            break
        step = np.linalg.solve(information[np.ix_(free, free)], score[free])
        step *= min(1.0, LONGEST / float(np.abs(step).max()))
        for _halving in range(30):
            tried = b.copy()
            tried[free] += step
            new = _state(x, y, tried)
            if new[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
        else:
            break
        b, (value, score, information) = tried, new
    converged = math.isfinite(value) and (not len(free) or bool(np.abs(score[free]).max() < 1e-6))
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    return FirthFit(b, errors, value, converged)


def firth_profile(
    design: NDArray[np.float64], response: NDArray[np.float64], fit: FirthFit, which: int, level: float = 0.95
) -> Profile:
    """The values of a coefficient at which 2 (l* - max l* with it held) is the chi-square quantile of 1 df; and p at 0.

    Limits to 1e-8. Heinze & Schemper 2002, doi:10.1002/sim.1047.
    """
    x, y = np.asarray(design, dtype=np.float64), np.asarray(response, dtype=np.float64)
    quantile = float(chdtri(1, 1 - level))
    centre, error = float(fit.coefficients[which]), float(fit.errors[which])

    def drop(value: float) -> float:
        """Twice the loss of log-likelihood; the higher of two modes, as there may be several where events are rare."""
        held = np.arange(len(fit.coefficients)) == which
        starts = (np.where(held, value, fit.coefficients), np.where(held, value, 0.0))
        tops = [firth_fit(x, y, start=start, held=which).log_likelihood for start in starts]
        return 2 * (fit.log_likelihood - max(tops))

    def limit(direction: float) -> float:
        reach = error
        while drop(centre + direction * reach) < quantile:
            reach *= 1.6
            if reach > 1e4 * error:
                return direction * math.inf
        near, far = sorted((centre, centre + direction * reach))
        return brent_root(lambda v: direction * (drop(v) - quantile), near, far, 1e-8)

    low, high = limit(-1.0), limit(1.0)
    return Profile(low, high, float(chdtrc(1, max(0.0, drop(0.0)))))


def _state(
    x: NDArray[np.float64], y: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Penalised log-likelihood, its score, and the information, at b."""
    eta = x @ b
    p = expit(eta)
    weight = np.maximum(p * (1 - p), 1e-300)
    root = x * np.sqrt(weight)[:, None]
    information = root.T @ root
    sign, log_det = np.linalg.slogdet(information)
    if sign <= 0 or not math.isfinite(log_det):
        return -math.inf, np.zeros(len(b)), np.eye(len(b))
    hat = np.einsum("ij,ij->i", root, np.linalg.solve(information, root.T).T)
    value = float((y * eta - np.logaddexp(0.0, eta)).sum()) + 0.5 * float(log_det)
    return value, x.T @ (y - p + hat * (0.5 - p)), information
