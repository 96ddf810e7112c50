"""Diversity that may be compared: at one number of nuclei, and against a homogeneous tumour of the same copies."""

import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, pdtr, xlogy

from her2het.kernels.fish import PairTable
from her2het.kernels.threads import over_chunks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NullModel = Literal["poisson", "cut"]
_CHUNK = 16
_TAIL = 1e-9
_GUIDE = 512


@dataclass(frozen=True)
class Rarefied:
    """Means and standard deviations over repeated draws of `cells` nuclei (arrays of one length; NaN below `cells`)."""

    cells: Ints
    shannon: Floats
    shannon_sd: Floats
    equitability: Floats
    equitability_sd: Floats
    species: Floats


@dataclass(frozen=True)
class Standardised:
    """Equitability and Shannon's H of homogeneous tumours of the same copies and number of nuclei, and where the
    sample lies among them: z = (observed - mean) / sd (arrays of one length; NaN where it is not defined)."""

    equitability_null: Floats
    equitability_sd: Floats
    equitability_z: Floats
    shannon_null: Floats
    shannon_sd: Floats
    shannon_z: Floats


def rarefied(pairs: PairTable, cells: ArrayLike, *, repeats: int = 200, seed: int = 0) -> Rarefied:
    """Shannon's H, equitability H / ln S and the number S of distinct pairs among `cells` nuclei of each sample.

    Draws `cells` nuclei without replacement `repeats` times and averages. `cells`: one number or one per sample. The
    draws of a sample depend on its pairs and `seed` alone, not on its place or on threads. NaN where a sample has fewer
    nuclei than `cells`. ValueError for fewer than 2 repeats or cells below 1. Reference: doi:10.2307/1934145.
    """
    samples = len(pairs.start) - 1
    drawn = np.broadcast_to(np.asarray(cells, np.int64), (samples,)).copy()
    if repeats < 2 or np.any(drawn < 1):
        raise ValueError("rarefied: at least 2 repeats and 1 cell are required")
    out = np.full((samples, 5), np.nan)

    def work(first: int, last: int) -> None:
        for s in range(first, last):
            count = pairs.count[pairs.start[s] : pairs.start[s + 1]]
            if count.sum() < drawn[s]:
                continue
            rng = np.random.default_rng([seed, 1, _content(pairs, s)])
            kept = rng.multivariate_hypergeometric(count, int(drawn[s]), size=repeats, method="marginals")
            share = kept / drawn[s]
            shannon = np.maximum(-xlogy(share, share).sum(axis=1), 0.0)
            species = (kept > 0).sum(axis=1)
            even = np.where(species > 1, shannon / np.log(np.maximum(species, 2)), 0.0)
            out[s] = shannon.mean(), shannon.std(ddof=1), even.mean(), even.std(ddof=1), species.mean()

    over_chunks(work, samples, _CHUNK)
    return Rarefied(drawn, *(np.ascontiguousarray(out[:, k]) for k in range(5)))


