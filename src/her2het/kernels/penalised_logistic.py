"""Logistic regression with an elastic net penalty along a path of penalties, by coordinate descent."""

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import expit

from her2het.kernels.compile_options import INNER, KERNEL

Floats = NDArray[np.float64]
STEPS, SWEEPS = 60, 1000
TOLERANCE = 1e-7
RIDGE_SHARE = 0.05
"""The path of a ridge begins where an elastic net with this share of absolute values would have no coefficient."""
LEAST_WEIGHT = 1e-5


def penalties(design: Floats, response: Floats, share: float, count: int, span: float = 1e-3) -> Floats:
    """A falling geometric path of `count` penalties, from the smallest that leaves no coefficient to `span` of it.

    lambda_max = max |x_j'(y - mean y)| / (n max(share, .05)).
    """
    most = float(np.abs(design.T @ (response - response.mean())).max()) / len(response)
    first = max(most, 1e-6) / max(share, RIDGE_SHARE)
    return first * np.geomspace(1.0, span, count)


@njit(**INNER)
def _descend(x, y, penalty, share, tolerance, b0, b, eta):  # pragma: no cover (compiled)
    """Coefficients at one penalty, from a warm start; `b` and `eta` are changed in place, the intercept returned."""
    n, p = x.shape
    for _step in range(STEPS):
        weight = np.empty(n)
        residual = np.empty(n)
        total = 0.0
        for i in range(n):
            chance = 1.0 / (1.0 + np.exp(-eta[i]))
            weight[i] = max(chance * (1.0 - chance), LEAST_WEIGHT)
            residual[i] = (y[i] - chance) / weight[i]
            total += weight[i]
        spread = np.empty(p)
        for j in range(p):
            s = 0.0
            for i in range(n):
                s += weight[i] * x[i, j] * x[i, j]
            spread[j] = s / n
        moved_most = 0.0
        for _sweep in range(SWEEPS):
            most = 0.0
            d = 0.0
            for i in range(n):
                d += weight[i] * residual[i]
            d /= total
            if d != 0.0:
                b0 += d
                for i in range(n):
                    residual[i] -= d
                    eta[i] += d
                most = max(most, abs(d))
            for j in range(p):
                g = 0.0
                for i in range(n):
                    g += weight[i] * x[i, j] * residual[i]
                g = g / n + spread[j] * b[j]
                cut = penalty * share
                new = 0.0
                if g > cut:
                    new = (g - cut) / (spread[j] + penalty * (1.0 - share))
                elif g < -cut:
                    new = (g + cut) / (spread[j] + penalty * (1.0 - share))
                d = new - b[j]
                if d != 0.0:
                    b[j] = new
                    for i in range(n):
                        residual[i] -= d * x[i, j]
                        eta[i] += d * x[i, j]
                    most = max(most, abs(d))
            moved_most = max(moved_most, most)
            if most < tolerance:
                break
        if moved_most < 10 * tolerance:
            break
    return b0


@njit(**KERNEL)
def _path(x, y, path, share, tolerance, b0):  # pragma: no cover (compiled)
    n, p = x.shape
    found, b, eta = np.empty((len(path), p + 1)), np.empty(p), np.empty(n)
    for j in range(p):
        b[j] = 0.0
    for i in range(n):
        eta[i] = b0
    for k in range(len(path)):
        b0 = _descend(x, y, path[k], share, tolerance, b0, b, eta)
        found[k, 0] = b0
        for j in range(p):
            found[k, 1 + j] = b[j]
    return found


def penalised_path(
    design: Floats, response: Floats, path: Floats, share: float, tolerance: float = TOLERANCE
) -> Floats:
    """Coefficients at each penalty of a path: (penalties, 1 + columns), the intercept first.

    The minimum over b of -(1/n) sum(y_i eta_i - log(1 + exp(eta_i))) + lambda ((1 - share)/2 |b|^2 + share sum |b_j|),
    eta = b_0 + x'b; the intercept is not penalised; `share` 0 is a ridge, 1 a lasso. Columns are taken as they are:
    standardise them first. Each penalty starts from the answer of the one before; quadratic approximations of the
    likelihood are minimised by coordinate descent until no coefficient moves by `tolerance`.

    Raises ValueError for wrong shapes, a response that is constant or neither 0 nor 1, a share outside 0 to 1, or a
    penalty of 0 or below. Friedman, Hastie & Tibshirani 2010, doi:10.18637/jss.v033.i01.
    """
    x, y = np.asfortranarray(design, dtype=np.float64), np.asarray(response, dtype=np.float64)
    if x.ndim != 2 or y.shape != (len(x),):
        raise ValueError(f"a response of shape {y.shape} for a design of shape {x.shape}")
    if not np.isin(y, (0.0, 1.0)).all() or y.min() == y.max():
        raise ValueError("the response must hold both 0 and 1, and nothing else")
    if not 0 <= share <= 1 or not (np.asarray(path) > 0).all():
        raise ValueError(f"share {share:g} must lie in 0 to 1, and penalties above 0")
    mean = y.mean()
    start = float(np.log(mean / (1.0 - mean)))
    return _path(x, y, np.asarray(path, dtype=np.float64), float(share), float(tolerance), start)


def chances(coefficients: Floats, design: Floats) -> Floats:
    """P(y = 1) = 1/(1 + exp(-(b_0 + x'b))) of each row of a design; `coefficients` with the intercept first."""
    return np.asarray(expit(coefficients[0] + design @ coefficients[1:]), dtype=np.float64)
