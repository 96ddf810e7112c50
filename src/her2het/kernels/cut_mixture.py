"""Mixtures of true genotypes seen through cut nuclei: likelihood, fit, and the share of truly amplified cells."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from her2het.kernels.compile_options import INNER, KERNEL, LEAF

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MAX_HER2 = 30
MAX_CEP17 = 6
_TOLERANCE = 0.05  # log-likelihood units, guaranteed by the bound below
_MAX_STEPS = 4000
_SPARSE_STEPS = 250


def thinning(copies: int, p_keep: float) -> Floats:
    """P(seen | true) of signals that are each kept with probability `p_keep`, given that one at least is seen.

    Row i is i + 1 true signals, column j is j + 1 seen ones: Binomial(i + 1, p_keep) at j + 1, over
    1 - (1 - p_keep)^(i + 1).
    ValueError unless 0 < p_keep <= 1.
    """
    if not 0 < p_keep <= 1:
        raise ValueError("thinning: p_keep must lie above 0 and not above 1")
    table = np.zeros((copies, copies))
    for true in range(1, copies + 1):
        for seen in range(1, true + 1):
            table[true - 1, seen - 1] = math.comb(true, seen) * p_keep**seen * (1 - p_keep) ** (true - seen)
        table[true - 1] /= 1 - (1 - p_keep) ** true
    return table


@njit(**LEAF)
def density_of(weight: Floats, her2: Floats, cep17: Floats, n_her2: int, work: Floats, out: Floats) -> None:
    """out[c, h] = sum over C, H of cep17[C, c] her2[H, h] weight[C, H], for h < n_her2; `work` has weight's shape."""
    top_c, top_h = weight.shape
    for c in range(top_c):
        for h in range(top_h):
            work[c, h] = 0.0
        for big_c in range(c, top_c):
            p = cep17[big_c, c]
            for h in range(top_h):
                work[c, h] += p * weight[big_c, h]
        for h in range(n_her2):
            out[c, h] = 0.0
        for big_h in range(top_h):
            v = work[c, big_h]
            for h in range(min(big_h + 1, n_her2)):
                out[c, h] += v * her2[big_h, h]


@njit(**LEAF)
def gradient_of(
    seen: Floats, density: Floats, her2_t: Floats, cep17: Floats, n_her2: int, work: Floats, out: Floats
) -> None:
    """out[C, H] = sum over c, h of seen[c, h] / density[c, h] cep17[C, c] her2_t[h, H]: slope of the log-likelihood."""
    top_c, top_h = out.shape
    for c in range(top_c):
        for big_h in range(top_h):
            work[c, big_h] = 0.0
        for h in range(n_her2):
            if seen[c, h] > 0:
                r = seen[c, h] / density[c, h]
                for big_h in range(h, top_h):
                    work[c, big_h] += r * her2_t[h, big_h]
    for big_c in range(top_c):
        for big_h in range(top_h):
            out[big_c, big_h] = 0.0
        for c in range(big_c + 1):
            p = cep17[big_c, c]
            for big_h in range(top_h):
                out[big_c, big_h] += p * work[c, big_h]


@njit(**LEAF)
def log_likelihood(seen: Floats, density: Floats, n_her2: int) -> float:
    """Sum of seen * ln density over the pairs that were seen; minus infinity where one of them is impossible."""
    value = 0.0
    for c in range(seen.shape[0]):
        for h in range(n_her2):
            if seen[c, h] > 0:
                if density[c, h] <= 0:
                    return -np.inf
                value += seen[c, h] * math.log(density[c, h])
    return value


@njit(**LEAF)
def _copy(source: Floats, target: Floats) -> None:
    """target <- source: a slice assignment would have its error message compiled, for seconds."""
    for c in range(source.shape[0]):
        for h in range(source.shape[1]):
            target[c, h] = source[c, h]