def standardised(
    pairs: PairTable, *, model: NullModel = "poisson", p_keep: float = 0.8, repeats: int = 200, seed: int = 0
) -> Standardised:
    """How far a sample's diversity lies from that of a homogeneous tumour, in standard deviations of the latter.

    The homogeneous tumour has as many nuclei N and, on average, as many signals: "poisson": ERBB2 and CEP17
    independent Poisson with the sample's means; "cut": all nuclei of one genotype (mean / p_keep copies, the two whole
    numbers around it in proportion), each signal kept with probability `p_keep`. Mean and SD over `repeats` such
    tumours; z > 0: more diverse than a homogeneous tumour. Only nuclei in which both probes were counted. The draws of
    a sample depend on its pairs and `seed` alone. NaN with fewer than 2 nuclei or where the null does not vary.
    ValueError for fewer than 2 repeats or p_keep outside 0..1. Reference: doi:10.1086/285428 (standardised effect size).
    """
    if repeats < 2 or not 0 < p_keep <= 1:
        raise ValueError("standardised: at least 2 repeats and 0 < p_keep <= 1 are required")
    samples = len(pairs.start) - 1
    out = np.full((samples, 6), np.nan)

    def work(first: int, last: int) -> None:
        for s in range(first, last):
            rows = slice(pairs.start[s], pairs.start[s + 1])
            counted = pairs.cep17[rows] >= 0
            h, c, k = pairs.her2[rows][counted], pairs.cep17[rows][counted], pairs.count[rows][counted]
            n = int(k.sum())
            if n < 2:
                continue
            rng = np.random.default_rng([seed, 2, _content(pairs, s)])
            tables = [cumulative(float(x @ k) / n, model, p_keep) for x in (h, c)]
            null = _draw(rng.random((repeats, n, 2)), tables[0], tables[1])
            share = k / n
            shannon = max(float(-(share * np.log(share)).sum()), 0.0)
            even = shannon / np.log(len(k)) if len(k) > 1 else 0.0
            for at, value in ((0, even), (3, shannon)):
                mean, sd = float(null[:, at // 3].mean()), float(null[:, at // 3].std(ddof=1))
                out[s, at : at + 3] = mean, sd, (value - mean) / sd if sd > 1e-12 else np.nan

    over_chunks(work, samples, _CHUNK)
    return Standardised(*(np.ascontiguousarray(out[:, k]) for k in range(6)))


def cumulative(mean: float, model: NullModel, p_keep: float) -> Floats:
    """P(signals <= 0), P(signals <= 1), ... of a nucleus of the homogeneous tumour, up to where 1 is reached."""
    if mean == 0:
        return np.ones(1)
    true = mean / p_keep
    whole = int(np.floor(true))
    most = int(mean + 12 * np.sqrt(mean) + 12) if model == "poisson" else whole + 1
    at = np.arange(most + 1)
    if model == "poisson":
        below = pdtr(at, mean)
    else:
        more = true - whole
        lower = bdtr(np.minimum(at, whole).astype(float), whole, p_keep) if whole else np.ones(len(at))
        below = (1 - more) * lower + more * bdtr(at.astype(float), whole + 1, p_keep)
    top = int(np.searchsorted(below, 1 - _TAIL))
    below = below[: min(top, most) + 1].copy()
    below[-1] = 1.0
    return below


def _content(pairs: PairTable, sample: int) -> int:
    """A number that belongs to what was counted, whatever the order of samples or nuclei."""
    rows = slice(pairs.start[sample], pairs.start[sample + 1])
    return zlib.crc32(np.stack([pairs.her2[rows], pairs.cep17[rows], pairs.count[rows]]).astype("<i8").tobytes())


@njit(cache=True, nogil=True)
def _guide(below: Floats) -> Ints:
    """Where to begin looking up u: the first value whose cumulative probability reaches the start of u's bin."""
    start = np.empty(_GUIDE, np.int64)
    at = 0
    for b in range(_GUIDE):
        while below[at] < b / _GUIDE:
            at += 1
        start[b] = at
    return start


@njit(cache=True, nogil=True)
def _draw(uniform: Floats, her2: Floats, cep17: Floats) -> Floats:
    """Equitability and H of each tumour of nuclei drawn by inverse distribution functions: (repeats, 2)."""
    repeats, n, _ = uniform.shape
    across = len(cep17)
    table = np.zeros(len(her2) * across, np.int64)
    used = np.empty(min(n, len(table)), np.int64)
    out = np.empty((repeats, 2))
    near_h, near_c = _guide(her2), _guide(cep17)
    for r in range(repeats):
        species = 0
        for i in range(n):
            h = near_h[int(uniform[r, i, 0] * _GUIDE)]
            while her2[h] < uniform[r, i, 0]:
                h += 1
            c = near_c[int(uniform[r, i, 1] * _GUIDE)]
            while cep17[c] < uniform[r, i, 1]:
                c += 1
            key = h * across + c
            if table[key] == 0:
                used[species] = key
                species += 1
            table[key] += 1
        entropy = 0.0
        for u in range(species):
            p = table[used[u]] / n
            entropy -= p * np.log(p)
            table[used[u]] = 0
        entropy = max(entropy, 0.0)
        out[r, 0] = min(entropy / np.log(species), 1.0) if species > 1 else 0.0
        out[r, 1] = entropy
    return out
