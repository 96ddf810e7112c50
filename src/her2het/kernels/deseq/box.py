"""Minimising a smooth function within bounds by limited-memory quasi-Newton steps (L-BFGS-B of 1995).

The steps are those of Byrd, Lu, Nocedal & Zhu 1995 (doi:10.1137/0916069): generalised Cauchy point, minimum over the
free variables cut back to the bounds, and the line search of Moré & Thuente 1994 (doi:10.1145/192115.192132). For the
few variables here the Hessian approximation is a dense matrix. Later versions of the method project the subspace step
instead of cutting it back: in flat directions they end elsewhere, which is why this is not scipy's.

These functions run as they are for few searches, and compiled for many: compiling them takes longer than few searches.
"""

import math

import numpy as np
from numba.extending import register_jitable

PAIRS = 5
BODY = {"error_model": "numpy"}
EPS = 2.220446049250313e-16


@register_jitable(**BODY)
def hessian(steps, changes, kept, theta, b, work):
    """BFGS matrix of the kept pairs on top of theta times the identity, into b."""
    n = len(b)
    for i in range(n):
        for j in range(n):
            b[i, j] = theta if i == j else 0.0
    for k in range(kept):
        sbs = 0.0
        sy = 0.0
        for i in range(n):
            t = 0.0
            for j in range(n):
                t += b[i, j] * steps[k, j]
            work[i] = t
            sbs += t * steps[k, i]
            sy += steps[k, i] * changes[k, i]
        for i in range(n):
            for j in range(n):
                b[i, j] += changes[k, i] * changes[k, j] / sy - work[i] * work[j] / sbs


@register_jitable(**BODY)
def cauchy_point(x, g, b, theta, low, high, z, d, t):
    """First minimum of the quadratic model along the projected steepest descent, into z; d and t are room."""
    n = len(x)
    slope = 0.0
    left = 0
    for i in range(n):
        z[i] = x[i]
        d[i] = -g[i]
        if (x[i] <= low[i] and g[i] >= 0) or (x[i] >= high[i] and g[i] <= 0):
            d[i] = 0.0
        t[i] = np.inf
        if d[i] != 0.0:
            t[i] = ((high[i] if d[i] > 0 else low[i]) - x[i]) / d[i]
            left += 1
        slope -= d[i] * d[i]
    flattest = -EPS * theta * slope
    done = 0.0
    while left > 0:
        bend = 0.0
        for i in range(n):
            for j in range(n):
                bend += d[i] * b[i, j] * d[j]
        if done > 0:
            bend = max(bend, flattest)
            slope = 0.0
            for i in range(n):
                s = g[i]
                for j in range(n):
                    s += b[i, j] * (z[j] - x[j])
                slope += d[i] * s
        first = -1
        for i in range(n):
            if d[i] != 0.0 and (first < 0 or t[i] < t[first]):
                first = i
        ahead = -slope / bend
        if ahead < t[first] - done:
            ahead = max(ahead, 0.0)
            for i in range(n):
                if d[i] != 0.0:
                    z[i] = x[i] + (done + ahead) * d[i]
            return
        done = t[first]
        for i in range(n):
            if d[i] != 0.0:
                z[i] = x[i] + done * d[i]
        z[first] = high[first] if d[first] > 0 else low[first]
        d[first] = 0.0
        left -= 1


