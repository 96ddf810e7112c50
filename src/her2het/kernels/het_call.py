"""From amplified cells to a call of heterogeneity, by integers, whatever the published definition."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from her2het.kernels.fish import CellRule

Ints = NDArray[np.int64]
Codes = NDArray[np.int8]


class HetCode(IntEnum):
    """What a definition says of one sample."""

    UNDEFINED = 0
    HET = 1
    NON_HET_AMPLIFIED = 2
    NON_HET_NONAMPLIFIED = 3
    INSUFFICIENT = 4


class Limits(NamedTuple):
    """A fraction a/n is within where `low_den * a - low_num * n >= low_margin` and `high_den * a < high_num * n`.

    Margin 1 makes the low limit strict (more than 5 %), 0 inclusive (30 % or more).
    """

    low_num: int
    low_den: int
    low_margin: int
    high_num: int
    high_den: int


class AreaCalls(NamedTuple):
    """Calls by area, and where they were flagged."""

    code: Codes
    discordant_with_central_positive: NDArray[np.bool_]
    """Every area is HER2-negative although the definition presumes a HER2-positive tumour."""
    areas_left_out: Ints
    """Areas with too few scored cells to take part."""


def call_fraction(
    amplified: ArrayLike,
    scored: ArrayLike,
    n_min: int,
    limits: Limits,
    counted: ArrayLike | None = None,
) -> Codes:
    """Call each sample by its amplified fraction a/n, decided on integers.

    HET where the fraction is within `limits` (1/20 strict and 1/2: 20 a > n and 2 a < n), NON_HET_AMPLIFIED above
    them, NON_HET_NONAMPLIFIED below; INSUFFICIENT where fewer than `n_min` cells were scored; UNDEFINED where enough
    cells were `counted` and none could be scored (a ratio rule without CEP17). `amplified`, `scored`: integers.
    ValueError where a > n or a < 0. Reference: doi:10.1172/JCI176454.
    """
    a, n = np.asarray(amplified), np.asarray(scored)
    if a.dtype.kind not in "iu" or n.dtype.kind not in "iu":
        raise ValueError("call_fraction: numbers of cells must be integers")
    a, n = a.astype(np.int64), n.astype(np.int64)
    if np.any(a < 0) or np.any(a > n):
        raise ValueError("call_fraction: amplified cells must lie between 0 and the scored cells")
    code = np.full(np.broadcast(a, n).shape, int(HetCode.HET), np.int8)
    code[limits.low_den * a - limits.low_num * n < limits.low_margin] = HetCode.NON_HET_NONAMPLIFIED
    code[limits.high_den * a >= limits.high_num * n] = HetCode.NON_HET_AMPLIFIED
    code[n < n_min] = HetCode.INSUFFICIENT
    if counted is not None:
        code[(n == 0) & (np.asarray(counted) >= max(n_min, 1))] = HetCode.UNDEFINED
    return code


def negative_by_sums(
    her2: ArrayLike, cep17: ArrayLike, nuclei: ArrayLike, rule: CellRule, paired_her2: ArrayLike | None = None
) -> NDArray[np.bool_]:
    """Is a unit HER2-negative by FISH: ratio of sums below `rule`'s ratio and mean copies below its copies.

    On integers: `ratio_den * sum h - ratio_num * sum c < ratio_margin` and `sum h < min_copies * n` (2 and 6: h < 2 c
    and h < 6 n). The ratio is that of the nuclei in which CEP17 was counted: `paired_her2` holds their ERBB2 signals
    where these are not all. Without CEP17 signals there is no ratio and the copies decide; without nuclei the answer is
    False.
    """
    h, c, n = (np.asarray(x).astype(np.int64) for x in (her2, cep17, nuclei))
    of_ratio = h if paired_her2 is None else np.asarray(paired_her2).astype(np.int64)
    below = (rule.ratio_den * of_ratio - rule.ratio_num * c < rule.ratio_margin) | (c == 0)
    return below & (h < rule.min_copies * n)


def negative_by_fraction(amplified: ArrayLike, scored: ArrayLike, limits: Limits) -> NDArray[np.bool_]:
    """Is a unit HER2-negative by its amplified fraction: at or below the lower limit, on integers.

    With it a sample is HET by areas wherever the fraction of an area lies below the upper limit. Without scored cells
    the answer is False.
    """
    a, n = (np.asarray(x).astype(np.int64) for x in (amplified, scored))
    return (limits.low_den * a - limits.low_num * n < limits.low_margin) & (n > 0)


def call_areas(
    amplified: Ints,
    scored: Ints,
    negative: NDArray[np.bool_],
    area_start: Ints,
    *,
    n_min: int,
    n_min_area: int,
    limits: Limits,
) -> AreaCalls:
    """Call each sample HET where any of its areas is heterogeneous or HER2-negative (Metzger Filho et al.).

    `amplified`, `scored`, `negative`: (areas,) cells of each area and whether it is HER2-negative; `area_start`:
    (samples + 1,) offsets. Areas with fewer than `n_min_area` scored cells are left out and counted; INSUFFICIENT where
    the others hold fewer than `n_min` cells. All areas negative: NON_HET_NONAMPLIFIED, flagged. No such area:
    NON_HET_AMPLIFIED where some area is amplified at or above the upper limit, else NON_HET_NONAMPLIFIED. ValueError as
    in `call_fraction`. Reference: doi:10.1158/2159-8290.CD-20-1557.
    """
    samples = len(area_start) - 1
    owner = np.repeat(np.arange(samples), np.diff(area_start))
    by_area = call_fraction(amplified, scored, max(n_min_area, 1), limits)
    used = by_area != HetCode.INSUFFICIENT

    def per_sample(mask: NDArray[np.bool_]) -> Ints:
        return np.bincount(owner[mask], minlength=samples).astype(np.int64)

    areas, negatives = per_sample(used), per_sample(used & negative)
    mixed = per_sample(used & (by_area == HetCode.HET))
    high = per_sample(used & (by_area == HetCode.NON_HET_AMPLIFIED))
    cells = np.bincount(owner[used], np.asarray(scored)[used], samples).astype(np.int64)
    code = np.where(high > 0, int(HetCode.NON_HET_AMPLIFIED), int(HetCode.NON_HET_NONAMPLIFIED)).astype(np.int8)
    code[(mixed > 0) | (negatives > 0)] = HetCode.HET
    discordant = (areas > 0) & (negatives == areas)
    code[discordant] = HetCode.NON_HET_NONAMPLIFIED
    short = (areas == 0) | (cells < n_min)
    code[short] = HetCode.INSUFFICIENT
    return AreaCalls(code, discordant & ~short, per_sample(~used))


def call_populations(
    cells: Ints, increased: NDArray[np.bool_], start: Ints, *, n_min: int, n_min_population: int, limits: Limits
) -> Codes:
    """Call each sample by the share of its cells that lie in contiguous populations with increased ERBB2 (CAP 2013).

    `cells`, `increased`: (populations,) scored cells, and whether ERBB2 is increased by their sums (the opposite of
    `negative_by_sums`); `start`: (samples + 1,) offsets. The share is called as in `call_fraction`; INSUFFICIENT where
    fewer than `n_min` cells were scored or a population with increased ERBB2 rests on fewer than `n_min_population`;
    UNDEFINED where no population is told apart. Reference: doi:10.1200/JCO.2013.50.9984.
    """
    samples = len(start) - 1
    owner = np.repeat(np.arange(samples), np.diff(start))
    whole = np.bincount(owner, cells, samples).astype(np.int64)
    part = np.bincount(owner, cells * increased, samples).astype(np.int64)
    code = call_fraction(part, whole, n_min, limits)
    small = np.bincount(owner[increased & (cells > 0) & (cells < n_min_population)], minlength=samples) > 0
    code[small] = HetCode.INSUFFICIENT
    code[np.bincount(owner[cells > 0], minlength=samples) == 0] = HetCode.UNDEFINED
    return code
