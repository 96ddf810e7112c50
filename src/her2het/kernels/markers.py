"""Genes that set one group of profiles apart from all others, and how well a signature separates its columns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr


@dataclass(frozen=True)
class OneAgainstRest:
    """Per group (rows) and gene (columns): difference of means to all other profiles, and Welch's two-sided p."""

    difference: NDArray[np.float64]
    p: NDArray[np.float64]


def one_against_rest(values: NDArray[Any], codes: NDArray[np.int64], groups: int) -> OneAgainstRest:
    """Compare each group of profiles with all other profiles, gene by gene, by Welch's t-test.

    With means m, variances s^2 (n - 1) and sizes n of the group and the rest: t = (m1 - m2) / sqrt(s1^2/n1 + s2^2/n2),
    degrees of freedom after Satterthwaite. p is NaN where either side has one profile, and where neither varies: 1 for
    equal means, 0 for different ones.

    `values`: genes x profiles on a log scale; `codes`: the group of each profile, 0 to groups - 1. Raises ValueError
    for fewer than two groups or an empty one. Welch 1947, doi:10.1093/biomet/34.1-2.28.
    """
    x = np.asarray(values, dtype=np.float64)
    size = np.bincount(codes, minlength=groups)
    if groups < 2 or len(size) != groups or (size == 0).any() or x.shape[1] != len(codes):
        raise ValueError(f"{x.shape[1]} profiles in groups of {size.tolist()}")
    difference, p = np.empty((groups, len(x))), np.full((groups, len(x)), np.nan)
    for group in range(groups):
        mine, rest = x[:, codes == group], x[:, codes != group]
        difference[group] = mine.mean(axis=1) - rest.mean(axis=1)
        if min(mine.shape[1], rest.shape[1]) > 1:
            p[group] = _welch(difference[group], mine, rest)
    return OneAgainstRest(difference, p)


def _welch(
    difference: NDArray[np.float64], mine: NDArray[np.float64], rest: NDArray[np.float64]
) -> NDArray[np.float64]:
    a = mine.var(axis=1, ddof=1) / mine.shape[1]
    b = rest.var(axis=1, ddof=1) / rest.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = (a + b) ** 2 / (a**2 / (mine.shape[1] - 1) + b**2 / (rest.shape[1] - 1))
        p = 2 * stdtr(freedom, -np.abs(difference) / np.sqrt(a + b))
    flat = a + b == 0
    return np.where(flat, np.where(difference == 0, 1.0, 0.0), p)


def condition_number(signature: NDArray[Any]) -> float:
    """How much a signature magnifies errors: its largest singular value divided by its smallest (2-norm).

    `signature`: genes x cell types. Infinite where a type is a combination of others.
    """
    singular = np.linalg.svd(np.asarray(signature, dtype=np.float64), compute_uv=False)
    return float(singular[0] / singular[-1]) if singular[-1] > 0 else float("inf")
