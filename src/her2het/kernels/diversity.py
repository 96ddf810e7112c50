"""Diversity of the (ERBB2, CEP17) pairs of a sample's nuclei: Shannon equitability and what to read beside it."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, xlogy

from her2het.kernels.fish import PairTable
from her2het.kernels.threads import over_chunks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_CHUNK = 512


class DiversityFlag(IntFlag):
    """Why an index was set rather than computed."""

    NONE = 0
    SINGLE_SPECIES = 1
    SINGLE_CELL = 2
    NO_CELLS = 4


@dataclass(frozen=True)
class Diversity:
    """Indices of each sample (arrays of one length); p_i = n_i / N, S distinct pairs in N cells. NaN where N = 0."""

    cells: Ints
    species: Ints
    singletons: Ints
    doubletons: Ints
    shannon: Floats
    """H = -sum p ln p, in nats."""
    equitability: Floats
    """Reading P (Pielou): H / ln S; 0 with a flag where S = 1."""
    equitability_cells: Floats
    """Reading N: H / ln N; 0 with a flag where N = 1."""
    gini_simpson: Floats
    """1 - sum p^2."""
    gini_simpson_unbiased: Floats
    """1 - sum n_i (n_i - 1) / (N (N - 1)); NaN where N = 1."""
    inverse_simpson: Floats
    """1 / sum p^2 (Hill number of order 2)."""
    exp_shannon: Floats
    """exp H (Hill number of order 1)."""
    miller_madow: Floats
    """H + (S - 1) / (2 N)."""
    chao_shen: Floats
    """-sum C p ln(C p) / (1 - (1 - C p)^N) with coverage C = 1 - f1 / N (1 / N where f1 = N)."""
    chao1: Floats
    """S + (N - 1)/N f1^2 / (2 f2), or with f1 (f1 - 1) / 2 where f2 = 0."""
    chao1_corrected: Floats
    """S + f1 (f1 - 1) / (2 (f2 + 1))."""
    flags: NDArray[np.int8]
    """`DiversityFlag` of each sample."""


@njit(cache=True, nogil=True)
def _indices(start: Ints, count: Ints, first: int, last: int, whole: Ints, real: Floats) -> None:
    for s in range(first, last):
        begin, end = start[s], start[s + 1]
        n = f1 = f2 = species = 0
        for i in range(begin, end):
            k = count[i]
            n += k
            species += k > 0
            f1 += k == 1
            f2 += k == 2
        whole[s, 0], whole[s, 1], whole[s, 2], whole[s, 3] = n, species, f1, f2
        if n == 0:
            real[s, :] = np.nan
            continue
        entropy = squares = pairs = shen = 0.0
        coverage = 1.0 - f1 / n if f1 < n else 1.0 / n
        for i in range(begin, end):
            k = count[i]
            if k == 0:
                continue
            p = k / n
            entropy -= p * np.log(p)
            squares += p * p
            pairs += np.float64(k) * (k - 1)
            q = coverage * p
            seen = 1.0 if q >= 1.0 else -np.expm1(n * np.log1p(-q))
            shen -= q * np.log(q) / seen
        real[s, 0] = max(entropy, 0.0)
        real[s, 1] = squares
        real[s, 2] = pairs
        real[s, 3] = max(shen, 0.0)


def diversity(start: Ints, count: Ints) -> Diversity:
    """All abundance indices of each sample, from the counts of its distinct pairs.

    `start`: (samples + 1,) offsets; `count`: (pairs,) cells of each distinct pair (`PairTable.start`, `.count`).
    Equitability falls as more cells are counted, without any change of biology: compare samples of unequal size by
    `rarefied` or `standardised` (`diversity_null`) or by `chao_shen`. References: doi:10.1016/0022-5193(66)90013-0
    (equitability), doi:10.1023/A:1026096204727 (Chao-Shen), doi:10.1172/JCI176454 (its use on FISH).
    """
    samples = len(start) - 1
    whole, real = np.zeros((samples, 4), np.int64), np.zeros((samples, 4))
    over_chunks(lambda i, j: _indices(start, count, i, j, whole, real), samples, _CHUNK)
    n, s, f1, f2 = (whole[:, k].copy() for k in range(4))
    shannon, squares, pairs, shen = (real[:, k].copy() for k in range(4))
    flags = np.where(s == 1, int(DiversityFlag.SINGLE_SPECIES), 0)
    flags = flags | np.where(n == 1, int(DiversityFlag.SINGLE_CELL), 0)
    flags = flags | np.where(n == 0, int(DiversityFlag.NO_CELLS), 0)
    counted = np.where(n > 0, n, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        even = np.where(s > 1, np.minimum(shannon / np.log(np.maximum(s, 2)), 1.0), 0.0)
        even_cells = np.where(n > 1, np.minimum(shannon / np.log(np.maximum(n, 2)), 1.0), 0.0)
        unbiased = np.where(n > 1, 1 - pairs / (counted * (counted - 1)), np.nan)
        unseen = (counted - 1) / counted * np.where(f2 > 0, f1**2 / (2.0 * np.maximum(f2, 1)), f1 * (f1 - 1) / 2)
    even, even_cells = (np.where(n > 0, x, np.nan) for x in (even, even_cells))
    return Diversity(
        cells=n,
        species=s,
        singletons=f1,
        doubletons=f2,
        shannon=shannon,
        equitability=even,
        equitability_cells=even_cells,
        gini_simpson=1 - squares,
        gini_simpson_unbiased=unbiased,
        inverse_simpson=1 / squares,
        exp_shannon=np.exp(shannon),
        miller_madow=shannon + (s - 1) / (2 * counted),
        chao_shen=shen,
        chao1=s + unseen,
        chao1_corrected=np.where(n > 0, s + f1 * (f1 - 1) / (2.0 * (f2 + 1)), np.nan),
        flags=flags.astype(np.int8),
    )


def hill_number(start: Ints, count: Ints, order: float) -> Floats:
    """Hill number qD = (sum p^q)^(1 / (1 - q)) of each sample: S at q = 0, exp H at 1, inverse Simpson at 2.

    NaN for a sample without cells; ValueError for a negative order. Reference: doi:10.2307/1934352.
    """
    if order < 0:
        raise ValueError("hill_number: the order must not be negative")
    sample, share, cells = _shares(start, count)
    if order == 1:
        value = np.exp(-np.bincount(sample, xlogy(share, share), len(cells)))
    else:
        powers = np.where(share > 0, np.power(np.maximum(share, 1e-300), order), 0.0)
        with np.errstate(divide="ignore"):
            value = np.bincount(sample, powers, len(cells)) ** (1 / (1 - order))
    return np.where(cells > 0, value, np.nan)


def rarefied_richness(start: Ints, count: Ints, cells: ArrayLike) -> Floats:
    """Expected number of distinct pairs among `cells` cells drawn without replacement (Hurlbert's rarefaction).

    E[S_m] = sum_i 1 - C(N - n_i, m) / C(N, m). `cells`: one number or one per sample. NaN where m > N or N = 0.
    Reference: doi:10.2307/1934145.
    """
    sample, _, total = _shares(start, count)
    drawn = np.broadcast_to(np.asarray(cells, float), total.shape)
    n, m, k = total[sample].astype(float), drawn[sample], count.astype(float)
    rest = n - k
    with np.errstate(invalid="ignore"):
        log_none = gammaln(rest + 1) - gammaln(rest - m + 1) - gammaln(n + 1) + gammaln(n - m + 1)
        seen = np.where(m > rest, 1.0, -np.expm1(np.where(m > rest, 0.0, log_none)))
    value = np.bincount(sample, np.where(k > 0, seen, 0.0), len(total))
    return np.where((total > 0) & (drawn <= total), value, np.nan)


@njit(cache=True, nogil=True)
def _rao(
    start: Ints, her2: Ints, cep17: Ints, count: Ints, log_ratio: bool, first: int, last: int, out: Floats
) -> None:
    for s in range(first, last):
        total = 0.0
        cells = 0.0
        for i in range(start[s], start[s + 1]):
            if log_ratio and (her2[i] == 0 or cep17[i] == 0):
                continue
            cells += count[i]
            for j in range(start[s], i):
                if log_ratio:
                    if her2[j] == 0 or cep17[j] == 0:
                        continue
                    far = abs(np.log2(her2[i] * cep17[j] / (cep17[i] * her2[j])))
                else:
                    far = np.sqrt(np.float64((her2[i] - her2[j]) ** 2 + (cep17[i] - cep17[j]) ** 2))
                total += far * count[i] * count[j]
        out[s, 0] = 2 * total / (cells * cells) if cells > 0 else np.nan
        out[s, 1] = 2 * total / (cells * (cells - 1)) if cells > 1 else np.nan


def rao_q(
    pairs: PairTable, distance: Literal["euclidean", "log_ratio"] = "log_ratio", unbiased: bool = False
) -> Floats:
    """Rao's quadratic entropy Q = sum_ij d_ij p_i p_j: the expected difference between two cells drawn at random.

    Distance: "euclidean" on (ERBB2, CEP17) signals, or "log_ratio", |log2(h_i/c_i) - log2(h_j/c_j)|, over the cells
    with signals of both probes. `unbiased` draws without replacement (times N / (N - 1)). NaN without cells.
    Reference: doi:10.1016/0040-5809(82)90004-1.
    """
    if distance not in {"euclidean", "log_ratio"}:
        raise ValueError("rao_q: distance must be 'euclidean' or 'log_ratio'")
    out = np.empty((len(pairs.start) - 1, 2))
    by_ratio = distance == "log_ratio"
    over_chunks(
        lambda i, j: _rao(pairs.start, pairs.her2, pairs.cep17, pairs.count, by_ratio, i, j, out), len(out), _CHUNK
    )
    return out[:, int(unbiased)].copy()


def two_state_entropy(amplified: ArrayLike, scored: ArrayLike) -> Floats:
    """Entropy in bits of being amplified, -f log2 f - (1 - f) log2(1 - f), f = amplified / scored; NaN if none scored.

    1 where half of the cells are amplified, 0 where all or none are; it does not grow with the number of cells.
    """
    a, n = np.asarray(amplified, float), np.asarray(scored, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        f = np.where(n > 0, a / n, np.nan)
    return (0.0 - xlogy(f, f) - xlogy(1 - f, 1 - f)) / np.log(2)  # 0, not -0, where all or none are


def _shares(start: Ints, count: Ints) -> tuple[Ints, Floats, Ints]:
    sample = np.repeat(np.arange(len(start) - 1), np.diff(start))
    cells = np.bincount(sample, count, len(start) - 1).astype(np.int64)
    return sample, count / np.maximum(cells[sample], 1), cells
