"""Diversity that may be compared between samples: at one number of cells, and against a homogeneous tumour."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, lambertw, xlogy

from her2het.kernels.cut_mixture import thinning
from her2het.kernels.fish import NucleusSums, PairTable
from her2het.kernels.streams import States, next_below, next_unit
from her2het.kernels.threads import over_chunks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_CHUNK = 64
_MOST_HER2, _MOST_CEP17 = 400, 60


@dataclass(frozen=True)
class Rarefied:
    """Mean and standard deviation over repeats of indices of `cells` cells (NaN where a sample has fewer)."""

    cells: int
    species: Floats
    species_sd: Floats
    shannon: Floats
    shannon_sd: Floats
    equitability: Floats
    equitability_sd: Floats


@dataclass(frozen=True)
class StandardisedDiversity:
    """Indices against those of a homogeneous tumour: z = (observed - mean of null) / SD of null, NaN where SD is 0."""

    shannon_null: Floats
    shannon_sd: Floats
    shannon_z: Floats
    equitability_null: Floats
    equitability_sd: Floats
    equitability_z: Floats


@njit(cache=True, nogil=True)
def _entropy(count: Ints, used: Ints, n_used: int, cells: int) -> tuple[float, float]:
    """Shannon's H and H / ln S of the counts at `used`, which are set back to 0."""
    h = 0.0
    for u in range(n_used):
        k = count[used[u]]
        count[used[u]] = 0
        p = k / cells
        h -= p * math.log(p)
    even = min(h / math.log(n_used), 1.0) if n_used > 1 else 0.0
    return float(h), float(even)


@njit(cache=True, nogil=True)
def _rarefy(
    start: Ints, count: Ints, states: States, cells: int, repeats: int, first: int, last: int, out: Floats
) -> None:
    for s in range(first, last):
        begin = start[s]
        species = start[s + 1] - begin
        n = 0
        for i in range(species):
            n += count[begin + i]
        if n < cells or n == 0:
            out[s, :] = np.nan
            continue
        label = np.empty(n, np.int64)
        at = 0
        for i in range(species):
            for _ in range(count[begin + i]):
                label[at] = i
                at += 1
        seen = np.zeros(species, np.int64)
        used = np.empty(species, np.int64)
        state = states[s].copy()
        values = np.empty((repeats, 3))
        for r in range(repeats):
            n_used = 0
            for i in range(cells):
                j = i + next_below(state, int(n - i))
                label[i], label[j] = label[j], label[i]
                k = label[i]
                if seen[k] == 0:
                    used[n_used] = k
                    n_used += 1
                seen[k] += 1
            h, e = _entropy(seen, used, n_used, cells)
            values[r, 0], values[r, 1], values[r, 2] = n_used, h, e
        for k in range(3):
            out[s, 2 * k], out[s, 2 * k + 1] = _mean_sd(values[:, k])


@njit(cache=True, nogil=True)
def _mean_sd(x: Floats) -> tuple[float, float]:
    n = len(x)
    mean = 0.0
    for k in range(n):
        mean += x[k]
    mean /= n
    total = 0.0
    for k in range(n):
        total += (x[k] - mean) ** 2
    sd = math.sqrt(total / (n - 1)) if n > 1 else np.nan
    return mean, sd


def rarefied(pairs: PairTable, states: States, *, cells: int, repeats: int = 100) -> Rarefied:
    """Indices of `cells` cells drawn without replacement from each sample, over `repeats` draws.

    `states`: one stream per sample (`stream_states`). Take `cells` as the smallest sample's number to compare samples
    of unequal size. `diversity.rarefied_richness` has the exact mean of the species. ValueError on fewer than 1 cell or
    repeat. Reference: doi:10.2307/1934145.
    """
    if cells < 1 or repeats < 1:
        raise ValueError("rarefied: at least one cell and one repeat are required")
    out = np.empty((len(pairs.start) - 1, 6))
    over_chunks(lambda i, j: _rarefy(pairs.start, pairs.count, states, cells, repeats, i, j, out), len(out), _CHUNK)
    return Rarefied(cells, *(np.ascontiguousarray(out[:, k]) for k in range(6)))


@njit(cache=True, nogil=True)
def _alias(p: Floats, size: int, chance: Floats, other: Ints) -> None:
    """Walker's alias table of p[:size]."""
    small = np.empty(size, np.int64)
    large = np.empty(size, np.int64)
    n_small = n_large = 0
    for i in range(size):
        chance[i] = p[i] * size
        other[i] = i
        if chance[i] < 1.0:
            small[n_small] = i
            n_small += 1
        else:
            large[n_large] = i
            n_large += 1
    while n_small > 0 and n_large > 0:
        n_small -= 1
        low = small[n_small]
        high = large[n_large - 1]
        other[low] = high
        chance[high] -= 1.0 - chance[low]
        if chance[high] < 1.0:
            n_large -= 1
            small[n_small] = high
            n_small += 1
    for k in range(n_small):
        chance[small[k]] = 1.0
    for k in range(n_large):
        chance[large[k]] = 1.0


