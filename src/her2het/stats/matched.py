"""Numbers of genes that change under treatment in two parts of the patients, at equal numbers of patients."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.schema import Matrix, StudyError
from her2het.stats.differential import Differential, compare, fit_expression
from her2het.stats.estimate import Estimate

Mapper = Callable[[Callable[[Any], Any], list[Any]], list[Any]]
CHUNK = 10  # subsamples of one piece of work: part of the result, never of the number of workers
FEWEST = 3  # patients that a fit in pairs needs


@dataclass(frozen=True)
class Cut:
    """Which genes count as found: adjusted p below `padj`, and a fold change beyond `fold` in either direction."""

    padj: float
    fold: float

    def passed(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        """Of the rows of `Differential.table`."""
        effect = np.abs(table["log2FoldChange"].to_numpy(dtype=np.float64))
        return (table["padj"].to_numpy(dtype=np.float64) < self.padj) & (effect > math.log2(self.fold))


@dataclass(frozen=True, eq=False)
class Subsamples:
    """Some draws of `size` of the patients whose counts before and after (genes x patients) these are."""

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    size: int
    draws: int
    seed: np.random.SeedSequence
    cut: Cut


def paired_fit(before: Matrix, after: Matrix) -> Differential:
    """After against before with the patient as a factor; columns of both are the same patients in the same order.

    :raises StudyError: where the counts cannot be fitted
    """
    n = len(before.columns)
    names = tuple(f"{p}|{time}" for time in ("before", "after") for p in before.columns)
    counts = Matrix(np.concatenate([before.values, after.values], axis=1), before.rows, names, "counts")
    table = pd.DataFrame(
        {
            "patient": pd.Categorical([*before.columns, *before.columns]),
            "time": pd.Categorical(["before"] * n + ["after"] * n, ["before", "after"]),
        },
        index=pd.Index(names),
    )
    return compare(fit_expression(counts, table, "~ patient + time"), ("time", "after", "before"))


def numbers_at_size(
    before: Matrix, after: Matrix, size: int, *, draws: int, seed: int, cut: Cut, over: Mapper | None = None
) -> NDArray[np.float64]:
    """Estimate the distribution of the number of genes found in `size` patients drawn without replacement.

    `before`, `after`: raw counts, genes x the same patients. Each draw is fitted by `paired_fit`; one that cannot be
    fitted is not a number. Draws come in chunks of 10 with streams of their own: the answer does not depend on where
    `over` (such as `engine.map`) runs them. The draws overlap, the more so the nearer `size` is to the number of
    patients: their spread is that of choosing among these patients, not among all patients.
    :raises ValueError: where `size` is below 3 or not below the number of patients
    """
    if not FEWEST <= size < len(before.columns):
        raise ValueError(f"{size} patients of {len(before.columns)}: needed are {FEWEST} or more, and fewer than all")
    parts = [min(CHUNK, draws - done) for done in range(0, draws, CHUNK)]
    seeds = np.random.SeedSequence(seed).spawn(len(parts))
    tasks = [Subsamples(before.values, after.values, size, n, s, cut) for n, s in zip(parts, seeds, strict=True)]
    found = list(map(count_found, tasks)) if over is None else over(count_found, tasks)
    return np.concatenate(found) if found else np.empty(0)


def count_found(task: Subsamples) -> NDArray[np.float64]:
    """How many genes are found in each subsample of one piece of work."""
    rng = np.random.default_rng(task.seed)
    result = np.full(task.draws, np.nan)
    rows = tuple(map(str, range(len(task.before))))
    names = tuple(f"p{i}" for i in range(task.size))
    for k in range(task.draws):
        chosen = np.sort(rng.choice(task.before.shape[1], task.size, replace=False))
        pair = [Matrix(np.ascontiguousarray(v[:, chosen]), rows, names, "counts") for v in (task.before, task.after)]
        try:
            result[k] = int(task.cut.passed(paired_fit(*pair).table).sum())
        except StudyError:
            continue
    return result


def matched_difference(
    found: tuple[int, int], drawn: NDArray[np.float64], names: tuple[str, str], sizes: tuple[int, int]
) -> Estimate:
    """Estimate how many more genes are found in the first part of the patients than in the second, at equal numbers.

    `found`: genes found in all patients of each part; `sizes`: their patients; `drawn`: genes found in subsamples of
    the larger part, of the smaller one's size. The value is the difference to the median of the draws, its interval
    that to their middle 95 %. p is one-sided, of the first part finding fewer: the share of draws (plus one) in which
    it finds as many or more. The smaller part is taken as it is: the interval does not hold the choice of its patients.
    Parts of equal size need no draws: their difference has neither interval nor p.
    """
    small = 0 if sizes[0] <= sizes[1] else 1
    known = drawn[~np.isnan(drawn)]
    size = sizes[small]
    sign = 1 if small == 0 else -1
    gaps = sign * (found[small] - known)
    value = float(np.median(gaps)) if len(known) else math.nan
    equal = sizes[0] == sizes[1]
    if equal:
        value = float(found[0] - found[1])
    low, high = np.quantile(gaps, [0.025, 0.975]).tolist() if len(known) else (math.nan, math.nan)
    p = (int((gaps >= 0).sum()) + 1) / (len(known) + 1) if len(known) else math.nan
    lost = len(drawn) - len(known)
    remark = f"interval: middle 95 % of the subsamples; one-sided p, of {names[0]} finding as few or fewer"
    return Estimate(
        contrast=f"{names[0]} − {names[1]} at {size} patients each",
        effect="difference in genes found",
        unit="genes",
        value=value,
        low=low,
        high=high,
        n=(size, size),
        method=f"{len(known)} subsamples of the {sizes[1 - small]} {names[1 - small]} patients",
        p=p,
        q=p,
        family="one comparison",
        remark="as many patients in both parts, nothing was drawn"
        if equal
        else f"{remark}; {lost} more could not be fitted"
        if lost
        else remark,
        quantity="Genes that change",
        groups=names,
    )
