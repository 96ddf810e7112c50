"""The exact end of nu-support-vector regression: which dual variables are 0, 1 or between, and their values."""

import numpy as np
from numba import njit

from her2het.kernels.compile_options import INNER, LEAF

ACCEPTED = 1e-7  # largest violation of the optimality conditions in an accepted solution, in units of y
EXCHANGES = 30  # changes of the active set that are tried before more interior point steps
MOST_FREE = 400  # beyond this a direct solution costs more than it gives


@njit(**INNER)
def solve_active_set(design, kernel, y, nu, a, z, t, w):
    """Solve for the free a with the others at 0 or 1, exchanging one a at a time until every condition holds.

    The conditions are those of libsvm's problem, whose inner products are rounded to single precision. Puts w in place
    and returns True where they hold to ACCEPTED.
    """
    q, n = design.shape[0] - 1, design.shape[1]
    place, index = np.empty(2 * n, np.int64), np.empty(2 * n, np.int64)  # place: -1 at 0, 1 at 1, 0 free
    value = np.empty(2 * n)
    for i in range(2 * n):
        place[i], value[i] = 0, a[i]
        if a[i] < z[i]:
            place[i], value[i] = -1, 0.0
        elif 1 - a[i] < t[i]:
            place[i], value[i] = 1, 1.0
    weight, grad = np.empty(n), np.empty(2 * n)
    multiplier = np.empty(2)
    for _ in range(EXCHANGES):
        for i in range(n):
            weight[i] = (value[i] if place[i] else 0.0) - (value[n + i] if place[n + i] else 0.0)
        free = 0
        for i in range(2 * n):
            if place[i] == 0:
                index[free] = i
                free += 1
        if free > MOST_FREE:
            return False
        target = np.empty(free + 2)
        if not _free_values(kernel, y, nu, place, weight, index, target, multiplier):
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


@njit(**LEAF)
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


@njit(**INNER)
def _free_values(kernel, y, nu, place, weight, index, rhs, multiplier):
    """Put the values of the free a at which their conditions and both sums hold into `rhs`, and both multipliers.

    A side without free a has the multiplier NaN. False where there is no answer.
    """
    n, free = len(y), len(rhs) - 2
    m = np.empty((free + 2, free + 2))
    for f in range(free + 2):
        for g in range(free + 2):
            m[f, g] = 0.0
    for side in range(2):
        own, left = 0, nu * n / 2
        for i in range(side * n, side * n + n):
            own += place[i] == 0
            left -= place[i] == 1
        if own == 0 and abs(left) > 1e-9:
            return False
        rhs[free + side], multiplier[side] = left, own
        if own == 0:
            m[free + side, free + side] = 1.0
    for f in range(free):
        i, sign = index[f] % n, 1.0 if index[f] < n else -1.0
        for g in range(free):
            m[f, g] = sign * (1.0 if index[g] < n else -1.0) * kernel[i, index[g] % n]
        inner = 0.0
        for k in range(n):
            inner += kernel[i, k] * weight[k]
        rhs[f] = sign * (y[i] - inner)
        m[f, free + index[f] // n] = m[free + index[f] // n, f] = 1.0
    if not _eliminate(m, rhs):
        return False
    for side in range(2):
        multiplier[side] = rhs[free + side] if multiplier[side] > 0 else np.nan
    return True


@njit(**LEAF)
def _move(value, index, target):
    """Move the free a towards their targets until the first meets a bound; returns which, or -1 for none."""
    ahead, first = 1.0, -1
    free = len(target) - 2
    for f in range(free):
        now, then = value[index[f]], target[f]
        if then < 0 and now < ahead * (now - then):
            ahead, first = now / (now - then), index[f]
        elif then > 1 and 1 - now < ahead * (then - now):
            ahead, first = (1 - now) / (then - now), index[f]
    for f in range(free):
        value[index[f]] += ahead * (target[f] - value[index[f]])
    if first >= 0:
        value[first] = 1.0 if value[first] > 0.5 else 0.0
    return first


@njit(**LEAF)
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
