"""FISH measures by HET status, IHC score and copy number gain, before and after treatment; tumours whose HET shifts."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from her2het.figures import groups
from her2het.figures.layout import facets, headroom, size
from her2het.figures.lettering import cut
from her2het.figures.marks import Picture, marks_of, plain
from her2het.figures.paired import PHASE_KEY, paired_lines, phase_key
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import COLUMN, LOOKS, PAGE, Look, drawn
from her2het.figures.words import (
    capital,
    compared,
    effect,
    found,
    inline,
    join,
    methods,
    moves,
    number,
    p_equals,
    places,
    significance,
)
from her2het.results.change import FishByStatus, HeterogeneityChange
from her2het.stats.estimate import Estimate

PHASES = {"baseline": "before treatment", "followup": "after treatment"}
BOX, LINES = 38.0, 40.0  # mm, height of a facet
ROOMY = 40.0  # mm of axes above which a bracket says the effect, too
SHIFTS = (("to HET", LOOKS[2]), ("from HET", LOOKS[4]))
WORDS = {"HET": "HET status", "HER2 IHC": "HER2 IHC score", "gain": "copy number gain"}


@drawn
def fish_by_status(result: FishByStatus) -> tuple[Drawing, ...]:
    """Fraction and ratio by HET (S4A) and IHC (S4B), equitability by copy number gain (S4C)."""
    made = [_by_class(result, what) for what in ("HET", "HER2 IHC", "gain")]
    return tuple(d for d in made if d is not None)


def _by_class(result: FishByStatus, what: str) -> Drawing | None:
    values = result.values[result.values["what"] == what]
    if values.empty:
        return None
    order = result.orders[result.orders["what"] == what].sort_values("place")["group"].tolist()
    order = [name for name in order if (values["group"] == name).any()]
    seen = {"non-HET": LOOKS[1], "HET": LOOKS[2]} if what == "HET" else groups.levels(order)
    seen = groups.ordered(order) if what == "HER2 IHC" else seen
    seen = {name: seen[name] for name in order}
    cells = [
        (str(name), phase)
        for phase in PHASES
        for name in values.loc[values["phase"] == phase, "quantity"].drop_duplicates()
    ]
    told = result.ordered if what == "HER2 IHC" else result.comparisons
    told = tuple(e for e in told if f" by {what}, " in e.contrast)
    across = min(len(cells), 3 if what == "HET" else 2)
    wide = across > 2 or len(cells) > 2
    head = 10.5 if what != "HER2 IHC" else 8.5
    rows = -(-len(cells) // across)
    page = PAGE if wide else COLUMN
    picture, axes = facets(len(cells), across, BOX, [head + 1] * rows, 9.5, page=page, across=14, left=13)
    for ax, (name, phase) in zip(axes, cells, strict=True):
        here = values[(values["quantity"] == name) & (values["phase"] == phase)]
        boxes = result.boxes
        boxes = boxes[(boxes["what"] == what) & (boxes["phase"] == phase) & (boxes["quantity"] == name)]
        mine = [e for e in told if e.quantity == name and e.contrast.endswith(PHASES[phase])]
        span = headroom(values.loc[values["quantity"] == name, "value"].to_numpy(dtype=float))
        pairs = [] if what == "HER2 IHC" else groups.drawable(mine, order)
        groups.draw(picture, ax, here, boxes, seen, name, pairs, short=size(ax)[0] < ROOMY, span=span)
        _head(ax, capital(PHASES[phase]), head - 3)
        if what == "HER2 IHC":
            text = groups.stated(mine[0]) if mine else "too few to test"
            ax.text(0, 1 + 1.2 / size(ax)[1], text, transform=ax.transAxes, va="bottom")
    tests = methods(told)
    how = "Trend over the scores" if what == "HER2 IHC" else "Above the brackets: p"
    return Drawing(
        picture,
        title=_title(what, told),
        caption=f"{capital(join(dict.fromkeys(inline(n) for n, _ in cells)))} by {WORDS[what]} of the same phase; "
        f"nuclei of a patient's samples of the phase pooled. {groups.BOX} {how}, not adjusted.{tests}",
        alt=f"Box plots with points by {WORDS[what]}, before and after treatment.",
        numbers=values[["phase", "quantity", "patient", "group", "value"]].reset_index(drop=True),
        estimates=told,
        findings=tuple(Finding(_words(e), e) for e in told),
        key={"HER2 IHC": "IHC"}.get(what, what),
        wide=wide,
    )


def _when(e: Estimate) -> str:
    return e.contrast.rpartition(", ")[2]


def _words(e: Estimate) -> str:
    if e.effect != "probability of a rise":
        return compared(e, f"{inline(e.quantity)} {_when(e)}")
    if not found(e):
        return f"No trend of {inline(e.quantity)} over the HER2 IHC score found {_when(e)}"
    return f"{capital(inline(e.quantity))} {moves(e)} with the HER2 IHC score {_when(e)}"


def _title(what: str, told: Sequence[Estimate]) -> str:
    hits: dict[str, list[str]] = {}
    for e in told:
        if found(e):
            hits.setdefault(inline(e.quantity), []).append(_when(e).removesuffix(" treatment"))
    if not hits:
        return f"FISH measures: no difference found by {WORDS[what]}"
    parts = [f"{name} {' and '.join(when)} treatment" for name, when in hits.items()]
    return f"With {WORDS[what]} go {join(parts)}" if len(parts) > 1 else f"With {WORDS[what]} goes {parts[0]}"


def _head(ax: Axes, text: str, above: float) -> None:
    wide, tall = size(ax)
    label = cut(text, wide + 10, weight="bold")
    ax.text(0, 1 + above / tall, label, transform=ax.transAxes, fontweight="bold", va="bottom")


@drawn
def equitability_by_class(result: HeterogeneityChange) -> tuple[Drawing, ...]:
    """Equitability before and after treatment by copy number gain and hormone receptor (S4D-E)."""
    told = {e.groups[0]: e for e in result.by_class}
    if not told:
        return ()
    quantity = next(iter(told.values())).quantity
    values = result.pairs[result.pairs["quantity"] == quantity].assign(mark="")
    column = {name: "hr" if name.startswith("HR") else "gain" for name in told}
    picture, axes = facets(len(told), 4, LINES, [12.0] * (-(-len(told) // 4)), 9, across=8, left=13)
    span = headroom(values[["before", "after"]].to_numpy(dtype=float).ravel())
    seen = groups.levels(list(told))
    for at, (ax, (name, e)) in enumerate(zip(axes, told.items(), strict=True)):
        rows = values[(values[column[name]] == name).fillna(False).to_numpy(dtype=bool)]
        label = quantity if at % 4 == 0 else ""
        paired_lines(picture, ax, rows, label, seen[name], {}, capital(name), e, span)
    hits = [name for name, e in told.items() if found(e)]
    where = join(hits)
    drawing = Drawing(
        picture,
        title=f"{quantity} changes under treatment in tumours with {where}"
        if hits
        else f"{quantity}: no change found under treatment in any class of copy number gain or receptor",
        caption=f"{quantity} of the same patients before and after treatment, by ERBB2/CEP17 ratio at baseline and by "
        "hormone receptor; each line is a patient. "
        + " ".join(f"{capital(name)}: {effect(e)}, {p_equals(e.p)}." for name, e in told.items())
        + methods(told.values()),
        alt=f"Paired lines of {inline(quantity)} before and after treatment in {join(told)} tumours.",
        numbers=values[["patient", "gain", "hr", "before", "after"]].reset_index(drop=True),
        estimates=tuple(told.values()),
        findings=tuple(Finding(_class_words(e), e) for e in told.values()),
        wide=True,
    )
    return (drawing,)


def _class_words(e: Estimate) -> str:
    where = f"tumours with {e.groups[0]}"
    if math.isnan(significance(e)):
        return f"Change of {inline(e.quantity)} could not be tested in {where}"
    if not found(e):
        return f"No change of {inline(e.quantity)} found in {where}"
    return f"{capital(inline(e.quantity))} {moves(e)} under treatment in {where}"


@drawn
def shifted_tumours(result: HeterogeneityChange) -> tuple[Drawing, ...]:
    """FISH measures of the tumours whose HET status shifts (S4F)."""
    values = result.pairs[result.pairs["shift"] != "none"]
    if values.empty:
        return ()
    names = [str(n) for n in values["quantity"].drop_duplicates()]
    heads = [7.0] * (-(-len(names) // 4))
    picture, axes = facets(len(names), 4, LINES, [heads[0] + PHASE_KEY, *heads[1:]], 9, across=10, left=11)
    for ax, name in zip(axes, names, strict=True):
        _shifted(picture, ax, values[values["quantity"] == name])
        _head(ax, name, 2.0)
    phase_key(axes[0], 7.0)
    counts = values[values["quantity"] == names[0]]["shift"].value_counts()
    said = join(f"{int(counts.get(mark, 0))} turn {mark.replace('from HET', 'non-HET').replace('to HET', 'HET')}"
                for mark, _ in SHIFTS)  # fmt: skip
    moves = [_moves(values[values["quantity"] == name], name) for name in names]
    drawing = Drawing(
        picture,
        title=f"Tumours whose HET status shifts: {said}",
        caption="FISH measures of the tumours whose HET status differs after treatment, before (pale) and after "
        f"(strong); each line is a patient. Too few for a test. {' '.join(moves)}",
        alt=f"Paired lines of {join(inline(n) for n in names)} of tumours whose HET status shifts.",
        numbers=values[["quantity", "patient", "shift", "before", "after"]].reset_index(drop=True),
        wide=True,
    )
    return (drawing,)


def _moves(values: pd.DataFrame, name: str) -> str:
    """'Amplified fraction rises in 0 of 3 to HET and in 4 of 4 from HET.'"""
    parts: Mapping[str, pd.DataFrame] = {m: values[values["shift"] == m] for m, _ in SHIFTS}
    told = [f"in {int((p['after'] > p['before']).sum())} of {len(p)} {mark}" for mark, p in parts.items() if len(p)]
    return f"{name} rises {join(told)}."


def _shifted(picture: Picture, ax: Axes, values: pd.DataFrame) -> None:
    everything = values[["before", "after"]].to_numpy(dtype=float).ravel()
    shown = places(*headroom(everything)) + 1
    ticks: list[str] = []
    for at, (mark, look) in enumerate(SHIFTS):
        rows = values[values["shift"] == mark]
        _pair(picture, ax, rows, look, 2.2 * at, shown)
        ticks.append(f"{mark}\nn = {len(rows)}")
    ax.set(xlim=(-0.5, 3.7), ylim=headroom(everything))
    ax.set_xticks([0.5, 2.7], ticks)
    ax.tick_params(axis="x", length=0, pad=3)


def _pair(picture: Picture, ax: Axes, rows: pd.DataFrame, look: Look, left: float, shown: int) -> None:
    """Lines from before to after with points at their ends."""
    if rows.empty:
        return
    ends = rows[["before", "after"]].to_numpy(dtype=float)
    ax.add_collection(
        LineCollection([[(left, a), (left + 1, b)] for a, b in ends], colors=look.colour, linewidths=0.9, zorder=1)
    )
    tips = [
        f"{plain(p)}\nbefore {number(a, shown)}, after {number(b, shown)}"
        for p, (a, b) in zip(rows["patient"], ends, strict=True)
    ]
    for x, column, face in ((left, 0, look.pale), (left + 1, 1, look.strong)):
        points = ax.scatter(
            np.full(len(rows), x), ends[:, column], s=12, c=face, edgecolors=look.strong, lw=0.4, zorder=2
        )
        picture.mark(points, marks_of([[p] for p in rows["patient"]], tips))
