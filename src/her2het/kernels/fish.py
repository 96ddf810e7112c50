"""Signals per nucleus, counted once: sums, amplified cells and distinct (ERBB2, CEP17) pairs per sample and area."""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from her2het.kernels.compile_options import LEAF
from her2het.kernels.threads import over_chunks

NOT_COUNTED = -1
"""CEP17 of a nucleus where that probe was not counted."""
MAX_SIGNALS = 32_767
"""Most signals of one probe that a nucleus may have here."""
_SAMPLES_PER_CHUNK = 256
_TABLE_HER2, _TABLE_CEP17 = 64, 32  # pairs below these sit in a direct table, the others in a sorted list

Ints = NDArray[np.int64]


class CellRule(NamedTuple):
    """When a nucleus counts as amplified, in integers.

    By ratio where `ratio_den * ERBB2 - ratio_num * CEP17 >= ratio_margin` (margin 0 is >=, 1 is >; `ratio_den = 0`:
    no such rule); by copies where `ERBB2 >= min_copies` (0: no such rule) and `ERBB2 >= min_her2` in every case. A
    nucleus without CEP17 signals has no ratio: it is amplified from `min_copies_without_cep17` ERBB2 signals on and
    else leaves the fraction.
    """

    ratio_num: int
    ratio_den: int
    ratio_margin: int
    min_copies: int
    min_copies_without_cep17: int
    min_her2: int = 0


@dataclass(frozen=True)
class NucleusSums:
    """Exact sums over the nuclei of each unit (sample or area), int64 arrays of one length.

    `paired` sums run over the nuclei in which both probes were counted, and all products do.
    """

    nuclei: Ints
    paired: Ints
    her2: Ints
    her2_squared: Ints
    paired_her2: Ints
    paired_her2_squared: Ints
    cep17: Ints
    cep17_squared: Ints
    her2_cep17: Ints
    scored: Ints
    """Denominator of the amplified fraction: nuclei for which the rule has an answer."""
    amplified: Ints
    by_ratio: Ints
    """Amplified cells that satisfy the ratio rule (they may satisfy the copies rule too)."""
    by_copies: Ints
    """Amplified cells that satisfy the copies rule; ratio-driven cells are `amplified - by_copies`."""
    no_cep17: Ints
    """Nuclei in which CEP17 was counted and none was seen."""


@dataclass(frozen=True)
class PairTable:
    """Distinct (ERBB2, CEP17) pairs of each sample: rows `start[s]:start[s + 1]`, whatever the order of the nuclei."""

    start: Ints
    her2: Ints
    cep17: Ints
    count: Ints


@dataclass(frozen=True)
class FishCounts:
    """All that the scores of a sample need from its nuclei."""

    samples: NucleusSums
    areas: NucleusSums
    area_start: Ints
    """Areas of sample s are `area_start[s]:area_start[s + 1]`."""
    pairs: PairTable


@dataclass(frozen=True)
class AreaNumbers:
    """Areas numbered sample by sample: `of_nucleus` (one per nucleus), and sample and label of each area."""

    of_nucleus: NDArray[np.int32]
    sample: Ints
    label: Ints


@njit(cache=True, nogil=True)
def _is_sorted(index: NDArray[np.int32]) -> bool:
    ordered = True
    for i in range(1, len(index)):
        ordered &= index[i] >= index[i - 1]
    return ordered


@njit(cache=True, nogil=True)
def _bucket(index: NDArray[np.int32], her2: NDArray[np.int16], cep17: NDArray[np.int16], start: Ints) -> tuple:
    at = start[:-1].copy()
    h = np.empty_like(her2)
    c = np.empty_like(cep17)
    for i in range(len(index)):
        to = at[index[i]]
        at[index[i]] = to + 1
        h[to] = her2[i]
        c[to] = cep17[i]
    return h, c


@njit(**LEAF)
def _sink(keys: Ints, root: int, end: int) -> None:
    """Let the key at `root` sink until none below it, before `end`, is larger."""
    key = keys[root]
    while 2 * root + 1 < end:
        child = 2 * root + 1
        if child + 1 < end and keys[child + 1] > keys[child]:
            child += 1
        if keys[child] <= key:
            break
        keys[root] = keys[child]
        root = child
    keys[root] = key


