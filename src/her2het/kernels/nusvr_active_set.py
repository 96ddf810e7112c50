"""The exact end of nu-support-vector regression: which dual variables are 0, 1 or between, and their values."""

import numpy as np
from numba import njit

ACCEPTED = 1e-7  # largest violation of the optimality conditions in an accepted solution, in units of y
EXCHANGES = 30  # changes of the active set that are tried before more interior point steps
MOST_FREE = 400  # beyond this a direct solution costs more than it gives


@njit(cache=True, nogil=True, error_model="numpy")
def solve_active_set(design, kernel, y, nu, a, z, t, w):
    """Solve for the free a with the others at 0 or 1, exchanging one a at a time until every condition holds.

    The conditions are those of libsvm's problem, whose inner products are rounded to single precision. Puts w in place
    and returns True where they hold to ACCEPTED.
    """
    q, n = design.shape[0] - 1, design.shape[1]
    place = np.zeros(2 * n, dtype=np.int8)  # -1 at 0, 1 at 1, 0 free
    value = a.copy()
    for i in range(2 * n):
        if a[i] < z[i]:
            place[i], value[i] = -1, 0.0
        elif 1 - a[i] < t[i]:
            place[i], value[i] = 1, 1.0
    weight, grad = np.empty(n), np.empty(2 * n)
    multiplier = np.empty(2)
    for _ in range(EXCHANGES):
        for i in range(n):
            weight[i] = (value[i] if place[i] else 0.0) - (value[n + i] if place[n + i] else 0.0)
        index = np.flatnonzero(place == 0)
        target, multiplier[0], multiplier[1] = _free_values(kernel, y, nu, place, weight, index)
        if len(target) != len(index):
            return False
        at = _move(value, index, target)
        if at >= 0:  # it met this bound on the way
            place[at] = 1 if value[at] > 0.5 else -1
            continue
        for i in range(n):
            weight[i] = value[i] - value[n + i]
            grad[i] = -y[i]
        for k in range(n):
            if weight[k] != 0.0:
                for i in range(n):
                    grad[i] += weight[k] * kernel[k, i]
        for i in range(n):
            grad[n + i] = -grad[i]
        if not _exchange(grad, place, multiplier):
            for j in range(q):
                w[j] = 0.0
                for i in range(n):
                    w[j] += weight[i] * design[j, i]
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _exchange(grad, place, multiplier):
    """Free the a whose condition fails most; False where all hold.

    At 0 the gradient plus its side's multiplier is not negative, at 1 not positive. A side without free a has no
    multiplier of its own (NaN): one must exist between the bounds that its a set, or the two a that exclude each other
    are freed.
    """
    n = len(grad) // 2
    worst, at = ACCEPTED, -1
    for side in range(2):
        low, high, at_low, at_high = -np.inf, np.inf, -1, -1
        for i in range(side * n, side * n + n):
            if place[i] == -1 and -grad[i] > low:
                low, at_low = -grad[i], i
            elif place[i] == 1 and -grad[i] < high:
                high, at_high = -grad[i], i
        own = multiplier[side]
        if np.isnan(own):
            if low - high > worst:
                place[at_low] = place[at_high] = 0
                return True
        elif max(low - own, own - high) > worst:
            worst, at = max(low - own, own - high), at_low if low - own > own - high else at_high
    if at >= 0:
        place[at] = 0
    return at >= 0


@njit(cache=True, nogil=True, error_model="numpy")
def _free_values(kernel, y, nu, place, weight, index):
    """The values of the free a at which their conditions and both sums hold, and both multipliers.

    A side without free a has the multiplier NaN. One value too many where there is no answer.
    """
    n, free = len(y), len(index)
    nothing = np.empty(free + 1)
    sides = np.zeros(2, dtype=np.int64)
    left = np.full(2, nu * n / 2)
    for i in range(2 * n):
        sides[i // n] += place[i] == 0
        left[i // n] -= place[i] == 1
    if free > MOST_FREE or (sides[0] == 0 and abs(left[0]) > 1e-9) or (sides[1] == 0 and abs(left[1]) > 1e-9):
        return nothing, 0.0, 0.0
    m, rhs = np.zeros((free + 2, free + 2)), np.empty(free + 2)
    for f in range(free):
        i, sign = index[f] % n, 1.0 if index[f] < n else -1.0
        for g in range(free):
            m[f, g] = sign * (1.0 if index[g] < n else -1.0) * kernel[i, index[g] % n]
        inner = 0.0
        for k in range(n):
            inner += kernel[i, k] * weight[k]
        rhs[f] = sign * (y[i] - inner)
        m[f, free + index[f] // n] = m[free + index[f] // n, f] = 1.0
    for side in range(2):
        rhs[free + side] = left[side]
        if not sides[side]:
            m[free + side, free + side] = 1.0
    if not _eliminate(m, rhs):
        return nothing, 0.0, 0.0
    return rhs[:free], rhs[free] if sides[0] else np.nan, rhs[free + 1] if sides[1] else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _move(value, index, target):
    """Move the free a towards their targets until the first meets a bound; returns which, or -1 for none."""
    ahead, first = 1.0, -1
    for f in range(len(index)):
        now, then = value[index[f]], target[f]
        if then < 0 and now < ahead * (now - then):
            ahead, first = now / (now - then), index[f]
        elif then > 1 and 1 - now < ahead * (then - now):
            ahead, first = (1 - now) / (then - now), index[f]
    for f in range(len(index)):
        value[index[f]] += ahead * (target[f] - value[index[f]])
    if first >= 0:
        value[first] = 1.0 if value[first] > 0.5 else 0.0
    return first


@njit(cache=True, nogil=True, error_model="numpy")
def _eliminate(m, rhs):
    """Gaussian elimination with row pivots, the answer in `rhs`; False where the system is singular."""
    n = len(rhs)
    for k in range(n):
        pivot = k
        for i in range(k + 1, n):
            if abs(m[i, k]) > abs(m[pivot, k]):
                pivot = i
        if not abs(m[pivot, k]) > 1e-14:
            return False
        if pivot != k:
            for j in range(k, n):
                m[k, j], m[pivot, j] = m[pivot, j], m[k, j]
            rhs[k], rhs[pivot] = rhs[pivot], rhs[k]
        for i in range(k + 1, n):
            factor = m[i, k] / m[k, k]
            if factor != 0.0:
                for j in range(k + 1, n):
                    m[i, j] -= factor * m[k, j]
                rhs[i] -= factor * rhs[k]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            rhs[i] -= m[i, j] * rhs[j]
        rhs[i] /= m[i, i]
    return True