@njit(**LEAF)
def _normalise(weight: Floats, amplified: Flags, share: float) -> None:
    """Scale weights to sum to 1, with `share` on the amplified genotypes where share >= 0."""
    high = 0.0
    low = 0.0
    for c in range(weight.shape[0]):
        for h in range(weight.shape[1]):
            if amplified[c, h]:
                high += weight[c, h]
            else:
                low += weight[c, h]
    if share < 0:
        up = down = 1.0 / (high + low)
    else:
        up = share / high if high > 0 else 0.0
        down = (1.0 - share) / low if low > 0 else 0.0
    for c in range(weight.shape[0]):
        for h in range(weight.shape[1]):
            weight[c, h] *= up if amplified[c, h] else down


@njit(**LEAF)
def _step(weight: Floats, slope: Floats, amplified: Flags, share: float) -> None:
    """One EM step: weights times slopes, scaled."""
    for c in range(weight.shape[0]):
        for h in range(weight.shape[1]):
            weight[c, h] *= slope[c, h]
    _normalise(weight, amplified, share)


@njit(**LEAF)
def _gap(slope: Floats, amplified: Flags, share: float, cells: float) -> float:
    """Upper bound of what the log-likelihood can still gain: it is concave, so its tangent plane lies above it."""
    high = -np.inf
    low = -np.inf
    for c in range(slope.shape[0]):
        for h in range(slope.shape[1]):
            if amplified[c, h]:
                high = max(high, slope[c, h])
            else:
                low = max(low, slope[c, h])
    if share < 0:
        return max(high, low) - cells
    gain = -cells
    if share > 0:
        gain += share * high
    if share < 1:
        gain += (1.0 - share) * low
    return gain


@njit(**KERNEL)
def climb(
    weight: Floats,
    seen: Floats,
    cells: float,
    n_her2: int,
    her2: Floats,
    her2_t: Floats,
    cep17: Floats,
    amplified: Flags,
    share: float,
    target: float,
    space: Floats,
) -> tuple[float, float, int]:
    """Maximise the log-likelihood over the weights, in place, with the amplified share held at `share` (free if < 0).

    EM steps, weight <- weight * slope / cells, every third replaced by a squared extrapolation (SQUAREM) that is kept
    only where it does not lower the likelihood. Stops when the tangent bound says that less than 0.05 can be gained, or
    0.1 of the distance to `target`, the value that is asked about (-inf: none).
    Returns the log-likelihood, its derivative by the share (0 where free) and the number of steps. `space`: (6, C, H).
    Reference: doi:10.1111/j.1467-9469.2007.00585.x.
    """
    density, work, slope, w0, w1, w2 = space[0], space[1], space[2], space[3], space[4], space[5]
    steps = 0
    _normalise(weight, amplified, share)
    density_of(weight, her2, cep17, n_her2, work, density)
    value = log_likelihood(seen, density, n_her2)
    while value > -np.inf:
        gradient_of(seen, density, her2_t, cep17, n_her2, work, slope)
        gap = _gap(slope, amplified, share, cells)
        if gap < _TOLERANCE or gap < 0.1 * (target - value) or steps >= _MAX_STEPS:
            break
        steps += 3
        _copy(weight, w0)
        _step(weight, slope, amplified, share)
        _copy(weight, w1)
        density_of(weight, her2, cep17, n_her2, work, density)
        gradient_of(seen, density, her2_t, cep17, n_her2, work, slope)
        _step(weight, slope, amplified, share)
        _copy(weight, w2)
        rr = 0.0
        vv = 0.0
        for c in range(weight.shape[0]):
            for h in range(weight.shape[1]):
                r = w1[c, h] - w0[c, h]
                v = w2[c, h] - w1[c, h] - r
                rr += r * r
                vv += v * v
        a = max(math.sqrt(rr / vv), 1.0) if vv > 0 else 1.0
        for c in range(weight.shape[0]):
            for h in range(weight.shape[1]):
                r = w1[c, h] - w0[c, h]
                v = w2[c, h] - w1[c, h] - r
                weight[c, h] = max(w0[c, h] + 2 * a * r + a * a * v, 0.02 * w2[c, h])
        _normalise(weight, amplified, share)
        density_of(weight, her2, cep17, n_her2, work, density)
        leap = log_likelihood(seen, density, n_her2)
        if leap < value:
            _copy(w2, weight)
            density_of(weight, her2, cep17, n_her2, work, density)
            leap = log_likelihood(seen, density, n_her2)
        value = leap
    by_share = 0.0
    if 0 < share < 1 and value > -np.inf:
        high = 0.0
        low = 0.0
        for c in range(weight.shape[0]):
            for h in range(weight.shape[1]):
                if amplified[c, h]:
                    high += weight[c, h] * slope[c, h]
                else:
                    low += weight[c, h] * slope[c, h]
        by_share = high / share - low / (1.0 - share)
    return value, by_share, steps