@njit(**LEAF)
def _sort(keys: Ints, n: int) -> None:
    """Heap sort of the first n keys: numpy's sort would take longer to compile than the counting."""
    for root in range(n // 2 - 1, -1, -1):
        _sink(keys, root, n)
    top = n - n  # a literal 0 would have the callee compiled twice
    for end in range(n - 1, 0, -1):
        largest = keys[0]
        keys[0] = keys[end]
        keys[end] = largest
        _sink(keys, top, end)


@njit(cache=True, nogil=True)
def _count(
    her2: NDArray[np.int16],
    cep17: NDArray[np.int16],
    nucleus_start: Ints,
    area_start: Ints,
    first: int,
    last: int,
    rule: Ints,
    area_sums: NDArray[np.int64],
    sample_sums: NDArray[np.int64],
    pair_start: Ints,
) -> NDArray[np.int64]:
    """Fill the rows of samples first..last-1; return their pairs as rows (her2, cep17, count)."""
    num, den, margin, copies, bare_copies, min_her2 = rule[0], rule[1], rule[2], rule[3], rule[4], rule[5]
    begin = nucleus_start[area_start[first]]
    end = nucleus_start[area_start[last]]
    pairs = np.empty((max(end - begin, 1), 3), np.int64)
    table = np.zeros(_TABLE_HER2 * _TABLE_CEP17, np.int64)
    used = np.empty(_TABLE_HER2 * _TABLE_CEP17, np.int64)
    large = np.empty(64, np.int64)
    n_pairs = 0
    for s in range(first, last):
        n_used = 0
        n_large = 0
        for a in range(area_start[s], area_start[s + 1]):
            n_pair = sh = shh = ph = phh = sc = scc = shc = scored = amp = by_r = by_c = bare = 0
            for i in range(nucleus_start[a], nucleus_start[a + 1]):
                h = np.int64(her2[i])
                c = np.int64(cep17[i])
                sh += h
                shh += h * h
                many = copies > 0 and h >= copies and h >= min_her2
                if c >= 0:
                    n_pair += 1
                    ph += h
                    phh += h * h
                    sc += c
                    scc += c * c
                    shc += h * c
                    if h < _TABLE_HER2 and c < _TABLE_CEP17:
                        key = h * _TABLE_CEP17 + c
                        seen = table[key]
                        if seen == 0:
                            used[n_used] = key
                            n_used += 1
                        table[key] = seen + 1
                    else:
                        if n_large == len(large):
                            wider = np.empty(2 * n_large, np.int64)
                            for k in range(n_large):
                                wider[k] = large[k]
                            large = wider
                        large[n_large] = h * 65536 + c
                        n_large += 1
                high = False
                known = True
                if c > 0:
                    high = den > 0 and den * h - num * c >= margin and h >= min_her2
                elif den > 0:
                    if c == 0:
                        bare += 1
                    known = many or (h >= bare_copies and h >= min_her2)
                    many = known
                elif c == 0:
                    bare += 1
                if known:
                    scored += 1
                    by_r += high
                    by_c += many
                    amp += high or many
            row = area_sums[a]
            row[0] = nucleus_start[a + 1] - nucleus_start[a]
            row[1] = n_pair
            row[2] = sh
            row[3] = shh
            row[4] = ph
            row[5] = phh
            row[6] = sc
            row[7] = scc
            row[8] = shc
            row[9] = scored
            row[10] = amp
            row[11] = by_r
            row[12] = by_c
            row[13] = bare
            for k in range(14):
                sample_sums[s, k] += row[k]
        pair_start[s] = n_pairs
        _sort(used, n_used)
        for u in range(n_used):
            key = used[u]
            pairs[n_pairs, 0] = key // _TABLE_CEP17
            pairs[n_pairs, 1] = key % _TABLE_CEP17
            pairs[n_pairs, 2] = table[key]
            table[key] = 0
            n_pairs += 1
        if n_large > 0:
            _sort(large, n_large)
            for u in range(n_large):
                if u > 0 and large[u] == large[u - 1]:
                    pairs[n_pairs - 1, 2] += 1
                else:
                    pairs[n_pairs, 0] = large[u] // 65536
                    pairs[n_pairs, 1] = large[u] % 65536
                    pairs[n_pairs, 2] = 1
                    n_pairs += 1
    return pairs[:n_pairs].copy()


def number_areas(sample: Ints, area: Ints) -> AreaNumbers:
    """Number the areas that occur, sample by sample, from codes of sample and area per nucleus.

    `sample` and `area`: (nuclei,) codes >= 0 (an area code may recur in other samples). ValueError on a negative code
    or unequal lengths.
    """
    sample, area = np.asarray(sample), np.asarray(area)
    if sample.shape != area.shape or sample.ndim != 1:
        raise ValueError("number_areas: sample and area must be two vectors of one length")
    if sample.size == 0:
        return AreaNumbers(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int64))
    if int(sample.min()) < 0 or int(area.min()) < 0:
        raise ValueError("number_areas: codes must not be negative")
    width = int(area.max()) + 1
    key = sample.astype(np.int64) * width + area
    cells = (int(sample.max()) + 1) * width
    if cells <= 4 * key.size + 1_000_000:
        seen = np.zeros(cells, bool)
        seen[key] = True
        found = np.flatnonzero(seen)
        rank = np.zeros(cells, np.int32)
        rank[found] = np.arange(len(found), dtype=np.int32)
        of_nucleus = rank[key]
    else:
        found, inverse = np.unique(key, return_inverse=True)
        of_nucleus = inverse.astype(np.int32)
    return AreaNumbers(of_nucleus, found // width, found % width)


def count_nuclei(
    her2: NDArray[np.integer],
    cep17: NDArray[np.integer],
    area: NDArray[np.integer],
    area_sample: NDArray[np.integer],
    n_samples: int,
    *,
    rule: CellRule,
) -> FishCounts:
    """Count signals, amplified cells and distinct pairs per sample and area, exactly and in one pass.

    `her2`, `cep17`: (nuclei,) signals per nucleus, CEP17 -1 where that probe was not counted; `area`: (nuclei,) number
    of the nucleus's area, in any order; `area_sample`: (areas,) sample of each area, never decreasing; `rule`: integers
    that say when a nucleus is amplified. All sums are integers, so that order and threads cannot change them. A sample
    may have no nuclei (zeros). ValueError where shapes, kinds or bounds are broken (0 <= ERBB2 <= 32,767 and
    -1 <= CEP17 <= 32,767).
    """
    her2, cep17, area, area_sample = (np.asarray(x) for x in (her2, cep17, area, area_sample))
    if not (her2.ndim == 1 and her2.shape == cep17.shape == area.shape):
        raise ValueError("count_nuclei: her2, cep17 and area must be vectors of one length")
    if any(x.size and x.dtype.kind not in "iu" for x in (her2, cep17, area, area_sample)):
        raise ValueError("count_nuclei: signals and numbers of areas must be integers")
    n_areas = len(area_sample)
    if n_areas and (np.any(np.diff(area_sample) < 0) or int(area_sample[0]) < 0 or int(area_sample[-1]) >= n_samples):
        raise ValueError("count_nuclei: area_sample must be sorted, from 0 to n_samples - 1")
    if her2.size:
        if int(area.min()) < 0 or int(area.max()) >= n_areas:
            raise ValueError("count_nuclei: area must number the entries of area_sample")
        highest = max(int(her2.max()), int(cep17.max()))
        if int(her2.min()) < 0 or int(cep17.min()) < NOT_COUNTED or highest > MAX_SIGNALS:
            raise ValueError("count_nuclei: signals must lie in 0..32767 (CEP17: -1 where not counted)")
    h, c, index = (
        np.ascontiguousarray(her2, np.int16),
        np.ascontiguousarray(cep17, np.int16),
        np.ascontiguousarray(area, np.int32),
    )
    area_start = np.searchsorted(area_sample, np.arange(n_samples + 1)).astype(np.int64)
    if _is_sorted(index):
        nucleus_start = np.searchsorted(index, np.arange(n_areas + 1, dtype=np.int32)).astype(np.int64)
    else:
        nucleus_start = np.concatenate([[0], np.cumsum(np.bincount(index, minlength=n_areas))]).astype(np.int64)
        h, c = _bucket(index, h, c, nucleus_start)
    integers = np.array(rule, np.int64)
    area_sums = np.zeros((n_areas, 14), np.int64)
    sample_sums = np.zeros((n_samples, 14), np.int64)
    pair_start = np.zeros(n_samples + 1, np.int64)

    def work(first: int, last: int) -> NDArray[np.int64]:
        return _count(h, c, nucleus_start, area_start, first, last, integers, area_sums, sample_sums, pair_start)

    parts = over_chunks(work, n_samples, _SAMPLES_PER_CHUNK)
    offset = 0
    for k, part in enumerate(parts):
        pair_start[k * _SAMPLES_PER_CHUNK : (k + 1) * _SAMPLES_PER_CHUNK] += offset
        offset += len(part)
    pair_start[n_samples] = offset
    rows = np.concatenate(parts) if parts else np.zeros((0, 3), np.int64)
    pairs = PairTable(pair_start, *(np.ascontiguousarray(rows[:, k]) for k in range(3)))
    return FishCounts(_sums(sample_sums), _sums(area_sums), area_start, pairs)


def _sums(table: NDArray[np.int64]) -> NucleusSums:
    return NucleusSums(*(np.ascontiguousarray(table[:, k]) for k in range(len(fields(NucleusSums)))))
