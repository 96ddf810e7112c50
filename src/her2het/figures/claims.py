"""The paper's claims against this cohort: one row per claim, one point per estimate, and the verdict."""

import math
from typing import Any

import numpy as np
import pandas as pd

from her2het.figures.forest import Frame, Point, Row, forest, records
from her2het.figures.layout import Entry, draw_key, key_height
from her2het.figures.lettering import cut
from her2het.figures.marks import Picture, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import LOOKS, MUTED, NO_GROUP, PAGE, RULE, Look, drawn
from her2het.figures.words import join, number, p_equals
from her2het.results.claims import PublishedClaims

UNTESTED = "not testable"
TALLEST = 229.0  # mm of a picture
PARTS = (  # key, words, the first figure of the paper that it is about
    ("before", "before treatment", 0),
    ("treatment", "change under treatment and mutations", 3),
    ("immune", "the immune microenvironment", 5),
)
SUPPLEMENTS = {2: 1, 3: 1, 4: 3, 5: 4, 6: 4, 7: 5, 8: 7}  # a supplementary figure, and the figure that it belongs to
VERDICTS = {
    "supported": LOOKS[3],
    "in part": LOOKS[5],
    "not found": LOOKS[1],
    "opposite": LOOKS[2],
    "contested": LOOKS[4],
    UNTESTED: Look("muted", MUTED, RULE, MUTED, "o", 8),
}
SIGNS = {"higher": "▲", "lower": "▼", "no difference": "=", "a difference": "≠", "the published share": "≈"}


@drawn
def published_claims(result: PublishedClaims) -> tuple[Drawing, ...]:
    """Every claim with its estimates on the common scale and what this cohort says of it.

    A part of the paper of which nothing can be tested here has no picture; its claims are in the table.
    """
    counts = result.claims["verdict"].value_counts()
    tested = len(result.claims) - int(counts.get(UNTESTED, 0))
    told = _told(result.claims)
    title = (
        f"Of {tested} published claims that can be tested here, {int(counts.get('supported', 0))} are supported and "
        f"{int(counts.get('in part', 0))} in part"
    )
    figure = result.claims["panel"].map(_figure).astype(int)
    first = [start for _, _, start in PARTS]
    part = pd.Series(np.searchsorted(first, figure, side="right") - 1, index=figure.index)
    testable = result.claims["verdict"] != UNTESTED
    shown = [at for at in range(len(PARTS)) if (testable & (part == at)).any()]
    parts = [(*PARTS[at][:2], result.claims[part == at]) for at in shown]
    return tuple(
        Drawing(
            _drawn(result, claims),
            title=f"{title}: {words}",
            caption=f"{told} of {len(result.claims)} claims of Li et al. 2024, in our words; here "
            f"{len(claims)} of them, on {words}: {_told(claims)}. A point is an estimate on the common scale "
            "(rank-biserial correlation, correlation, difference of shares) with its 95 % interval; filled: as "
            f"claimed. Band: ±{result.negligible:g}, within which an interval must lie for a claim of no difference. "
            "Supported: q < 0.05 in the direction claimed, in all parts. Not found says that this cohort does not show "
            "it, not that it is wrong.",
            alt=f"{len(claims)} published claims with their estimates and verdicts: {_told(claims)}.",
            numbers=result.parts[result.parts["claim"].isin(claims["claim"])]
            .drop(columns=["estimate"])
            .reset_index(drop=True),
            key=key,
            wide=True,
        )
        for key, words, claims in parts
    )


def _figure(panel: object) -> int:
    """The figure that a panel belongs to: 3 of '3D', 'S3B' or '3D, S4F'; supplements go with the figure before them."""
    first = str(panel).partition(",")[0]
    number = int("".join(c for c in first if c.isdigit()) or 0)
    return SUPPLEMENTS.get(number, number) if first.startswith("S") else number


def _told(claims: pd.DataFrame) -> str:
    """'25 supported, 14 in part and 2 not found'."""
    counts = claims["verdict"].value_counts()
    return join(f"{int(counts[v])} {v}" for v in VERDICTS if v in counts)


def _drawn(result: PublishedClaims, claims: pd.DataFrame) -> Picture:
    parts = {str(name): rows for name, rows in result.parts.groupby("claim", sort=False)}
    rows = []
    for claim in records(claims):
        mine = parts[str(claim.claim)]
        look = VERDICTS.get(str(claim.verdict), NO_GROUP)
        points = tuple(p for r in records(mine) if (p := _point(r, look)) is not None)
        share = f"{claim.supported} of {claim.parts}"
        texts = (str(claim.verdict), share)
        name = f"{plain(claim.panel)}  {plain(claim.text)}"
        rows.append(Row(name, points, texts, muted=claim.verdict == UNTESTED))
    shown = result.parts[result.parts["claim"].isin(claims["claim"]) & result.parts["value"].notna()]
    present = [v for v in VERDICTS if (shown["verdict"] == v).any()]
    entries = [Entry(v, VERDICTS[v]) for v in present]
    top = 6.0 + key_height(entries, PAGE - 4)
    frame = Frame(
        limits=(-1.05, 1.05),
        label="Effect, common scale",
        nothing=0.0,
        ticks=(-1.0, -0.5, 0.0, 0.5, 1.0),
        columns=("verdict", "parts"),
        widths=(16.0, 13.0),
        names=100.0,
        top=top,
        band=(-result.negligible, result.negligible),
        step=min(6.8, (TALLEST - top - 11) / max(1, len(rows))),
        lines=2,
    )
    picture, ax = forest(rows, frame)
    draw_key(ax, entries, PAGE - 4, above=5.0, left=-frame.names)
    return picture


def _point(row: Any, look: Look) -> Point | None:
    """A part's estimate; hollow where it is not as claimed."""
    value, low, high, q = (float(getattr(row, n)) for n in ("standard", "standard_low", "standard_high", "q"))
    if math.isnan(value):
        return None
    verdict, part, expected = (str(getattr(row, n)) for n in ("verdict", "part", "expected"))
    tip = (
        f"{cut(part, 120)}\n{SIGNS.get(expected, '')} expected: {expected}; here: {verdict}\n"
        f"{number(value)} ({number(low)} to {number(high)}), {p_equals(q, 'q')}, n = {row.n}"
    )
    own = VERDICTS.get(verdict, look)
    ends = (low, high) if math.isfinite(low) and math.isfinite(high) else (value, value)
    return Point(value, *ends, own, tip, filled=verdict == "supported")
