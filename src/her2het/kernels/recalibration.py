"""Whether predicted chances mean what they say: the calibration line on the logit scale."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]
STEPS = 50
LONGEST = 5.0
SURE = 1e-6


def log_odds(chances: Floats) -> Floats:
    """log(p / (1 - p)) of chances, kept 1e-6 away from 0 and 1."""
    return np.asarray(logit(np.clip(chances, SURE, 1 - SURE)), dtype=np.float64)


def calibration_line(logits: Floats, outcome: Floats, weight: Floats) -> tuple[float, float]:
    """Intercept and slope of P(y = 1) = 1/(1 + exp(-(a + b logit))), by weighted maximum likelihood (Newton's steps).

    Slope 1 and intercept 0: predictions mean what they say; a slope below 1: they are too extreme, above 1: too
    moderate. Not numbers where the outcomes or the predictions are all the same, or the predictions separate the
    outcomes (no maximum exists). Cox 1958, doi:10.1093/biomet/45.3-4.562.
    """
    used = weight > 0
    x, y, w = logits[used], outcome[used], weight[used]
    nothing = (float("nan"), float("nan"))
    if len(y) == 0 or y.min() == y.max() or np.ptp(x) == 0 or _separated(x, y):
        return nothing
    design = np.column_stack([np.ones(len(x)), x])
    b = np.array([0.0, 1.0])
    for _ in range(STEPS):
        p = expit(design @ b)
        information = design.T @ (design * (w * np.maximum(p * (1 - p), 1e-12))[:, None])
        step = np.linalg.solve(information, design.T @ (w * (y - p)))
        largest = float(np.abs(step).max())
        b += step * min(1.0, LONGEST / largest if largest > 0 else 1.0)
        if largest < 1e-9:
            return float(b[0]), float(b[1])
    return nothing


def _separated(x: Floats, y: Floats) -> bool:
    one, none = x[y == 1], x[y == 0]
    return bool(one.min() > none.max() or one.max() < none.min())