@njit(**INNER)
def sparsify(
    weight: Floats,
    seen: Floats,
    n_her2: int,
    her2: Floats,
    her2_t: Floats,
    cep17: Floats,
    concentration: float,
    space: Floats,
) -> None:
    """From a fit, EM steps under a Dirichlet(concentration) prior below 1, which empties genotypes that explain little.

    weight <- max(weight * slope - (1 - concentration), 0), scaled; the subtraction grows over the first steps so that
    not all genotypes go at once. In place.
    """
    density, work, slope, before = space[0], space[1], space[2], space[3]
    _copy(weight, before)
    for step in range(_SPARSE_STEPS):
        density_of(weight, her2, cep17, n_her2, work, density)
        if log_likelihood(seen, density, n_her2) == -np.inf:
            _copy(before, weight)
            return
        gradient_of(seen, density, her2_t, cep17, n_her2, work, slope)
        off = (1.0 - concentration) * min(1.0, (step + 1) / 40)
        total = 0.0
        for c in range(weight.shape[0]):
            for h in range(weight.shape[1]):
                v = max(weight[c, h] * slope[c, h] - off, 0.0)
                slope[c, h] = v
                total += v
        if total <= 0:
            return
        _copy(weight, before)
        change = 0.0
        for c in range(weight.shape[0]):
            for h in range(weight.shape[1]):
                v = slope[c, h] / total
                change = max(change, abs(v - weight[c, h]))
                weight[c, h] = v
        if step > 40 and change < 5e-5:
            return


@njit(**INNER)
def share_limit(
    weight: Floats,
    best: float,
    estimate: float,
    end: float,
    drop: float,
    seen: Floats,
    cells: float,
    n_her2: int,
    her2: Floats,
    her2_t: Floats,
    cep17: Floats,
    amplified: Flags,
    space: Floats,
) -> float:
    """Where, between `estimate` and `end`, the profile log-likelihood has fallen by `drop` below `best`; else `end`.

    Newton steps, kept within a bracket, on the square root of twice the fall, which is nearly a straight line in the
    share. `weight`: a start with weight on all genotypes; overwritten by the weights at the limit.
    """
    far = math.sqrt(2 * drop)
    start = weight.copy()
    side = 1.0 if end > estimate else -1.0
    inside, outside = estimate, 2.0 * side
    reach = far * math.sqrt(max(estimate * (1.0 - estimate), 2.0 / cells) / cells)
    x = estimate + side * 1.2 * reach
    for step in range(25):
        if side * (x - end) >= 0:
            x = end
        if step > 0:
            for c in range(weight.shape[0]):
                for h in range(weight.shape[1]):
                    weight[c, h] = 0.9 * weight[c, h] + 0.1 * start[c, h]
        value, slope, _ = climb(weight, seen, cells, n_her2, her2, her2_t, cep17, amplified, x, best - drop, space)
        if value == -np.inf:
            outside = x
            x = (inside + x) / 2
            continue
        fall = math.sqrt(2 * max(best - value, 0.0))
        if abs(fall - far) < 0.03 or (x == end and fall <= far):
            return x
        if fall < far:
            inside = x
        else:
            outside = x
        if abs(outside - inside) < 2e-4:
            return x
        rise = -slope / fall * side if fall > 0.5 * far else 0.0
        if rise > 0:
            new = x + side * (far - fall) / rise
        else:
            new = estimate + (x - estimate) * min(far / max(fall, 1e-9), 3.0)
        if side * (new - inside) <= 0 or side * (outside - new) <= 0:
            new = (inside + (end if abs(outside) > 1.5 else outside)) / 2
        x = new
    return x
