"""What a figure function returns, and how it is listed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from her2het.stats.estimate import Estimate

if TYPE_CHECKING:  # the list of panels is read without loading matplotlib
    from her2het.figures.marks import Picture


@dataclass(frozen=True)
class Finding:
    """A line of the key-findings table: words that the estimate supports, and which estimate that is."""

    words: str
    estimate: Estimate


@dataclass(frozen=True, eq=False)
class Drawing:
    """One panel as drawn: the picture, its words, its evidence and the numbers behind it.

    `title` states the finding only as far as the estimate supports it; `caption` says what is shown, n, test;
    `key` tells apart the drawings of one function ('' for a single one); `narrow` is the same for a phone's screen,
    where the wide picture would be too small to read.
    """

    picture: "Picture"
    title: str
    caption: str
    alt: str
    numbers: pd.DataFrame
    estimates: tuple[Estimate, ...] = ()
    findings: tuple[Finding, ...] = ()
    note: str = ""
    key: str = ""
    wide: bool = False
    narrow: "Picture | None" = None


@dataclass(frozen=True)
class Panel:
    """A figure function under its name and the number of the paper's panel that it answers to."""

    id: str
    number: str
    result: type
    draw: Callable[[Any], tuple[Drawing, ...]]
