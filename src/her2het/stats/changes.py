"""The same patients classified twice: how many change, in which direction, and whether that is more than chance.

`..._of_counts` and the table functions take counts of patients, rows the first classification, columns the second.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from her2het.kernels.proportions import clopper_pearson, newcombe_paired
from her2het.kernels.symmetry import (
    ChiSquare,
    bhapkar,
    bowker,
    mcnemar_chi_square,
    mcnemar_exact,
    square,
    stuart_maxwell,
)
from her2het.stats.estimate import Estimate
from her2het.stats.patients import need_patients
from her2het.stats.units import PerPatient

Mcnemar = Literal["exact", "mid-p", "chi-square"]
Symmetry = Literal["bowker", "stuart-maxwell", "bhapkar"]


@dataclass(frozen=True)
class Directions:
    """Patients unchanged, moved to a later class (up) and to an earlier one (down)."""

    same: int
    up: int
    down: int


def mcnemar(
    after: PerPatient, before: PerPatient, *, method: Mcnemar = "exact", level: float = 0.95, contrast: str = ""
) -> Estimate:
    """Estimate by how many percentage points a share changes in the same patients, with McNemar's test.

    `after`, `before`: 0 or 1 per patient; those with both count. Newcombe's interval for pairs. p: exact binomial,
    mid-p (less conservative), or chi-square with continuity correction as R's mcnemar.test. Standardised: the
    difference itself.

    :raises TypeError: where values are not per patient
    :raises ValueError: where a value is neither 0 nor 1
    """
    table, _ = shift_table(before, after, (0.0, 1.0))
    name = contrast or f"{after.quantity} − {before.quantity}"
    return mcnemar_of_counts(table, method=method, level=level, contrast=name)


def mcnemar_of_counts(
    table: ArrayLike, *, method: Mcnemar = "exact", level: float = 0.95, contrast: str = ""
) -> Estimate:
    """`mcnemar` from [[no/no, no/yes], [yes/no, yes/yes]], before in rows: the change is that of 'yes'."""
    counts = square(table)
    if counts.shape != (2, 2):
        raise ValueError(f"a table of shape {counts.shape}, needed is 2 x 2")
    (neither, gained), (lost, both) = counts.tolist()
    n = neither + gained + lost + both
    exact, mid = mcnemar_exact(gained, lost)
    p = {"exact": exact, "mid-p": mid, "chi-square": mcnemar_chi_square(gained, lost).p}[method]
    low, high = newcombe_paired(both, gained, lost, neither, level)
    value = (gained - lost) / n if n else math.nan
    return Estimate(
        contrast=contrast,
        effect="change of share",
        unit="points",
        value=100 * value,
        low=100 * low,
        high=100 * high,
        n=(n,),
        method=f"McNemar, {method}",
        p=p if n else math.nan,
        level=level,
        standard=value,
        standard_low=low,
        standard_high=high,
        remark="" if n else "no patients",
    )


def discordance(table: ArrayLike, *, test: Symmetry = "bowker", level: float = 0.95, contrast: str = "") -> Estimate:
    """Estimate the share of patients whose class changes, in per cent (Clopper-Pearson), with a test of the changes.

    `table`: k x k counts. Bowker asks whether each pair of classes exchanges patients evenly (df: pairs with counts);
    Stuart-Maxwell and Bhapkar ask whether the classes are as frequent after as before; Bhapkar's rejects too often in
    cohorts of 50 pairs.
    """
    counts = square(table)
    n, moved = int(counts.sum()), int(counts.sum() - np.trace(counts))
    found = symmetry(counts, test)
    low, high = clopper_pearson(moved, n, level)
    names = {"bowker": "Bowker", "stuart-maxwell": "Stuart-Maxwell", "bhapkar": "Bhapkar"}
    return Estimate(
        contrast=contrast,
        effect="share that changes",
        unit="%",
        value=100 * moved / n if n else math.nan,
        low=100 * low,
        high=100 * high,
        n=(n,),
        method=f"{names[test]}, {found.df} df",
        p=found.p,
        level=level,
        remark="" if found.df else "no patient changes",
    )


def symmetry(table: ArrayLike, test: Symmetry = "bowker") -> ChiSquare:
    """Statistic, degrees of freedom and p of one of the three tests on a square table."""
    return {"bowker": bowker, "stuart-maxwell": stuart_maxwell, "bhapkar": bhapkar}[test](table)


def directions(table: ArrayLike) -> Directions:
    """How many stay, move up (to a later class) and move down."""
    counts = square(table)
    return Directions(int(np.trace(counts)), int(np.triu(counts, 1).sum()), int(np.tril(counts, -1).sum()))


def shift_table(
    before: PerPatient, after: PerPatient, classes: tuple[object, ...]
) -> tuple[NDArray[np.int64], pd.Index]:
    """Counts of the patients that have both, before in rows, after in columns; and who they are.

    :raises TypeError: where values are not per patient
    :raises ValueError: where a class is not among `classes`
    """
    one, other = need_patients(before).values.dropna(), need_patients(after).values.dropna()
    shared = one.index[one.index.isin(other.index)]
    place = {name: i for i, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    for first, second in zip(one.reindex(shared).astype(object), other.reindex(shared).astype(object), strict=True):
        for name in (first, second):
            if name not in place:
                raise ValueError(f"{before.quantity}: class {name!r} is not one of {', '.join(map(str, classes))}")
        counts[place[first], place[second]] += 1
    return counts, shared
