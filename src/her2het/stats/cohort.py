"""One row of a cohort table: does a variable differ between groups, and for whom is it missing?"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from her2het.stats.estimate import Estimate
from her2het.stats.patients import label_of, members, need_patients
from her2het.stats.rank_tests import rank_sum
from her2het.stats.several import kruskal_wallis
from her2het.stats.tables import association, cross_table
from her2het.stats.units import PerPatient

VariableKind = Literal["continuous", "classes"]


@dataclass(frozen=True)
class CohortRow:
    """The test that fits a variable, and per group: patients, missing values, and a summary.

    Summary of a continuous variable: median, lower and upper quartile per group; of classes: counts per group, in the
    order of `classes`.
    """

    estimate: Estimate
    n: tuple[int, ...]
    missing: tuple[int, ...]
    classes: tuple[str, ...]
    summary: tuple[tuple[float, ...], ...]


def cohort_row(
    values: PerPatient, groups: pd.Series, labels: tuple[str, ...], kind: VariableKind, *, seed: int = 0
) -> CohortRow:
    """Compare a variable between groups with the test that fits it, and count for whom it is missing.

    Continuous: rank-sum for two groups (the second is the control), Kruskal-Wallis for more. Classes (flags,
    categories, text): Fisher's test for a table of any size, from seeded draws where counting is too much. Missing
    counts the patients of a group without a value, also those that `values` does not list.

    :raises TypeError: where values are not per patient
    :raises ValueError: where a patient has two groups
    """
    known = need_patients(values).values.dropna()
    inside = members(label_of(groups, groups.index), labels)
    total = tuple(int(mask.sum()) for mask in inside)
    present = tuple(int(groups.index[mask].isin(known.index).sum()) for mask in inside)
    missing = tuple(a - b for a, b in zip(total, present, strict=True))
    if kind == "classes":
        table, classes = cross_table(values, groups, labels)
        estimate = association(values, groups, labels, seed=seed)
        return CohortRow(estimate, present, missing, classes, tuple(tuple(map(float, row)) for row in table.tolist()))
    if len(labels) == 2:
        estimate = rank_sum(values, groups, labels[0], labels[1])
    else:
        estimate = kruskal_wallis(values, groups, labels)
    numbers = known.astype("float64")
    quartiles = tuple(_quartiles(numbers[numbers.index.isin(groups.index[mask])]) for mask in inside)
    return CohortRow(estimate, present, missing, (), quartiles)


def _quartiles(values: pd.Series) -> tuple[float, ...]:
    if values.empty:
        return (float("nan"),) * 3
    middle, low, high = np.quantile(values.to_numpy(dtype=np.float64), [0.5, 0.25, 0.75]).tolist()
    return (middle, low, high)