@register_jitable(**BODY)
def subspace_point(x, g, b, low, high, z, d, free, a):
    """Move z to the minimum of the model over its free variables, cut back to the bounds; False where that fails."""
    n = len(x)
    m = 0
    for i in range(n):
        if low[i] < z[i] < high[i]:
            free[m] = i
            m += 1
    for k in range(m):
        i = free[k]
        r = -g[i]
        for j in range(n):
            r -= b[i, j] * (z[j] - x[j])
        d[k] = r
        for j in range(m):
            a[k, j] = b[i, free[j]]
    for j in range(m):
        for i in range(j, m):
            s = a[i, j]
            for k in range(j):
                s -= a[i, k] * a[j, k]
            if i == j:
                if not s > 0:
                    return False
                a[i, j] = math.sqrt(s)
            else:
                a[i, j] = s / a[j, j]
        s = d[j]
        for k in range(j):
            s -= a[j, k] * d[k]
        d[j] = s / a[j, j]
    for j in range(m - 1, -1, -1):
        s = d[j]
        for k in range(j + 1, m):
            s -= a[k, j] * d[k]
        d[j] = s / a[j, j]
    alpha = 1.0
    stopped = -1
    for k in range(m):
        i = free[k]
        room = alpha
        if d[k] != 0.0:
            edge = (low[i] if d[k] < 0 else high[i]) - z[i]
            if edge * d[k] <= 0:
                room = 0.0
            elif abs(d[k]) * alpha > abs(edge):
                room = edge / d[k]
        if room < alpha:
            alpha = room
            stopped = k
    for k in range(m):
        i = free[k]
        if alpha < 1 and k == stopped:
            z[i] = high[i] if d[k] > 0 else low[i]
        else:
            z[i] += alpha * d[k]
    return True


@register_jitable(**BODY)
def better_step(s, lowest, highest):
    """Next trial of the line search and the interval around it (Moré & Thuente's four cases).

    s holds best step, its value and slope, the interval's other end, its value and slope, the trial, its value and
    slope, and whether the minimum is bracketed; all updated.
    """
    stx, fx, dx, sty, fy, dy, stp, fp, dp = s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]
    sign = dp * (dx / abs(dx))
    theta = 3 * (fx - fp) / (stp - stx) + dx + dp
    big = max(abs(theta), abs(dx), abs(dp))
    gamma = big * math.sqrt(max(0.0, (theta / big) ** 2 - (dx / big) * (dp / big)))
    if fp > fx:
        if stp < stx:
            gamma = -gamma
        r = ((gamma - dx) + theta) / (((gamma - dx) + gamma) + dp)
        cubic = stx + r * (stp - stx)
        square = stx + ((dx / ((fx - fp) / (stp - stx) + dx)) / 2) * (stp - stx)
        new = cubic if abs(cubic - stx) < abs(square - stx) else cubic + (square - cubic) / 2
        s[9] = 1.0
    elif sign < 0:
        if stp > stx:
            gamma = -gamma
        r = ((gamma - dp) + theta) / (((gamma - dp) + gamma) + dx)
        cubic = stp + r * (stx - stp)
        square = stp + (dp / (dp - dx)) * (stx - stp)
        new = cubic if abs(cubic - stp) > abs(square - stp) else square
        s[9] = 1.0
    elif abs(dp) < abs(dx):
        if stp > stx:
            gamma = -gamma
        r = ((gamma - dp) + theta) / ((gamma + (dx - dp)) + gamma)
        cubic = highest if stp > stx else lowest
        if r < 0 and gamma != 0:
            cubic = stp + r * (stx - stp)
        square = stp + (dp / (dp - dx)) * (stx - stp)
        if s[9] > 0:
            new = cubic if abs(cubic - stp) < abs(square - stp) else square
            edge = stp + 0.66 * (sty - stp)
            new = min(edge, new) if stp > stx else max(edge, new)
        else:
            new = cubic if abs(cubic - stp) > abs(square - stp) else square
            new = max(min(highest, new), lowest)
    elif s[9] > 0:
        theta = 3 * (fp - fy) / (sty - stp) + dy + dp
        big = max(abs(theta), abs(dy), abs(dp))
        gamma = big * math.sqrt(max(0.0, (theta / big) ** 2 - (dy / big) * (dp / big)))
        if stp > sty:
            gamma = -gamma
        r = ((gamma - dp) + theta) / (((gamma - dp) + gamma) + dy)
        new = stp + r * (sty - stp)
    else:
        new = highest if stp > stx else lowest
    if fp > fx:
        s[3], s[4], s[5] = stp, fp, dp
    else:
        if sign < 0:
            s[3], s[4], s[5] = stx, fx, dx
        s[0], s[1], s[2] = stp, fp, dp
    s[6] = new