@njit(cache=True, nogil=True)
def _null(
    cells: Ints,
    her2: Floats,
    cep17: Floats,
    which_her2: Ints,
    which_cep17: Ints,
    states: States,
    repeats: int,
    first: int,
    last: int,
    out: Floats,
) -> None:
    size_h, size_c = her2.shape[1], cep17.shape[1]
    chance_h, chance_c = np.empty(size_h), np.empty(size_c)
    other_h, other_c = np.empty(size_h, np.int64), np.empty(size_c, np.int64)
    seen = np.zeros(size_h * size_c, np.int64)
    used = np.empty(size_h * size_c, np.int64)
    for s in range(first, last):
        n = cells[s]
        if n == 0 or which_her2[s] < 0:
            out[s, :] = np.nan
            continue
        _alias(her2[which_her2[s]], size_h, chance_h, other_h)
        _alias(cep17[which_cep17[s]], size_c, chance_c, other_c)
        state = states[s].copy()
        values = np.empty((repeats, 2))
        for r in range(repeats):
            n_used = 0
            for _ in range(n):
                x = next_unit(state) * size_h
                h = np.int64(x)
                if x - h >= chance_h[h]:
                    h = other_h[h]
                x = next_unit(state) * size_c
                c = np.int64(x)
                if x - c >= chance_c[c]:
                    c = other_c[c]
                key = h * size_c + c
                if seen[key] == 0:
                    used[n_used] = key
                    n_used += 1
                seen[key] += 1
            values[r, 0], values[r, 1] = _entropy(seen, used, n_used, n)
        for k in range(2):
            out[s, 2 * k], out[s, 2 * k + 1] = _mean_sd(values[:, k])


def standardised(
    sums: NucleusSums,
    shannon: ArrayLike,
    equitability: ArrayLike,
    states: States,
    *,
    model: Literal["poisson", "thinning"] = "poisson",
    p_keep: float = 0.8,
    repeats: int = 100,
) -> StandardisedDiversity:
    """Shannon's H and equitability of each sample against a homogeneous tumour of the same copies and number of cells.

    The null draws as many nuclei, ERBB2 and CEP17 independent of each other, with the sample's mean signals: "poisson",
    Poisson numbers (with 0 only for CEP17 where the sample has nuclei without it, or at a mean below 1; means matched
    to 1/50 of a signal); "thinning", cut nuclei of the one genotype whose mean comes nearest, B(H, `p_keep`) without 0.
    Its mean and SD over `repeats` draws give z. `sums`: per sample; `shannon`, `equitability`: (samples,) observed, of
    the same nuclei; `states`: one stream per sample. NaN where no nucleus has both probes counted or the mean exceeds
    the largest tabulated (250 ERBB2, 30 CEP17). ValueError on another model.
    """
    if model not in {"poisson", "thinning"}:
        raise ValueError("standardised: model must be 'poisson' or 'thinning'")
    n = sums.paired.astype(np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_h, mean_c = sums.paired_her2 / n, sums.cep17 / n
    bare_c = sums.no_cep17 > 0
    tables_h, which_h = _tables(mean_h, mean_h < 1, _MOST_HER2, 250, model, p_keep)
    tables_c, which_c = _tables(mean_c, bare_c | (mean_c < 1), _MOST_CEP17, 30, model, p_keep)
    which_h[which_c < 0] = -1
    out = np.empty((len(n), 4))
    over_chunks(lambda i, j: _null(n, tables_h, tables_c, which_h, which_c, states, repeats, i, j, out), len(n), _CHUNK)
    h, e = np.asarray(shannon, float), np.asarray(equitability, float)
    mean_null, sd_null, mean_e, sd_e = (np.ascontiguousarray(out[:, k]) for k in range(4))
    with np.errstate(invalid="ignore", divide="ignore"):
        z_h = np.where(sd_null > 0, (h - mean_null) / sd_null, np.nan)
        z_e = np.where(sd_e > 0, (e - mean_e) / sd_e, np.nan)
    return StandardisedDiversity(mean_null, sd_null, z_h, mean_e, sd_e, z_e)


def _tables(
    mean: Floats, with_zero: NDArray[np.bool_], size: int, most: float, model: str, p_keep: float
) -> tuple[Floats, Ints]:
    """Distributions of signals for the distinct (mean, zeros allowed), and which one each sample has (-1: none)."""
    usable = np.isfinite(mean) & (mean <= most)
    step = np.where(usable, np.rint(np.nan_to_num(mean) * 50), 0).astype(np.int64)
    key = step * 2 + with_zero
    distinct, which = np.unique(key, return_inverse=True)
    rows = [_distribution(k // 2 / 50, bool(k % 2), size, model, p_keep) for k in distinct.tolist()]
    return np.array(rows).reshape(-1, size), np.where(usable, which, -1).astype(np.int64)


def _distribution(mean: float, with_zero: bool, size: int, model: str, p_keep: float) -> Floats:
    """P(0..size-1 signals) with that mean; without 0 unless allowed."""
    k = np.arange(size)
    if model == "poisson":
        rate = mean
        if not with_zero:
            # rate / (1 - exp(-rate)) = mean, solved by Lambert's W
            rate = float(np.real(mean + lambertw(-mean * np.exp(-mean)))) if mean > 1 else 0.0
        p = np.exp(xlogy(k, rate) - rate - gammaln(k + 1))
        if not with_zero:
            p[0] = 0.0
            if rate < 1e-9:
                p[1] = 1.0
    else:
        p = np.zeros(size)
        table = thinning(min(size - 1, int(mean / p_keep) + 2), p_keep)
        means = table @ np.arange(1, len(table) + 1)
        p[1 : len(table) + 1] = table[int(np.argmin(np.abs(means - mean)))]
    return p / p.sum()
