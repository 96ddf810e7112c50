"""The dispersion of the few genes on which the line search does not end: the best of a grid, as R does."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

POINTS = 20

Floats = NDArray[np.float64]


def log_posteriors(
    log_alpha: Floats, y: Floats, mu: Floats, design: Floats, prior: tuple[float, float] | None
) -> Floats:
    """Cox-Reid adjusted log posterior of one gene at each log dispersion (see `posterior`), up to a constant.

    `y`, `mu`: one number per sample; `prior`: mean and variance of log dispersion, or None.
    """
    alpha = np.exp(log_alpha)[:, None]
    r = 1 / alpha
    counted = y > 0
    rising = np.zeros((len(alpha), len(y)))
    rising[:, counted] = gammaln(y[counted]) - betaln(r, y[counted])
    value = (rising - y * np.log(mu + r) - r * np.log1p(mu * alpha)).sum(axis=1)
    weight = mu / (1 + alpha * mu)
    value -= 0.5 * np.linalg.slogdet(np.einsum("an,ni,nj->aij", weight, design, design, optimize=True))[1]
    if prior is not None:
        value -= (log_alpha - prior[0]) ** 2 / (2 * prior[1])
    return value


def grid_search(
    low: float, high: float, y: Floats, mu: Floats, design: Floats, prior: tuple[float, float] | None
) -> float:
    """The best of 20 values of log dispersion from low to high, then of 20 from one step below it to one above."""
    coarse = np.linspace(low, high, POINTS)
    step = coarse[1] - coarse[0]
    at = coarse[int(np.argmax(log_posteriors(coarse, y, mu, design, prior)))]
    fine = np.linspace(at - step, at + step, POINTS)
    return float(fine[int(np.argmax(log_posteriors(fine, y, mu, design, prior)))])
