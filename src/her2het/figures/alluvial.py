"""Status of the same patients before and after treatment, as ribbons between stacks."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from her2het.figures.layout import KEY_LINE, Entry, Margins, blank, draw_key, key_rows, size
from her2het.figures.marks import Mark, Picture, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import CLOUD, COLUMN, HEIGHT, LOOKS, Look, drawn
from her2het.figures.words import capital, compared, effect, found, inline, join, p_equals
from her2het.results.change import StatusChange
from her2het.stats.estimate import Estimate

GAP = 0.05  # of the patients, between two statuses of a stack
SIDE = 2.0  # mm beside the picture
ROOM = 17.0  # mm for the labels outside the first and the last stack
BAR, LABEL = 0.95, 1.65  # mm: half width of a stack, and distance of its label
TO_HET, FROM_HET = LOOKS[2], LOOKS[4]


def alluvial(
    pairs: pd.DataFrame, order: Sequence[str], looks: Mapping[str, Look], highlight: Mapping[str, str], test: str = ""
) -> Picture:
    """Left before, right after; the height of a ribbon is its number of patients; highlighted patients in colour.

    `pairs` has patient, before, after, mark; `highlight` maps a mark to a colour, others are grey; `test` stands below.
    """
    return ribbons(pairs, (("before", "Baseline"), ("after", "After treatment")), order, looks, highlight, test=test)


def ribbons(
    values: pd.DataFrame,
    stages: Sequence[tuple[str, str]],
    order: Sequence[str],
    looks: Mapping[str, Look],
    highlight: Mapping[str, str],
    *,
    page: float = COLUMN,
    height: float = HEIGHT,
    room: float = ROOM,
    test: str = "",
) -> Picture:
    """Two or more stacks of statuses from left to right, and ribbons of the patients who go from one to the next.

    `values` has patient, mark and a column per stage; `stages` are columns and their headings; `highlight` maps a mark
    to a colour, others are grey. The first stack is pale, the last one strong. Below: what is coloured, and `test`.
    """
    entries = _coloured(values, highlight)
    rows = len(key_rows(entries, page - 2 * SIDE)) if entries else 0
    foot = KEY_LINE * (rows + bool(test))
    picture, (ax,) = blank(page, height + foot + 0.6, Margins(left=SIDE, right=SIDE, top=7, bottom=5.1 + foot))
    last = len(stages) - 1
    gap = (GAP if last == 1 else 1.6 * GAP) * len(values)
    step = (page - 2 * SIDE - 2 * room) / last  # mm from stack to stack
    tops = [_stack(values[column], order, gap) for column, _ in stages]
    span = max(len(values) + gap * (values[column].nunique() - 1) for column, _ in stages)
    per_mm = span / size(ax)[1]
    for x, (column, _) in enumerate(stages):
        counts = values[column].value_counts()
        for status in order:
            if status not in counts:
                continue
            n, top, look = int(counts[status]), tops[x][status], looks[status]
            face = look.pale if x == 0 else look.strong if x == last else look.colour
            ax.add_patch(Rectangle((x - BAR / step, top), 2 * BAR / step, n, color=face, lw=0, zorder=3))
            words = f"{status}\nn = {n}" if n > 0.1 * len(values) else f"{status}, n = {n}"
            place = x + (-LABEL if x == 0 else LABEL) / step
            thin = 0 < x < last and n < 3 * per_mm  # a label on so thin a ribbon would be struck through
            ax.text(
                place,
                top - 0.3 * per_mm if thin else top + n / 2,
                words,
                ha="right" if x == 0 else "left",
                va="bottom" if thin else "center",
                linespacing=1.25,
                zorder=4,
            )
    for x in range(last):
        (before, _), (after, _) = stages[x], stages[x + 1]
        left, right = dict(tops[x]), dict(tops[x + 1])
        for one in order:
            for other in order:
                here = values[(values[before] == one) & (values[after] == other)]
                for mark, part in _ordered(here, highlight):
                    patch = _ribbon(x, BAR / step, left[one], right[other], len(part))
                    lit = mark in highlight
                    patch.set(facecolor=highlight.get(mark, CLOUD), alpha=0.75 if lit else 0.4, lw=0, zorder=1 + lit)
                    ax.add_patch(patch)
                    said = f"{len(part)} patient{'s' * (len(part) > 1)}{f', {mark}' if mark else ''}"
                    tip = f"{one} → {other}\n{said}"
                    picture.mark(patch, [Mark(tuple(plain(p) for p in part["patient"]), tip)])
                    left[one] += len(part)
                    right[other] += len(part)
    for x, (_, title) in enumerate(stages):
        ax.text(x, -0.03 * span, title, ha="center", va="bottom", fontweight="bold")
    ax.set(xlim=(-room / step, last + room / step), ylim=(span, 0))
    ax.axis("off")
    if entries:
        draw_key(ax, entries, page - 2 * SIDE, above=-size(ax)[1] - 4.3 - KEY_LINE * (rows - 1))
    if test:
        picture.text(SIDE / page, 4.4 / (height + foot), test, va="bottom")
    return picture


def _coloured(values: pd.DataFrame, highlight: Mapping[str, str]) -> list[Entry]:
    """What the colours of ribbons stand for, with the number of patients."""
    counts = values["mark"].value_counts()
    return [
        Entry(f"{mark} (n = {int(counts[mark])})", Look("", colour, colour, colour, "s", 12))
        for mark, colour in highlight.items()
        if mark in counts
    ]


def _ordered(part: pd.DataFrame, highlight: Mapping[str, str]) -> list[tuple[str, pd.DataFrame]]:
    marks = [m for m in ("", *highlight) if (part["mark"] == m).any()]
    return [(m, part[part["mark"] == m]) for m in marks]


def _stack(statuses: pd.Series, order: Sequence[str], gap: float) -> dict[str, float]:
    """Where each status begins."""
    counts = statuses.value_counts()
    at, tops = 0.0, dict[str, float]()
    for status in order:
        tops[status] = at
        if status in counts:
            at += float(counts[status]) + gap
    return tops


def _ribbon(x: float, bar: float, y0: float, y1: float, height: float) -> PathPatch:
    """A band from the stack at x to the next, level at both ends."""
    a, b, m = x + bar, x + 1 - bar, x + 0.5
    points = [
        (a, y0),
        (m, y0),
        (m, y1),
        (b, y1),
        (b, y1 + height),
        (m, y1 + height),
        (m, y0 + height),
        (a, y0 + height),
    ]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return PathPatch(Path([*points, (a, y0)], codes))


@drawn
def status_change(result: StatusChange) -> tuple[Drawing, ...]:
    """HER2 IHC and HET before and after treatment (3A, 3C)."""
    drawings: list[Drawing] = []
    for what, key in (("HER2 IHC", "IHC"), ("HET", "HET")):
        pairs = result.pairs[result.pairs["what"] == what]
        if pairs.empty:
            continue
        order = result.orders[result.orders["what"] == what].sort_values("place")["status"].tolist()
        drawings.append(_drawing(result, pairs, order, what, key))
    return tuple(drawings)


def _drawing(result: StatusChange, pairs: pd.DataFrame, order: list[str], what: str, key: str) -> Drawing:
    estimates = tuple(e for e in result.estimates if e.quantity.startswith(what))
    table = pairs.assign(mark="")
    if what == "HET":
        table["mark"] = table["change"].map({"up": "turns HET", "down": "turns non-HET", "same": ""})
        highlight = {"turns HET": TO_HET.colour, "turns non-HET": FROM_HET.colour}
        looks = {"non-HET": LOOKS[1], "HET": LOOKS[2]}
        coloured = "coloured: status differs after treatment"
    else:
        table["mark"] = table["shifted"].map({True: "HET status shifts", False: ""})
        highlight = {"HET status shifts": TO_HET.colour}
        looks = dict.fromkeys(order, LOOKS[0])
        coloured = "coloured: HET status shifts"
    counts = pairs["change"].value_counts()
    moved = {name: int(counts.get(name, 0)) for name in ("down", "same", "up")}
    n = len(pairs)
    if what == "HET":
        het, other = int((pairs["before"] == "HET").sum()), int((pairs["before"] == "non-HET").sum())
        title = f"HET status: {moved['up']} of {other} turn HET, {moved['down']} of {het} turn non-HET"
    else:
        title = f"HER2 IHC score falls in {moved['down']} of {n} tumours, rises in {moved['up']}"
    caption = (
        f"{n} patients with {what} before and after treatment. Height of a ribbon: patients; {coloured}. "
        + " ".join(f"{capital(e.contrast)}: {effect(e)}, {p_equals(e.p)} ({e.method})." for e in estimates)
    )
    flows = join(f"{r.patients} {r.before} to {r.after}" for r in _flows(result, what))
    alt = f"Ribbons between statuses before and after: {flows}."
    findings = tuple(Finding(_words(e), e) for e in estimates if len(e.groups) > 1 or e.quantity in (what,))
    return Drawing(
        picture=alluvial(table, order, looks, highlight, _test(estimates, what)),
        title=title,
        caption=caption,
        alt=alt,
        numbers=pairs.drop(columns=["what"]).reset_index(drop=True),
        estimates=estimates,
        findings=findings,
        key=key,
    )


def _test(estimates: Sequence[Estimate], what: str) -> str:
    """'McNemar, exact: p = 1.00'."""
    return next((f"{e.method}: {p_equals(e.p)}" for e in estimates if e.quantity == what), "")


def _flows(result: StatusChange, what: str) -> list[pd.Series]:
    return [row for _, row in result.counts[result.counts["what"] == what].iterrows()]


def _words(e: Estimate) -> str:
    names = {
        "HET shift": "the share of tumours whose HET status shifts",
        "HER2 IHC fall": "the share of tumours whose IHC falls",
    }
    if e.quantity in names:
        return compared(e, names[e.quantity])
    if e.quantity == "HET":
        change = "changes" if found(e) else "is not found to change"
        return f"The share of HET tumours {change} under treatment"
    return (
        f"{capital(inline(e.quantity))} score changes under treatment"
        if found(e)
        else f"No one-sided change of {e.quantity} found"
    )
