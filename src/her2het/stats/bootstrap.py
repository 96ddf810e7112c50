"""Resampling by patient: intervals for any statistic of samples that does not have one of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.kernels.tails import normal_cdf, normal_quantile

Rows = NDArray[np.int64]
Statistic = Callable[[Rows], float]
Mapper = Callable[[Callable[["Chunk"], list[float]], Sequence["Chunk"]], list[list[float]]]
Kind = Literal["percentile", "bca"]
DRAWS_PER_CHUNK = 100  # part of the definition: a chunk has its own random stream


@dataclass(frozen=True)
class Bootstrapped:
    """A statistic, its interval over resampled patients, how many draws gave a number, and how many were made."""

    value: float
    low: float
    high: float
    level: float
    kept: int
    draws: int


@dataclass(frozen=True)
class Chunk:
    """Some of the draws: how many, and the seed of their stream."""

    draws: int
    seed: np.random.SeedSequence


def cluster_bootstrap(
    owner: pd.Series,
    statistic: Statistic,
    *,
    draws: int = 2_000,
    seed: int = 0,
    level: float = 0.95,
    kind: Kind = "percentile",
    strata: pd.Series | None = None,
    over: Mapper | None = None,
) -> Bootstrapped:
    """Estimate the interval of a statistic of samples, cells or regions by drawing patients, each with all its samples.

    `owner`: the patient of each row (unit) of the data; `statistic` gets the row numbers of a resample, a patient that
    is drawn twice with its rows twice, and gives a number (not a number: the draw is left out and counted). As many
    patients are drawn as there are; with `strata` (patient -> label) as many of each label, so that groups keep their
    sizes. Percentile: the (1 -+ level)/2 quantiles (type 7) of the draws; bca: corrected for bias and skewness, with
    the jackknife over patients. Draws come in chunks of 100 with streams of their own: the answer does not depend on
    where `over` (such as `engine.map`) runs them; then `statistic` must be a module-level function or a partial of one.

    :raises ValueError: for fewer than two patients, a row without one, or fewer than 100 draws
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, doi:10.1201/9780429246593.
    """
    if owner.isna().any():
        raise ValueError(f"row {owner.index[owner.isna().to_numpy()][0]!r} belongs to no patient")
    if draws < DRAWS_PER_CHUNK:
        raise ValueError(f"{draws} draws do not make an interval; needed are {DRAWS_PER_CHUNK} or more")
    names, code = np.unique(owner.to_numpy(dtype=object).astype(str), return_inverse=True)
    if len(names) < 2:
        raise ValueError("one patient cannot be resampled")
    rows = tuple(np.flatnonzero(code == i) for i in range(len(names)))
    pools = _pools(names, strata)
    sizes = [min(DRAWS_PER_CHUNK, draws - done) for done in range(0, draws, DRAWS_PER_CHUNK)]
    streams = np.random.SeedSequence(seed).spawn(len(sizes))
    chunks = [Chunk(size, stream) for size, stream in zip(sizes, streams, strict=True)]
    work = partial(_draw, rows, pools, statistic)
    lists = list(map(work, chunks)) if over is None else over(work, chunks)
    drawn = np.array([v for part in lists for v in part], dtype=np.float64)
    kept = drawn[np.isfinite(drawn)]
    value = float(statistic(np.arange(len(owner), dtype=np.int64)))
    if len(kept) < DRAWS_PER_CHUNK:
        return Bootstrapped(value, float("nan"), float("nan"), level, len(kept), draws)
    shares = np.array([(1 - level) / 2, (1 + level) / 2])
    if kind == "bca":
        shares = _corrected(shares, kept, value, rows, statistic)
    low, high = np.quantile(kept, shares).tolist()
    return Bootstrapped(value, low, high, level, len(kept), draws)


def _pools(names: NDArray[np.str_], strata: pd.Series | None) -> tuple[Rows, ...]:
    """Patients that may stand for each other."""
    if strata is None:
        return (np.arange(len(names), dtype=np.int64),)
    label = strata.set_axis(strata.index.astype(str)).reindex(names)
    if label.isna().any():
        raise ValueError(f"strata: patient {names[label.isna().to_numpy()][0]!r} has none")
    plain = label.astype(str).to_numpy()
    return tuple(np.flatnonzero(plain == one) for one in sorted(set(plain)))


def _draw(rows: tuple[Rows, ...], pools: tuple[Rows, ...], statistic: Statistic, chunk: Chunk) -> list[float]:
    rng = np.random.default_rng(chunk.seed)
    found: list[float] = []
    for _ in range(chunk.draws):
        picked = [pool[rng.integers(0, len(pool), len(pool))] for pool in pools]
        patients: list[int] = np.concatenate(picked).tolist()
        drawn: list[Rows] = [rows[i] for i in patients]
        found.append(float(statistic(np.concatenate(drawn))))
    return found


def _corrected(
    shares: NDArray[np.float64], kept: NDArray[np.float64], value: float, rows: tuple[Rows, ...], statistic: Statistic
) -> NDArray[np.float64]:
    """BCa: Phi(b + (b + z)/(1 - a (b + z))), b from the share of draws below the value, a from the jackknife."""
    below = float((kept < value).mean() + (kept == value).mean() / 2)
    below = min(max(below, 1e-6), 1 - 1e-6)
    bias = normal_quantile(below)
    left = np.array([statistic(np.concatenate(rows[:i] + rows[i + 1 :])) for i in range(len(rows))], dtype=np.float64)
    away = left.mean() - left
    spread = float((away**2).sum()) ** 1.5
    skew = float((away**3).sum()) / (6 * spread) if spread > 0 else 0.0
    moved = [bias + normal_quantile(float(s)) for s in shares]
    return np.array([normal_cdf(bias + z / (1 - skew * z)) for z in moved])
