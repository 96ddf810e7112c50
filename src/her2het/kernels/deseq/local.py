"""Local quadratic regression on one variable, evaluated at the corners of a tree and interpolated between them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEAREST = 0.7
"""Share of the points inside each window."""
CUT = 0.8
"""An interval longer than this share of the narrower window of its two ends is halved."""
FEWEST = 5

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LocalFit:
    """Value and slope of the fit at sorted corners: cubic Hermite pieces between, parabolas beyond the ends."""

    corner: Floats
    value: Floats
    slope: Floats
    bend: float
    """Coefficient of x^2 in the quadratic fitted to all points."""

    def at(self, x: Floats) -> Floats:
        """The interpolated fit at each x."""
        k = np.clip(np.searchsorted(self.corner, x, side="right") - 1, 0, len(self.corner) - 2)
        width = self.corner[k + 1] - self.corner[k]
        t = (x - self.corner[k]) / width
        u = 1 - t
        inside = (
            self.value[k] * u * u * (1 + 2 * t)
            + self.value[k + 1] * t * t * (1 + 2 * u)
            + width * t * u * (u * self.slope[k] - t * self.slope[k + 1])
        )
        end = np.where(x < self.corner[0], 0, -1)
        d = x - self.corner[end]
        beyond = self.value[end] + d * (self.slope[end] + d * self.bend)
        return np.where((x < self.corner[0]) | (x > self.corner[-1]), beyond, inside)


def local_fit(x: Floats, y: Floats, weight: Floats) -> LocalFit:
    """Fit y on x by weighted local quadratics with tricube windows of the nearest 70 % of points.

    At a corner c with window half-width h (distance of the k-th nearest point, k = floor(0.7 n)) the quadratic
    minimises sum w_i (1 - |x_i - c|^3 / h^3)^3 (y_i - a - b (x_i - c) - d (x_i - c)^2)^2; a is the value, b the slope.
    Corners are the ends of the range and the middles of intervals longer than 0.8 of the narrower window of their ends.
    Raises ValueError for fewer than 5 different x. Loader 1999, Local Regression and Likelihood (0-387-98775-4).
    """
    if len(np.unique(x)) < FEWEST:
        raise ValueError(f"fewer than {FEWEST} different means")
    by = np.argsort(x, kind="stable")
    x, y, weight = x[by], y[by], weight[by]
    nearest = max(int(NEAREST * len(x) + 1e-9), 1)
    fitted: dict[float, tuple[float, float, float]] = {}

    def corner(at: float) -> float:
        if at not in fitted:
            fitted[at] = _quadratic(x, y, weight, at, nearest)
        return fitted[at][2]

    waiting = [(float(x[0]), float(x[-1]))]
    while waiting:
        low, high = waiting.pop()
        if high - low > CUT * min(corner(low), corner(high)):
            middle = (low + high) / 2
            waiting += [(low, middle), (middle, high)]
    corners = np.array(sorted(fitted))
    values = np.array([fitted[c][:2] for c in corners.tolist()])
    whole = np.polyfit(x - corners[0], y, 2, w=np.sqrt(weight))
    return LocalFit(corners, values[:, 0], values[:, 1], float(whole[0]))


def _quadratic(x: Floats, y: Floats, weight: Floats, at: float, nearest: int) -> tuple[float, float, float]:
    distance = np.abs(x - at)
    h = float(np.partition(distance, nearest - 1)[nearest - 1])
    if not h > 0:
        raise ValueError("most means are equal")
    inside = distance < h
    d = x[inside] - at
    root = np.sqrt(weight[inside] * (1 - (distance[inside] / h) ** 3) ** 3)
    columns = np.column_stack([np.ones(len(d)), d / h, (d / h) ** 2])
    solved, *_ = np.linalg.lstsq(columns * root[:, None], y[inside] * root, rcond=None)
    if not math.isfinite(float(solved.sum())):
        raise ValueError("a window has too few genes")
    return float(solved[0]), float(solved[1]) / h, h
