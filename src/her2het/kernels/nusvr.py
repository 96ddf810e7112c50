"""Linear nu-support-vector regression of many responses on one set of features, solved exactly."""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from her2het.kernels.compile_options import KERNEL, LEAF
from her2het.kernels.nusvr_active_set import solve_active_set
from her2het.kernels.threads import over_chunks

RESPONSES_PER_CHUNK = 4
STEPS = 80
FIRST_TRY = 1e-7  # complementarity at which the active set is first tried
LAST = 1e-14
ORDER_FREE = {"reassoc", "nsz", "contract", "arcp"}  # sums as SIMD lanes: fixed by the compiler, not by threads
LANES = {"reassoc", "nsz", "contract", "arcp", "nnan"}  # also for maxima


def nu_svr_linear(
    features: NDArray[np.float64], responses: NDArray[np.float64], nu: NDArray[np.float64]
) -> NDArray[Any]:
    """Fit y = Xw + b by nu-support-vector regression and return w for each response and each nu.

    Minimises |w|^2 / 2 + C (nu n e + sum of the excess of |y_i - x_i w - b| over e), C = 1, through its dual: over
    0 <= a_i, a*_i <= C with sum(a - a*) = 0 and sum(a + a*) = C nu n, minimise |w|^2 / 2 - y'(a - a*), where
    w = sum (a_i - a*_i) x_i. A primal-dual interior point method finds which a are 0, C or between; the equations of
    that active set are then solved directly and the optimality conditions checked, so the answer has no tolerance of
    its own (libsvm's default of 1e-3 moves cell fractions by up to 0.0024).

    `features`: n x q; `responses`: m x n; `nu`: k values in (0, 1]. Returns m x k x q. Nothing is scaled here. A
    response does not influence another's answer, nor does the number of threads.
    Raises ValueError for wrong shapes, values that are not finite, or nu outside (0, 1].
    Schoelkopf et al. 2000, doi:10.1162/089976600300015565; Chang & Lin 2002, doi:10.1162/089976602760128081.
    """
    x = np.ascontiguousarray(features, dtype=np.float64)
    y = np.ascontiguousarray(responses, dtype=np.float64)
    shares = np.ascontiguousarray(nu, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or y.shape[1] != x.shape[0] or x.shape[0] < 2 or x.shape[1] < 1:
        raise ValueError(f"features of shape {x.shape} and responses of shape {y.shape} do not fit together")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("features or responses are not finite")
    if not ((shares > 0) & (shares <= 1)).all():
        raise ValueError("nu lies outside (0, 1]")
    design = np.ascontiguousarray(np.vstack([x.T, np.ones(len(x))]))  # vstack alone keeps the order of x.T
    kernel = (x @ x.T).astype(np.float32).astype(np.float64)  # libsvm keeps inner products in single precision
    out = np.empty((len(y), len(shares), x.shape[1]))

    def solve(start: int, stop: int) -> None:
        for i in range(start, stop):
            for k, share in enumerate(shares):
                _interior_point(design, kernel, y[i], share, out[i, k])

    over_chunks(solve, len(y), RESPONSES_PER_CHUNK)
    return out


@njit(**KERNEL)
def _interior_point(design, kernel, y, nu, w):
    """Mehrotra's predictor and corrector on the dual, a and a* in one vector of 2n. Leaves the answer in `w`.

    Variables: a and 1 - a positive with multipliers z and t; each side sums to nu n / 2, with multipliers u and v.
    Every step needs one (q + 2)-square Cholesky factor of diag(1,…,1,0,0) + sum of p h h', h = (x_i, 1, 0) for a and
    (-x_i, 0, 1) for a*. Returns whether the active set was solved exactly.
    """
    q, n = design.shape[0] - 1, design.shape[1]
    a, z, t, p, r = np.empty(2 * n), np.empty(2 * n), np.empty(2 * n), np.empty(2 * n), np.empty(2 * n)
    grad, da, dz, dt = np.empty(2 * n), np.empty(2 * n), np.empty(2 * n), np.empty(2 * n)
    fit, weight = np.empty(n), np.empty(n)
    system, step = np.empty((q + 2, q + 2)), np.empty(q + 2)
    for i in range(n):
        a[i] = a[n + i] = nu / 2
        z[i] = t[n + i] = max(-y[i], 0.0) + 1
        t[i] = z[n + i] = max(y[i], 0.0) + 1
    u = v = 0.0
    near = FIRST_TRY
    for _ in range(STEPS):
        _project(design, a, weight, fit, w)
        gap, worst, above, below = _residuals(a, z, t, fit, y, u, v, grad)
        mu = gap / (4 * n)
        if mu < near and worst < near * 1e4:
            if solve_active_set(design, kernel, y, nu, a, z, t, w):
                return True
            near *= 0.1
        if mu < LAST:
            return False
        _precision(a, z, t, grad, p, r)
        _normal_equations(design, p, weight, fit, system)
        _cholesky(system)
        _direction(design, system, p, r, nu * n / 2 - above, nu * n / 2 - below, step, fit, da)
        _follow(a, z, t, da, dz, dt)
        reached = _gap_ahead(a, z, t, da, dz, dt, min(1.0, _room(a, z, t, da, dz, dt)))
        centre = (reached / (4 * n) / mu) ** 3 * mu
        _correct(a, grad, da, centre, dz, dt, r)
        _direction(design, system, p, r, nu * n / 2 - above, nu * n / 2 - below, step, fit, da)
        _follow_corrected(a, z, t, da, dz, dt)
        ahead = min(1.0, 0.995 * _room(a, z, t, da, dz, dt))
        total = 0.0
        for j in range(q + 2):
            total += step[j]
        if not (ahead > 1e-10 and math.isfinite(total)):
            return False  # no further progress in these digits: w is the last good answer
        for i in range(2 * n):
            a[i] += ahead * da[i]
            z[i] += ahead * dz[i]
            t[i] += ahead * dt[i]
        u += ahead * step[q]
        v += ahead * step[q + 1]
    return False


@njit(**LEAF, fastmath=ORDER_FREE)
def _project(design, a, weight, fit, w):
    """w = sum (a - a*) x and fit = Xw."""
    q, n = design.shape[0] - 1, design.shape[1]
    for i in range(n):
        weight[i] = a[i] - a[n + i]
        fit[i] = 0.0
    for j in range(q):
        total = 0.0
        for i in range(n):
            total += design[j, i] * weight[i]
        w[j] = total
        for i in range(n):
            fit[i] += total * design[j, i]


@njit(**LEAF, fastmath=LANES)
def _residuals(a, z, t, fit, y, u, v, grad):
    """The gradient of the Lagrangian without z and t; the gap, the worst dual residual, and the sums of both sides."""
    n = len(y)
    for i in range(n):
        grad[i] = fit[i] - y[i] + u
        grad[n + i] = y[i] - fit[i] + v
    gap = worst = above = below = 0.0
    for i in range(2 * n):
        gap += a[i] * z[i] + (1 - a[i]) * t[i]
        worst = max(worst, abs(grad[i] - z[i] + t[i]))
    for i in range(n):
        above += a[i]
        below += a[n + i]
    return gap, worst, above, below


@njit(**LEAF, fastmath=ORDER_FREE)
def _precision(a, z, t, grad, p, r):
    for i in range(len(a)):
        p[i] = 1 / (z[i] / a[i] + t[i] / (1 - a[i]))
        r[i] = -grad[i]


@njit(**LEAF, fastmath=ORDER_FREE)
def _follow(a, z, t, da, dz, dt):
    for i in range(len(a)):
        dz[i] = -z[i] - z[i] / a[i] * da[i]
        dt[i] = -t[i] + t[i] / (1 - a[i]) * da[i]


@njit(**LEAF, fastmath=ORDER_FREE)
def _correct(a, grad, da, centre, dz, dt, r):
    """Second-order right sides: dz and dt are left holding the complementarity targets."""
    for i in range(len(a)):
        dz[i] = centre - da[i] * dz[i]
        dt[i] = centre + da[i] * dt[i]
        r[i] = -grad[i] + dz[i] / a[i] - dt[i] / (1 - a[i])


@njit(**LEAF, fastmath=ORDER_FREE)
def _follow_corrected(a, z, t, da, dz, dt):
    for i in range(len(a)):
        dz[i] = (dz[i] - z[i] * da[i]) / a[i] - z[i]
        dt[i] = (dt[i] + t[i] * da[i]) / (1 - a[i]) - t[i]


@njit(**LEAF, fastmath=LANES)
def _room(a, z, t, da, dz, dt):
    """The longest step that keeps a, 1 - a, z and t from falling below 0."""
    steepest = 1e-300
    for i in range(len(a)):
        primal = max(-da[i] / a[i], da[i] / (1 - a[i]))
        dual = max(-dz[i] / z[i], -dt[i] / t[i])
        steepest = max(steepest, primal, dual)
    return 1 / steepest


@njit(**LEAF, fastmath=ORDER_FREE)
def _gap_ahead(a, z, t, da, dz, dt, ahead):
    gap = 0.0
    for i in range(len(a)):
        low = a[i] + ahead * da[i]
        gap += low * (z[i] + ahead * dz[i]) + (1 - low) * (t[i] + ahead * dt[i])
    return gap


@njit(**LEAF, fastmath=ORDER_FREE)
def _normal_equations(design, p, weight, work, system):
    """Lower triangle of diag(1,…,1,0,0) + sum of p h h'; the last row of `design` is ones."""
    last, n = design.shape
    for i in range(n):
        weight[i] = p[i] + p[n + i]
    for j in range(last):
        above = below = 0.0
        for i in range(n):
            work[i] = design[j, i] * weight[i]
            above += design[j, i] * p[i]
            below += design[j, i] * p[n + i]
        system[last - 1, j] = above
        system[last, j] = -below
        if j < last - 1:
            for k in range(j + 1):
                inner = 0.0
                for i in range(n):
                    inner += work[i] * design[k, i]
                system[j, k] = inner
            system[j, j] += 1.0
        else:
            system[last, last], system[last, j] = below, 0.0


@njit(**LEAF)
def _cholesky(m):
    for j in range(len(m)):
        for k in range(j):
            m[j, j] -= m[j, k] * m[j, k]
        m[j, j] = math.sqrt(max(m[j, j], 1e-300))
        for i in range(j + 1, len(m)):
            for k in range(j):
                m[i, j] -= m[i, k] * m[j, k]
            m[i, j] /= m[j, j]


@njit(**LEAF, fastmath=ORDER_FREE)
def _direction(design, factor, p, r, above_left, below_left, step, work, da):
    """Solve for the change of (w, u, v) in `step` and of a, a* in `da`: p (r - x dw - du) and p (r + x dw - dv)."""
    last, n = design.shape
    above = below = 0.0
    for i in range(n):
        work[i] = p[i] * r[i] - p[n + i] * r[n + i]
        above += p[i] * r[i]
        below += p[n + i] * r[n + i]
    for j in range(last - 1):
        inner = 0.0
        for i in range(n):
            inner += design[j, i] * work[i]
        step[j] = inner
    step[last - 1], step[last] = above - above_left, below - below_left
    for i in range(last + 1):
        for k in range(i):
            step[i] -= factor[i, k] * step[k]
        step[i] /= factor[i, i]
    for i in range(last, -1, -1):
        for k in range(i + 1, last + 1):
            step[i] -= factor[k, i] * step[k]
        step[i] /= factor[i, i]
    for i in range(n):
        work[i] = 0.0
    for j in range(last - 1):
        for i in range(n):
            work[i] += step[j] * design[j, i]
    for i in range(n):
        da[i] = p[i] * (r[i] - work[i] - step[last - 1])
        da[n + i] = p[n + i] * (r[n + i] + work[i] - step[last])
