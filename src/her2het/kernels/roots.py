"""Root of a function of one variable by Brent's method, step by step as the reference programs take it."""

from collections.abc import Callable

import numpy as np

EPSILON = float(np.finfo(np.float64).eps)


def brent_root(
    f: Callable[[float], float], low: float, high: float, tolerance: float = 1e-10, steps: int = 1000
) -> float:
    """Find x in low..high where f changes sign, to within `tolerance`.

    Bisection, with a secant or inverse quadratic step where that falls inside the bracket and shrinks it fast enough;
    it stops where half the bracket is at most 2 * eps * |x| + tolerance / 2, or where f(x) = 0 exactly. The path is
    part of the definition: for a step function, which point of the last bracket comes out depends on it.

    Raises ValueError where f has one sign at both ends. Brent 1973, Algorithms for Minimization Without Derivatives,
    chapter 4.
    """
    a, b = low, high
    fa, fb = f(a), f(b)
    if fa == 0:
        return a
    if fb == 0:
        return b
    if not fa * fb < 0:
        raise ValueError(f"no change of sign between {low} and {high}: {fa} and {fb}")
    c, fc = a, fa
    for _ in range(steps):
        previous = b - a
        if abs(fc) < abs(fb):
            a, b, c = b, c, b
            fa, fb, fc = fb, fc, fb
        enough = 2.0 * EPSILON * abs(b) + tolerance / 2.0
        step = (c - b) / 2.0
        if abs(step) <= enough or fb == 0:
            return b
        if abs(previous) >= enough and abs(fa) > abs(fb):
            step = _interpolated((a, b, c), (fa, fb, fc), enough, previous)
        if abs(step) < enough:
            step = enough if step > 0 else -enough
        a, fa = b, fb
        b += step
        fb = f(b)
        if (fb > 0) == (fc > 0) and fb != 0:
            c, fc = a, fa
    raise ValueError(f"no root within {steps} steps")


def _interpolated(
    points: tuple[float, float, float], values: tuple[float, float, float], enough: float, previous: float
) -> float:
    """The secant or inverse quadratic step from b, or half the bracket (bisection) where that is not to be trusted."""
    (a, b, c), (fa, fb, fc) = points, values
    width = c - b
    if a == c:
        t = fb / fa
        p, q = width * t, 1.0 - t
    else:
        q, t, s = fa / fc, fb / fc, fb / fa
        p = s * (width * q * (q - t) - (b - a) * (t - 1.0))
        q = (q - 1.0) * (t - 1.0) * (s - 1.0)
    if p > 0:
        q = -q
    else:
        p = -p
    if p < 0.75 * width * q - abs(enough * q) / 2.0 and p < abs(previous * q / 2.0):
        return p / q
    return width / 2.0
