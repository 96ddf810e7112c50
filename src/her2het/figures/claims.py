"""The paper's claims against this cohort: one row per claim, one point per estimate, and the verdict."""

import math
from typing import Any

from her2het.figures.forest import Frame, Point, Row, forest, records
from her2het.figures.layout import Entry, draw_key, key_height
from her2het.figures.lettering import cut
from her2het.figures.marks import Picture, plain
from her2het.figures.panel import Drawing
from her2het.figures.style import LOOKS, MUTED, NO_GROUP, PAGE, RULE, Look, drawn
from her2het.figures.words import join, number, p_equals
from her2het.results.claims import PublishedClaims

UNTESTED = "not testable"
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
    """Every claim with its estimates on the common scale and what this cohort says of it."""
    counts = result.claims["verdict"].value_counts()
    tested = len(result.claims) - int(counts.get(UNTESTED, 0))
    told = join(f"{int(counts[v])} {v}" for v in VERDICTS if v in counts)
    drawing = Drawing(
        _drawn(result),
        title=f"Of {tested} published claims that can be tested here, {int(counts.get('supported', 0))} are "
        "supported and "
        f"{int(counts.get('in part', 0))} in part",
        caption=f"{told} of {len(result.claims)} claims of Li et al. 2024, in our words (whole in the table "
        "below). A point is an estimate on the common scale (rank-biserial "
        "correlation, correlation, difference of shares) with its 95 % interval; filled: as claimed. Band: "
        f"±{result.negligible:g}, within which an interval must lie for a claim of no difference. Supported: q < "
        ".05 in the "
        "direction claimed, in all parts. Not found says that this cohort does not show it, not that it is wrong.",
        alt=f"{len(result.claims)} published claims with their estimates and verdicts: {told}.",
        numbers=result.parts.drop(columns=["estimate"]),
        wide=True,
    )
    return (drawing,)


def _drawn(result: PublishedClaims) -> Picture:
    parts = {str(name): rows for name, rows in result.parts.groupby("claim", sort=False)}
    rows = []
    for claim in records(result.claims):
        mine = parts[str(claim.claim)]
        look = VERDICTS.get(str(claim.verdict), NO_GROUP)
        points = tuple(p for r in records(mine) if (p := _point(r, look)) is not None)
        share = f"{claim.supported} of {claim.parts}"
        texts = (str(claim.verdict), share)
        name = f"{plain(claim.panel)}  {plain(claim.text)}"
        rows.append(Row(name, points, texts, muted=claim.verdict == UNTESTED))
    present = [v for v in VERDICTS if (result.parts.loc[result.parts["value"].notna(), "verdict"] == v).any()]
    entries = [Entry(v, VERDICTS[v]) for v in present]
    frame = Frame(
        limits=(-1.05, 1.05),
        label="Effect, common scale",
        nothing=0.0,
        ticks=(-1.0, -0.5, 0.0, 0.5, 1.0),
        columns=("verdict", "parts"),
        widths=(16.0, 13.0),
        names=101.0,
        top=6.0 + key_height(entries, PAGE - 4),
        band=(-result.negligible, result.negligible),
        step=3.1,
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
