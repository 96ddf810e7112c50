"""Fisher's exact test for tables of any size: by counting, or by seeded draws where counting is too much."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln
from scipy.stats import random_table

from her2het.kernels.conditional import SLACK, whole_counts

MOST_PARTS = 3_000_000  # partial tables held at once
MOST_STEPS = 600_000_000  # of the join, about a second
DRAWS_PER_CHUNK = 10_000


@dataclass(frozen=True)
class FisherP:
    """p, and the number of drawn tables (0 where p is exact)."""

    p: float
    draws: int


class TooMany(Exception):
    """The tables with these margins are too many to count."""


def fisher_p(table: ArrayLike, *, draws: int = 99_999, seed: int = 0, parts: int = MOST_PARTS) -> FisherP:
    """The probability, given the margins, of all tables at most as likely as this one (to 1e-7 of it).

    P(table) = prod(row!) prod(column!) / (N! prod(cell!)). Columns are dealt into two sides and one in the middle; for
    each way in which a side can share out the rows its partial tables are listed with their likelihoods (equal ones
    merged, sorted). For every filling of the middle column two such lists meet: running sums over the one tell for
    each part of the other how much stays at or below the observed likelihood. Where more than `parts` partial tables
    would have to be held, or the lists are too long, tables are drawn instead, from the same distribution:
    p = (1 + hits) / (1 + draws), chunks of fixed size with seeds of their own.

    `table`: r x c counts; empty rows and columns do not matter. p is not a number where fewer than two rows or columns
    have counts. Raises ValueError for counts that are negative or not whole, or another shape.
    Mehta & Patel 1983, doi:10.1080/01621459.1983.10477989, for the problem; the halves are ours.
    """
    counts = whole_counts(table)
    if counts.ndim != 2:
        raise ValueError(f"a table of {counts.ndim} dimensions, needed are rows and columns")
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return FisherP(math.nan, 0)
    if counts.shape[0] > counts.shape[1]:
        counts = counts.T  # the fewer classes make the rows, whose open sums are what two halves must agree on
    limit = -float(gammaln(counts + 1.0).sum()) + math.log1p(SLACK)
    try:
        return FisherP(min(1.0, _counted(counts, limit, parts)), 0)
    except TooMany:
        return FisherP(_drawn(counts, limit, draws, seed), draws)


def _counted(counts: NDArray[np.int64], limit: float, most: int) -> float:
    rows, columns = counts.sum(axis=1), np.sort(counts.sum(axis=0))[::-1]
    if float(np.prod(rows + 1.0)) > 2.0**62:
        raise TooMany
    code = np.cumprod(np.concatenate(([1], rows[:-1] + 1)))
    middle = _fills(int(columns[0]), rows, most)
    key_a, log_a = _parts(columns[2::2], rows, code, most)
    key_b, log_b = _parts(columns[1::2], rows, code, most)
    if len(middle) * (len(key_a) + len(key_b) / 10) > MOST_STEPS:
        raise TooMany
    states_a, from_a = np.unique(key_a, return_index=True)
    needed = int((rows * code).sum()) - key_b  # what the rest must have used
    order = np.lexsort((log_b[0], needed))
    needed, log_b = needed[order], log_b[:, order]
    states_b, from_b = np.unique(needed, return_index=True)
    top_a, top_b = float(log_a[1].max()), float(log_b[1].max())
    total = _joined(
        (states_a, np.append(from_a, len(key_a)), log_a[0], np.exp(log_a[1] - top_a)),
        (states_b, np.append(from_b, len(needed)), log_b[0], np.exp(log_b[1] - top_b)),
        (states_a[:, None] // code % (rows + 1), middle, rows, code),
        -gammaln(middle + 1.0).sum(axis=1),
        limit,
    )
    constant = float(gammaln(rows + 1.0).sum() + gammaln(columns + 1.0).sum() - gammaln(rows.sum() + 1.0))
    return math.exp(math.log(total) + constant + top_a + top_b)


@njit(cache=True, nogil=True)
def _joined(side_a, side_b, filling, weight, limit):
    """Sum over fillings of the middle and parts of side a of their mass times that of the parts of b within `limit`."""
    states_a, from_a, one_a, mass_a = side_a
    states_b, from_b, one_b, mass_b = side_b
    used, middle, rows, code = filling
    running = np.empty(len(mass_b))
    for s in range(len(states_b)):
        held = 0.0
        for j in range(from_b[s], from_b[s + 1]):
            held += mass_b[j]
            running[j] = held
    total = 0.0
    for f in range(len(middle)):
        factor = math.exp(weight[f])
        for s in range(len(states_a)):
            key = 0
            for r in range(len(rows)):
                share = used[s, r] + middle[f, r]
                if share > rows[r]:
                    key = -1
                    break
                key += share * code[r]
            if key < 0:
                continue
            at = np.searchsorted(states_b, key)
            if at == len(states_b) or states_b[at] != key:
                continue
            j = from_b[at + 1] - 1
            part = 0.0
            for i in range(from_a[s], from_a[s + 1]):
                room = limit - weight[f] - one_a[i]
                while j >= from_b[at] and one_b[j] > room:
                    j -= 1
                if j < from_b[at]:
                    break
                part += mass_a[i] * running[j]
            total += factor * part
    return total


def _parts(
    columns: NDArray[np.int64], rows: NDArray[np.int64], code: NDArray[np.int64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All fillings of some columns: a code of what they use of each row, and (log likelihood of one, of all alike)."""
    key, logs = np.zeros(1, dtype=np.int64), np.zeros((2, 1))
    for total in columns.tolist():
        fills = _fills(total, rows, most)
        if len(key) * len(fills) > most:
            raise TooMany
        weight = -gammaln(fills + 1.0).sum(axis=1)
        used = (key[:, None] // code % (rows + 1))[:, None, :] + fills[None, :, :]
        fits = (used <= rows).all(axis=2)
        key = (key[:, None] + (fills * code).sum(axis=1)[None, :])[fits]
        logs = (logs[:, :, None] + weight[None, None, :])[:, fits]
        key, logs = _merged(key, logs)
    return key, logs


def _merged(key: NDArray[np.int64], logs: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Parts with the same code and the same likelihood become one."""
    order = np.lexsort((logs[0], key))
    key, logs = key[order], logs[:, order]
    new = np.concatenate(([True], (np.diff(key) != 0) | (np.diff(logs[0]) > 1e-10)))
    at = np.flatnonzero(new)
    return key[at], np.stack((logs[0, at], np.logaddexp.reduceat(logs[1], at)))


def _fills(total: int, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """All ways to share `total` among the rows, each at most its sum: fills x rows."""
    parts, left = np.zeros((1, 0), dtype=np.int64), np.array([total])
    for i, largest in enumerate(rows.tolist()):
        rest = int(rows[i + 1 :].sum())
        low, high = np.maximum(0, left - rest), np.minimum(left, largest)
        number = np.maximum(high - low + 1, 0)
        if number.sum() > most:
            raise TooMany
        source = np.repeat(np.arange(len(left)), number)
        value = np.arange(len(source)) - np.repeat(np.cumsum(number) - number, number) + low[source]
        parts, left = np.column_stack((parts[source], value)), left[source] - value
    return parts


def _drawn(counts: NDArray[np.int64], limit: float, draws: int, seed: int) -> float:
    tables = random_table(counts.sum(axis=1), counts.sum(axis=0))
    hits, sizes = 0, [min(DRAWS_PER_CHUNK, draws - start) for start in range(0, draws, DRAWS_PER_CHUNK)]
    for size, stream in zip(sizes, np.random.SeedSequence(seed).spawn(len(sizes)), strict=True):
        drawn = tables.rvs(size=size, random_state=np.random.default_rng(stream))
        hits += int((-gammaln(drawn + 1.0).sum(axis=(1, 2)) <= limit).sum())
    return (1 + hits) / (1 + draws)
