"""Adjusted p values over a declared family of tests."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from her2het.stats.estimate import Estimate

Adjustment = Literal["bh", "holm"]


def adjusted(p: NDArray[np.float64], method: Adjustment = "bh") -> NDArray[np.float64]:
    """p adjusted for all tests that have one; not a number stays so and does not count.

    With p_(1) <= ... <= p_(m): Benjamini-Hochberg q_(i) = min over j >= i of p_(j) m/j, at most 1 (controls the
    expected share of false findings, for independent or positively dependent tests); Holm q_(i) = max over j <= i of
    (m - j + 1) p_(j), at most 1 (controls the chance of any false finding, always).

    :raises ValueError: where a p lies outside 0..1
    Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x; Holm 1979, https://www.jstor.org/stable/4615733.
    """
    given = np.asarray(p, dtype=np.float64)
    known = ~np.isnan(given)
    values = given[known]
    if ((values < 0) | (values > 1)).any():
        raise ValueError("a p value lies outside 0 to 1")
    order = np.argsort(values, kind="stable")
    m, rank = len(values), np.arange(1, len(values) + 1)
    if method == "bh":
        steps = np.minimum.accumulate((values[order] * m / rank)[::-1])[::-1]
    else:
        steps = np.maximum.accumulate(values[order] * (m - rank + 1))
    q = np.full(given.shape, np.nan)
    inside = np.empty(m)
    inside[order] = np.minimum(steps, 1.0)
    q[known] = inside
    return q


def with_q(estimates: Iterable[Estimate], *, family: str, method: Adjustment = "bh") -> tuple[Estimate, ...]:
    """The same estimates with q over all of them and the name of their family.

    A family is what one claim is picked from: declare it before looking. An estimate without p keeps q without a number
    and does not count. A family of one has q = p.

    :raises ValueError: where `family` has no name
    """
    if not family.strip():
        raise ValueError("a family of tests needs a name")
    listed = tuple(estimates)
    q = adjusted(np.array([e.p for e in listed], dtype=np.float64), method)
    name = f"{family} (Holm)" if method == "holm" else family
    return tuple(replace(e, q=float(value), family=name) for e, value in zip(listed, q, strict=True))
